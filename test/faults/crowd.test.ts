import http from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { syntheticModule } from '../upstream/index.ts';
import { get, until } from './client.ts';
import { hasProc, peak, resetPeak, resident } from './memory.ts';
import { damagedFiles, expectedBytes } from './stores.ts';
import { openWorld, type World } from './world.ts';

const large = syntheticModule('example.com/large', 'v1.0.0', 20_000_000);
const small = syntheticModule('example.com/small', 'v1.0.0', 20_000);
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
    world = await openWorld({ modules: [large, small, ...many] });
    expect((await get(world.urlOf(small))).status).toBe(200); // what is loaded at first use is not counted
  });
  afterEach(() => world.close());

  /** Megabytes that the service's resident memory has grown by at most, while `work` was done. */
  async function growthDuring(work: () => Promise<void>): Promise<number> {
    const { pid } = world.service;
    await resetPeak(pid);
    const before = await resident(pid);
    const started = performance.now();
    await work();
    const growth = (await peak(pid)) - before;
    const seconds = (performance.now() - started) / 1000;
    const { currentTestName } = expect.getState();
    console.log(`${currentTestName}: ${before.toFixed(0)} MB, ${growth.toFixed(1)} MB more, ${seconds.toFixed(1)} s`);
    return growth;
  }

  test.each([
    ['held in memory', '256MiB'],
    ['streamed from the store', '0'],
  ])('of 200 clients for one missing version of 20 MB causes one fetch; all are served, %s', async (_, cache) => {
    await world.service.kill();
    await world.restart({ HOT_CACHE_BYTES: cache });
    await get(world.urlOf(small));
    const { zip = Buffer.alloc(0) } = await expectedBytes(large);
    const path = `/${large.path}/@v/${large.version}`;
    // Held back until everybody has come.
    world.upstream.setFault(`${path}.zip`, { kind: 'delay', ms: 2000 });
    const growth = await growthDuring(async () => {
      const clients = Array.from({ length: 200 }, () => download(world.urlOf(large), zip));
      expect(new Set(await Promise.all(clients))).toEqual(new Set([all(zip)]));
    });
    expect(growth).toBeLessThan(100);
    for (const kind of ['info', 'mod', 'zip']) expect(world.upstream.requests.count(`${path}.${kind}`)).toBe(1);
    expect(await damagedFiles(world.dataDir, 'published', large)).toEqual([]);
    const fetched = () => world.service.log.filter(({ cache }) => cache === 'fetched').length;
    await until('200 clients were told to have waited', () => fetched() >= 200);
  });

  test('of 100 clients for 50 missing versions causes 50 fetches; all are served', async () => {
    const growth = await growthDuring(async () => {
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
