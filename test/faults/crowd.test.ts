import http from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { syntheticModule } from '../upstream/index.ts';
import { get, until } from './client.ts';
import { hasProc, peak, resetPeak, resident } from './memory.ts';
import { damagedFiles, expectedBytes } from './stores.ts';
import { openWorld, type World } from './world.ts';

const large = syntheticModule('example.com/large', 'v1.0.0', 20_000_000);
const earlier = syntheticModule('example.com/earlier', 'v1.0.0', 20_000_000);
const many = Array.from({ length: 50 }, (_, i) => syntheticModule(`example.com/many${i}`, 'v1.0.0', 100_000));

/** Downloads without keeping it; says the status and how many bytes came, or that they were other ones. */
function download(url: string, expected: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false }, response => {
      let size = 0;
      let same = true;
      response.on('data', (chunk: Buffer) => {
        same &&= chunk.compare(expected, size, size + chunk.length) === 0;
        size += chunk.length;
      });
      response.on('end', () => resolve(`${response.statusCode}: ${size} bytes, ${same ? 'the same' : 'others'}`));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

const all = (expected: Buffer) => `200: ${expected.length} bytes, the same`;

describe.skipIf(!hasProc)('a crowd (needs /proc)', () => {
  let world: World;
  beforeEach(async () => {
    world = await openWorld({ modules: [earlier, large, ...many] });
  });
  afterEach(() => world.close());

  /** Megabytes that the service's resident memory grows by at most while `work` is done. */
  async function growthDuring(what: string, work: () => Promise<unknown>): Promise<number> {
    const { pid } = world.service;
    await resetPeak(pid);
    const before = await resident(pid);
    const started = performance.now();
    await work();
    const growth = (await peak(pid)) - before;
    const seconds = (performance.now() - started) / 1000;
    console.log(`${what}: ${before.toFixed(0)} MB and ${growth.toFixed(1)} MB more, ${seconds.toFixed(1)} s`);
    return growth;
  }

  // What Node's heap takes once, whoever comes, is counted apart: a service that has just started takes it anyway.
  async function warmUp(): Promise<void> {
    const growth = await growthDuring('one client for a version of 20 MB after the start', () =>
      get(world.urlOf(earlier)),
    );
    expect(growth).toBeLessThan(150);
  }

  async function crowd(what: string): Promise<number> {
    const { zip = Buffer.alloc(0) } = await expectedBytes(large);
    const path = `/${large.path}/@v/${large.version}`;
    world.upstream.setFault(`${path}.zip`, { kind: 'delay', ms: 2000 }); // until everybody has come
    const growth = await growthDuring(`200 clients, ${what}`, async () => {
      const clients = Array.from({ length: 200 }, () => download(world.urlOf(large), zip));
      expect(new Set(await Promise.all(clients))).toEqual(new Set([all(zip)]));
    });
    for (const kind of ['info', 'mod', 'zip']) expect(world.upstream.requests.count(`${path}.${kind}`)).toBe(1);
    expect(await damagedFiles(world.dataDir, 'published', large)).toEqual([]);
    const given = () => world.service.log.filter(line => line.kind === 'zip' && line.module === large.path);
    await until('200 clients were logged', () => given().length === 200);
    // One of them is why an origin was asked.
    expect(given().filter(({ cache }) => cache === 'fetched')).toHaveLength(1);
    return growth;
  }

  test('of 200 clients for one missing version of 20 MB causes one fetch, and all are served, in less than 100 MB', async () => {
    await warmUp();
    expect(await crowd('held in memory')).toBeLessThan(100);
  });

  // As for versions of more than an eighth of HOT_CACHE_BYTES: the Go toolchains. It must not cost a copy a client.
  test('of 200 clients for a version that is too large to be held in memory costs buffers, not copies', async () => {
    await world.service.kill();
    await world.restart({ HOT_CACHE_BYTES: '0' });
    await warmUp();
    expect(await crowd('streamed from the store')).toBeLessThan(400);
  });

  test('of 100 clients for 50 missing versions causes 50 fetches, and all are served, in less than 100 MB', async () => {
    await warmUp();
    const growth = await growthDuring('100 clients for 50 versions', async () => {
      const clients = [...many, ...many].map(async module => {
        const { zip = Buffer.alloc(0) } = await expectedBytes(module);
        expect(await download(world.urlOf(module), zip)).toBe(all(zip));
      });
      await Promise.all(clients);
    });
    expect(growth).toBeLessThan(100);
    for (const { path, version } of many) expect(world.upstream.requests.count(`/${path}/@v/${version}.zip`)).toBe(1);
  });
});
