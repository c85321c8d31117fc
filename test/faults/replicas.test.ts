import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, type Settings, startService } from '../e2e/service.ts';
import { startBackends, type TestBackends } from '../emulators/backends.ts';
import { type FixtureModule, startUpstream, syntheticModule, type Upstream } from '../upstream/index.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { fileUrl, get, metric, until } from './client.ts';
import { listedIn, nameOf } from './stores.ts';

const hasGo = spawnSync('go', ['version']).status === 0;

const replicas = { processor: 3, validator: 2, proxy: 3 } as const;
type Name = keyof typeof replicas;
const names = Object.keys(replicas) as Name[];

const versionsOf = (name: string, count: number): FixtureModule[] =>
  Array.from({ length: count }, (_, i) => syntheticModule(`example.com/${name}/m${i}`, 'v1.0.0', 50_000));
const first = versionsOf('first', 40);
const later = versionsOf('later', 400);

/** The status of one request on a connection of its own, its body read; throws when there is no whole answer. */
function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent: false }, response => {
        response
          .resume()
          .on('error', reject)
          .on('end', () => resolve(response.statusCode));
      })
      .on('error', reject);
  });
}

describe.skipIf(!hasGo)('processor ×3, validator ×2, proxy ×3 on the emulators (needs Go)', () => {
  let folder: string;
  let backends: TestBackends;
  let upstream: Upstream;
  let settings: Settings;
  const running: Record<Name, Service[]> = { processor: [], validator: [], proxy: [] };
  let proxies: Balancer;
  let processors: Balancer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gocenter-replicas-'));
    backends = await startBackends('emulators');
    upstream = await startUpstream({ modules: [...first, ...later] });
    [proxies, processors] = [await startBalancer(), await startBalancer()];
    settings = {
      ...backends.settings,
      DATA_DIR: folder,
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      UPSTREAM: upstream.url,
      SUMDB: 'off',
      RATE_LIMIT: '0',
      ORIGIN_RATE: '10000',
      ORIGIN_URL: processors.url,
    };
    for (const name of names) {
      for (let i = 0; i < replicas[name]; i++) await start(name);
    }
  });

  afterAll(async () => {
    await Promise.all(names.flatMap(name => running[name]).map(service => service.stop('SIGKILL')));
    await proxies?.close();
    await processors?.close();
    await upstream?.close();
    await backends?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(name: Name): Promise<void> {
    running[name].push(await startService(settings, name));
    balance();
  }

  function balance(): void {
    proxies.setTargets(running.proxy.map(({ url }) => url));
    processors.setTargets(running.processor.map(({ origin }) => origin));
  }

  /**
   * As a rolling update does: a new one first, then nobody is sent to the old one, then, when all that were sent have
   * said what they want (which a pod's preStop pause is for), it drains.
   */
  async function replace(name: Name): Promise<void> {
    const [old] = running[name];
    if (old === undefined) return;
    await start(name);
    running[name].shift();
    balance();
    const [balancer, url] = name === 'proxy' ? [proxies, old.url] : [processors, old.origin];
    if (url !== '') await until('all have sent their request', () => balancer.silent(url) === 0);
    await get(`${old.admin}/healthz`); // and it has seen them
    const end = await old.stop();
    expect([name, end.code, end.said.includes('stopped')]).toEqual([name, 0, true]);
  }

  const zipOf = ({ path, version }: FixtureModule) => fileUrl(proxies.url, path, version, 'zip');

  async function expectSettled(): Promise<void> {
    for (const name of ['processor', 'validator'] as const) {
      const { admin } = running[name][0] ?? { admin: '' };
      const subscription = `{subscription="${name}"}`;
      const depth = () => metric(admin, 'gocenter_queue_depth', subscription);
      await until(`no message of ${name} waits`, async () => (await depth()) === 0);
      expect(await metric(admin, 'gocenter_dead_letters', subscription)).toBe(0);
    }
  }

  /** How often the upstream gave each of these zips. */
  const fetches = (versions: readonly FixtureModule[]) =>
    versions.map(({ path, version }) => upstream.requests.count(`/${path}/@v/${version}.zip`));

  test('one fetch per version, whoever asks whom at once; each is published once, each message is acknowledged', async () => {
    const direct = first.flatMap(({ path, version }) =>
      running.proxy.flatMap(({ url }) => [fileUrl(url, path, version, 'zip'), fileUrl(url, path, version, 'info')]),
    );
    expect(new Set(await Promise.all(direct.map(statusOf)))).toEqual(new Set([200]));
    await expectSettled();
    expect(fetches(first)).toEqual(first.map(() => 1));
    const { text } = await get(`${proxies.url}/index`);
    expect(listedIn(text).toSorted()).toEqual(first.map(nameOf).toSorted());
  });

  test('all replaced under load: not one download fails, nothing becomes a dead letter, nothing is published twice', async () => {
    let replacing = true;
    const answers = new Map<string, number>();
    const count = (what: string) => answers.set(what, (answers.get(what) ?? 0) + 1);
    const asked: FixtureModule[] = [];
    const download = async () => {
      for (let i = 0; replacing; i++) {
        const version = first[i % first.length] as FixtureModule;
        await statusOf(zipOf(version)).then(
          status => count(`published: ${status}`),
          error => count(`published: ${error.message}`),
        );
      }
    };
    const request = async () => {
      for (let next = later[asked.length]; replacing && next !== undefined; next = later[asked.length]) {
        asked.push(next);
        await statusOf(zipOf(next)).then(
          status => count(`new: ${status}`),
          error => count(`new: ${error.message}`),
        );
      }
    };
    const load = [download(), download(), request(), request(), request()];
    for (const name of names) for (let i = 0; i < replicas[name]; i++) await replace(name);
    replacing = false;
    await Promise.all(load);
    expect([...answers.keys()].toSorted()).toEqual(['new: 200', 'published: 200']);
    await expectSettled();
    const { text } = await get(`${proxies.url}/index`);
    expect(listedIn(text).toSorted()).toEqual([...first, ...asked].map(nameOf).toSorted());
    console.log('while 8 processes were replaced:', Object.fromEntries(answers), `${asked.length} new versions`);
  });
});
