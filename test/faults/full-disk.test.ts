import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FixtureModule, syntheticModule } from '../upstream/index.ts';
import { askUntil, get, untilAllIdle, untilIdle } from './client.ts';
import { expectSentence } from './sentence.ts';
import { damagedFiles, filesOf, kindsOf, unfinished } from './stores.ts';
import { openWorld, type World } from './world.ts';

const megabyte = 1 << 20;

function mount(folder: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', folder]).status === 0;
}

const unmount = (folder: string) => spawnSync('umount', [folder]).status === 0;

const canMount = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'gocenter-mount-'));
  const mounted = mount(folder) && unmount(folder);
  rmdirSync(folder);
  return mounted;
})();

describe.skipIf(!canMount)('a disk of 24 MiB (needs the right to mount)', () => {
  const module = (name: string, size: number) => syntheticModule(`example.com/${name}`, 'v1.0.0', size);
  const early = module('early', 200_000);
  const large = module('large', 3 * megabyte);
  const larger = module('larger', 3 * megabyte);
  const largest = module('largest', 3 * megabyte);
  const small = module('small', 5_000);
  const later = module('later', 5_000);
  const last = module('last', 5_000);
  let disk: string;
  let filler: string;
  let world: World;

  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), 'gocenter-disk-'));
    filler = join(disk, 'filler');
    mount(disk);
    world = await openWorld({
      modules: [early, large, larger, largest, small, later, last],
      settings: { DATA_DIR: join(disk, 'data'), HOT_CACHE_BYTES: '0', FETCH_TIMEOUT: '30s', MAX_ATTEMPTS: '20' },
    });
    expect((await get(world.urlOf(early))).status).toBe(200);
    await untilIdle(world.service.admin);
  });
  beforeEach(() => rm(filler, { force: true }));
  afterAll(async () => {
    await world?.close();
    unmount(disk);
    await rm(disk, { recursive: true });
  });

  /** Writes until so many bytes are left. */
  async function fill(left: number): Promise<void> {
    const file = await open(filler, 'a');
    try {
      for (const page = Buffer.alloc(4096, 1); ; ) {
        const { bavail, bsize } = await statfs(disk);
        if (bavail * bsize <= left) break;
        await file.write(page);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await file.close();
    }
  }

  const readiness = async () => {
    const { status, text } = await get(`${world.service.admin}/readyz`);
    return { status, ...JSON.parse(text) };
  };

  async function expectPublishedIsServed(): Promise<void> {
    for (const kind of ['info', 'mod', 'zip'] as const) expect((await get(world.urlOf(early, kind))).status).toBe(200);
    expect(await damagedFiles(world.dataDir, 'published', early)).toEqual([]);
  }

  /** What has no .info is not there. What has one is whole. */
  async function expectNothingTorn(modules: readonly FixtureModule[]): Promise<void> {
    for (const store of ['published', 'quarantine'] as const) {
      for (const each of modules) {
        const kinds = await kindsOf(world.dataDir, store, each);
        if (kinds.includes('info')) expect(await damagedFiles(world.dataDir, store, each)).toEqual([]);
      }
    }
  }

  async function expectServed(modules: readonly FixtureModule[]): Promise<void> {
    for (const each of modules) {
      await askUntil(world.urlOf(each), 200, 60_000);
      expect(await damagedFiles(world.dataDir, 'published', each)).toEqual([]);
    }
    // The catalogue, too, has caught up, and has given nothing up.
    await untilAllIdle(world.service.admin, 60_000);
    const { text } = await get(`${world.service.admin}/metrics`);
    expect(text.match(/^gocenter_queue_dead\{.*\} [1-9].*$/gm) ?? []).toEqual([]);
    expect(await unfinished(world.dataDir)).toEqual([]);
    expect(await filesOf(world.dataDir, 'quarantine')).toEqual([]);
    expect(await readiness()).toMatchObject({ status: 200, ready: true });
  }

  test('full to the last byte: unavailable in a sentence, readiness says what, published is served, then all goes on', async () => {
    await fill(0);
    expectSentence(await get(world.urlOf(small)), 'unavailable', /no space left/);
    const state = await readiness();
    expect(state).toMatchObject({ status: 503, ready: false });
    for (const store of ['published', 'quarantine', 'records'])
      expect(state[store]).toMatch(/^no space left in the store/);
    await expectPublishedIsServed();
    await expectNothingTorn([small]);
    await rm(filler);
    await expectServed([small]);
  });

  test('room for messages, but not for a zip: unavailable in a sentence, and nothing is left of it', async () => {
    await fill(2 * megabyte);
    expectSentence(await get(world.urlOf(large)), 'unavailable', /no space left in the store/);
    expect(await unfinished(world.dataDir)).toEqual([]);
    expect(await kindsOf(world.dataDir, 'quarantine', large)).toEqual([]);
    await expectPublishedIsServed();
    await rm(filler);
    await expectServed([large]);
  });

  test('room for quarantine, but not for publishing: unavailable, nothing torn, and published when there is room', async () => {
    await fill(4 * megabyte);
    expectSentence(await get(world.urlOf(larger)), 'unavailable', /no space left/);
    expect(await kindsOf(world.dataDir, 'published', larger)).toEqual([]);
    expect(await damagedFiles(world.dataDir, 'quarantine', larger)).toEqual([]);
    await expectPublishedIsServed();
    await rm(filler);
    await expectServed([larger]);
  });

  test('room for the checking, but not for publishing: unavailable, nothing torn, and published when there is room', async () => {
    await fill(7 * megabyte);
    expectSentence(await get(world.urlOf(largest)), 'unavailable', /no space left/);
    await expectNothingTorn([largest]);
    await expectPublishedIsServed();
    await rm(filler);
    await expectServed([largest]);
  });

  test('killed and started while full: published is served, and all goes on when there is room', async () => {
    await fill(0);
    expect((await get(world.urlOf(later))).status).toBe(503);
    await world.service.kill();
    await world.restart();
    await expectPublishedIsServed();
    expect(await readiness()).toMatchObject({ status: 503 });
    await rm(filler);
    await expectServed([later]);
  });

  test('stopped and started while full: published is served, and all goes on when there is room', async () => {
    await fill(0);
    expect(await world.service.stop()).toBe(0);
    await fill(0);
    await world.restart();
    await expectPublishedIsServed();
    expect((await get(world.urlOf(last))).status).toBe(503);
    await rm(filler);
    await expectServed([later, last]);
  });
});
