import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Service, startService } from '../e2e/service.ts';
import { startBackends, type TestBackends } from '../emulators/backends.ts';
import { type FaultyHttp, type FaultyTcp, startFaultyHttp, startFaultyTcp } from '../emulators/faulty.ts';
import { type FixtureModule, startUpstream, syntheticModule, type Upstream } from '../upstream/index.ts';
import { fileUrl, get, metric, until } from './client.ts';

const hasGo = spawnSync('go', ['version']).status === 0;

const versionsOf = (name: string, count: number): FixtureModule[] =>
  Array.from({ length: count }, (_, i) => syntheticModule(`example.com/${name}/m${i}`, 'v1.0.0', 50_000));
const published = versionsOf('published', 20);
const fresh = versionsOf('fresh', 30);

describe.skipIf(!hasGo)('Cloud Storage and Pub/Sub fail (needs Go)', () => {
  let folder: string;
  let backends: TestBackends;
  let upstream: Upstream;
  let storage: FaultyHttp;
  let messaging: FaultyTcp;
  let service: Service;
  let proxy: Service;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gocenter-outage-'));
    backends = await startBackends('emulators');
    upstream = await startUpstream({ modules: [...published, ...fresh] });
    storage = await startFaultyHttp(backends.storage?.url ?? '');
    messaging = await startFaultyTcp(backends.messaging?.address ?? '');
    const settings = {
      STORAGE: `gs://gocenter?endpoint=${storage.url}`,
      MESSAGING: `pubsub:${backends.messaging?.project}?endpoint=${messaging.address}`,
      LEASE: '10s',
      DATA_DIR: folder,
      UPSTREAM: upstream.url,
      SUMDB: 'off',
      RATE_LIMIT: '0',
      FETCH_TIMEOUT: '3s',
    };
    service = await startService(settings);
    // Without memory, so that each download is the store's.
    proxy = await startService({ ...settings, HOT_CACHE_BYTES: '0' }, 'proxy');
    for (const version of published) expect((await get(zipOf(version))).status).toBe(200);
  });
  beforeEach(() => {
    storage.fault = () => undefined;
    messaging.refuse(false);
  });
  afterAll(async () => {
    await service?.stop('SIGKILL');
    await proxy?.stop('SIGKILL');
    for (const server of [upstream, storage, messaging, backends]) await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const zipOf = ({ path, version }: FixtureModule, from: Service = service) => fileUrl(from.url, path, version, 'zip');
  const take = (count: number) => fresh.splice(0, count);
  const readiness = async (from: Service) => {
    const { status, text } = await get(`${from.admin}/readyz`);
    const { published = '', messaging = '' } = JSON.parse(text) as Record<string, string>;
    return { status, published, messaging };
  };
  const isReady = async () => (await readiness(service)).status === 200 && (await readiness(proxy)).status === 200;
  const deadLetters = async () =>
    (await metric(service.admin, 'gocenter_dead_letters', '{subscription="processor"}')) +
    (await metric(service.admin, 'gocenter_dead_letters', '{subscription="validator"}'));

  test('with every fourth request to storage failing, or its answer cut short, every download is whole', async () => {
    let n = 0;
    storage.fault = ({ method }) => {
      n++;
      if (n % 8 === 0) return { status: 503 };
      return n % 8 === 4 && method === 'GET' ? { bytes: 1000 } : undefined;
    };
    for (let round = 0; round < 3; round++) {
      for (const version of published) {
        const { status, bytes } = await get(zipOf(version, proxy));
        expect([status, bytes.length > 50_000]).toEqual([200, true]);
      }
    }
    for (const version of take(5)) {
      await until('it is published', async () => (await get(zipOf(version))).status === 200);
    }
  });

  test('with storage away, what is in memory is served; readiness names it; then all goes on by itself', async () => {
    const [version, cold] = [published[0], ...take(1)] as [FixtureModule, FixtureModule];
    storage.fault = () => ({ status: 503 });
    expect((await get(zipOf(version))).status).toBe(200);
    expect([503, 504]).toContain((await get(zipOf(version, proxy))).status);
    expect([503, 504]).toContain((await get(zipOf(cold))).status);
    expect((await readiness(service)).status).toBe(503);
    expect((await readiness(service)).published).not.toBe('ok');
    storage.fault = () => undefined;
    await until('all is ready', isReady);
    expect((await get(zipOf(version, proxy))).status).toBe(200);
    await until('it is published', async () => (await get(zipOf(cold))).status === 200);
  });

  test('with Pub/Sub’s streams reset all the time, new versions are published all the same', async () => {
    const resetting = setInterval(() => messaging.reset(), 300);
    try {
      for (const version of take(10)) {
        await until('it is published', async () => (await get(zipOf(version, proxy))).status === 200, 60_000);
      }
    } finally {
      clearInterval(resetting);
    }
    expect(await deadLetters()).toBe(0);
  });

  test('with Pub/Sub away, downloads go on; who reads it is not ready, and says so; then all goes on by itself', async () => {
    const [cold] = take(1) as [FixtureModule];
    messaging.refuse(true);
    for (const version of published) expect((await get(zipOf(version, proxy))).status).toBe(200);
    expect([503, 504]).toContain((await get(zipOf(cold, proxy))).status);
    expect((await readiness(service)).status).toBe(503);
    expect((await readiness(service)).messaging).not.toBe('ok');
    // Who only asks for versions can serve the others: it tells, and stays.
    expect((await readiness(proxy)).status).toBe(200);
    await until('the proxy tells', async () => (await readiness(proxy)).messaging !== 'ok');
    messaging.refuse(false);
    await until('all is ready', isReady);
    await until('it is published', async () => (await get(zipOf(cold, proxy))).status === 200, 60_000);
    expect((await readiness(proxy)).messaging).toBe('ok');
    expect(await deadLetters()).toBe(0);
  });
});
