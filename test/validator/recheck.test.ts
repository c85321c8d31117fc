import { afterEach, beforeEach, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { readFeed } from '../../services/records/feed.ts';
import { readAlarms, readLog, readOutcome, versionKey } from '../../services/records/index.ts';
import type { FixtureModule } from '../upstream/module.ts';
import { database, handle, hello, keysOf, openWorld, toolsOf, type World } from './helpers.ts';

let world: World;
let before: Awaited<ReturnType<typeof state>>;
beforeEach(async () => {
  world = await openWorld();
  await world.quarantined(hello);
  await handle(toolsOf(world), hello);
  before = await state();
});
afterEach(() => world.close());

const key = versionKey(hello.path, hello.version);
const changed: FixtureModule = { ...hello, files: { ...hello.files, 'hello.go': 'package hello // changed\n' } };

/** What clients can see. */
async function state() {
  const etags = ['zip', 'mod', 'info'].map(async kind => (await world.published.stat(`${key}.${kind}`))?.etag);
  return {
    etags: await Promise.all(etags),
    feed: await readFeed(world.records, { limit: 10 }),
    outcome: await readOutcome(world.records, hello.path, hello.version, world.clock),
  };
}

async function recheck(module: FixtureModule, sumdb?: ReturnType<typeof database>) {
  await world.quarantined(module);
  await handle(toolsOf(world, { sumdb }), hello, { recheck: true });
  expect(await state()).toEqual(before);
  expect(await keysOf(world.quarantine)).toEqual([]);
  const runs = await readLog(world.records, hello.path, hello.version);
  return {
    results: runs.map(({ result }) => result).sort(),
    alarms: await readAlarms(world.records),
  };
}

test('the same content is no alarm', async () => {
  expect(await recheck(hello)).toEqual({ results: ['published', 'unchanged'], alarms: [] });
});

test('other content is an alarm and the published bytes stay', async () => {
  const { results, alarms } = await recheck(changed);
  expect(results).toEqual(['changed', 'published']);
  expect(alarms).toMatchObject([
    {
      at: '2026-06-01T12:00:00.000Z',
      module: 'example.com/hello',
      version: 'v1.0.0',
      reason: 'changed-bytes',
      message: expect.stringMatching(/^https:\/\/origin\.test gives the zip h1:\S+ now, but h1:\S+ was published$/),
    },
  ]);
  expect((await world.metrics.alarms.get()).values).toMatchObject([{ labels: { reason: 'changed-bytes' }, value: 1 }]);
});

test('content that is no module any more is an alarm', async () => {
  const { alarms } = await recheck({ ...hello, zip: Buffer.from('gone') });
  expect(alarms).toMatchObject([
    { reason: 'changed-bytes', message: expect.stringContaining('gives no valid version now: zip-well-formed: ') },
  ]);
});

test('a checksum database that says otherwise is an alarm', async () => {
  const name = `${hello.path}@${hello.version}`;
  const entry = { zipHash: 'h1:other=', goModHash: 'h1:other=', position: 1, treeSize: 2 };
  const { alarms } = await recheck(hello, database({ [name]: entry }));
  expect(alarms).toMatchObject([{ reason: 'checksum-mismatch' }]);
  world.clock = new Date(world.clock.getTime() + 1000);
  const forged = await recheck(hello, database({ [name]: new Fault('security', 'it has two timelines') }));
  expect(forged.alarms).toMatchObject([{ reason: 'checksum-mismatch' }, { reason: 'checksum-database' }]);
});

test('a checksum database that does not have it changes nothing', async () => {
  expect((await recheck(hello, database({}))).alarms).toEqual([]);
});

test.each([
  ['zip', /^the stored zip is damaged \(.*\), but h1:\S+ was published$/],
  ['mod', /^the stored go\.mod is h1:\S+, but h1:\S+ was published$/],
])('a .%s that went bad in the store is an alarm', async (kind, message) => {
  await world.published.put(`${key}.${kind}`, Buffer.from('rotten'));
  before = await state();
  const { alarms } = await recheck(hello);
  expect(alarms).toMatchObject([{ reason: 'changed-bytes', message: expect.stringMatching(message) }]);
});

test('what quarantine does not have is requested again, as a recheck', async () => {
  world.sent.length = 0;
  await handle(toolsOf(world), hello, { recheck: true });
  expect(world.sent).toMatchObject([{ topic: 'module.requested', message: { recheck: true, by: 'operator' } }]);
  expect(await state()).toEqual(before);
});
