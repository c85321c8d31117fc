import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Google, startGoogle } from '../analytics/google.ts';
import { refusal } from '../analytics/recorder.ts';
import { type Service, startService } from '../e2e/service.ts';
import { startUpstream, syntheticModule, type Upstream } from '../upstream/index.ts';
import { fileUrl, get, metric, until } from './client.ts';

const modules = Array.from({ length: 10 }, (_, i) => syntheticModule(`example.com/m${i}`, 'v1.0.0', 5000));
/** Modules in turn, so many; those who share it take one each. */
function* each(count: number) {
  for (let left = count; left > 0; ) {
    for (const module of modules.slice(0, left)) yield module;
    left -= modules.length;
  }
}
const requests = 4000;
const concurrency = 16;

describe('Cloud Logging fails under load', () => {
  let folder: string;
  let google: Google;
  let upstream: Upstream;
  let service: Service;
  let served = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gocenter-log-'));
    google = await startGoogle();
    upstream = await startUpstream({ modules });
    service = await startService({
      DATA_DIR: folder,
      UPSTREAM: upstream.url,
      SUMDB: 'off',
      RATE_LIMIT: '0',
      ANALYTICS: `bigquery:acme/gocenter?endpoint=${google.recorder.url}`,
    });
    for (const module of modules) expect((await download(module)).status).toBe(200);
  });
  afterAll(async () => {
    await service?.stop('SIGKILL');
    await upstream?.close();
    await google?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const download = async ({ path, version }: (typeof modules)[number]) => {
    served += 1;
    return get(fileUrl(service.url, path, version, 'zip'));
  };
  /** Downloads as many as that, so many at once. Every one has to succeed. Says how long the longest and all took. */
  const load = async () => {
    const left = each(requests);
    let longest = 0;
    const from = performance.now();
    const client = async () => {
      for (const module of left) {
        const begun = performance.now();
        expect((await download(module)).status).toBe(200);
        longest = Math.max(longest, performance.now() - begun);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, client));
    return { longest, all: performance.now() - from };
  };
  const readiness = async () => {
    const { status, text } = await get(`${service.admin}/readyz`);
    return { status, downloads: (JSON.parse(text) as Record<string, string>).downloads };
  };
  const dropped = () => metric(service.admin, 'gocenter_download_lines_dropped');
  const counted = (lines: number) =>
    until(
      `${lines} lines are taken or counted as dropped`,
      async () => google.taken() + (await dropped()) === lines,
      60_000,
    );

  test('downloads go on at full; readiness tells, what is lost is counted, and all goes on by itself', async () => {
    const usual = await load();
    await counted(served);
    expect(await dropped()).toBe(0);
    expect(await readiness()).toEqual({ status: 200, downloads: 'ok' });

    google.recorder.answer = () => 'hang';
    const hanging = await load();
    expect(hanging.all).toBeLessThan(usual.all * 3);
    expect(hanging.longest).toBeLessThan(2000);
    await until('readiness tells', async () => (await readiness()).downloads !== 'ok', 60_000);
    expect((await readiness()).downloads).toMatch(/Cloud Logging has taken nothing for \d+ s/);

    // Who is refused for good need not be asked again.
    google.recorder.answer = () => refusal(403, 'forbidden');
    const refused = await load();
    expect(refused.all).toBeLessThan(usual.all * 3);
    await until('it is counted', async () => (await dropped()) > 0, 60_000);
    expect(await readiness()).toMatchObject({ status: 200, downloads: expect.stringContaining('logging.logWriter') });

    google.recorder.answer = google.usual;
    await load();
    await until('all is well', async () => (await readiness()).downloads === 'ok', 60_000);
    // Nothing is lost without being counted, and nothing is counted twice.
    await counted(served);
    expect(await service.stop()).toMatchObject({ code: 0 });
  });
});
