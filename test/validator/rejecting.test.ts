import { afterEach, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { readFeed } from '../../services/records/feed.ts';
import {
  readAlarms,
  readLog,
  readOutcome,
  readProvenance,
  versionKey,
  writeRelease,
} from '../../services/records/index.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import type { FixtureModule } from '../upstream/module.ts';
import {
  database,
  fetched,
  handle,
  hello,
  keysOf,
  noon,
  openWorld,
  startValidator,
  toolsOf,
  until,
  type World,
} from './helpers.ts';

let world: World;
const open = async (settings: Record<string, string> = {}) => {
  world = await openWorld(settings);
  await world.quarantined(hello);
};
afterEach(() => world.close());

const key = versionKey(hello.path, hello.version);
const outcome = () => readOutcome(world.records, hello.path, hello.version, world.clock);
const isPublished = async () => (await world.published.stat(`${key}.info`)) !== undefined;
const changed: FixtureModule = { ...hello, files: { ...hello.files, 'hello.go': 'package hello // changed\n' } };
const release = (at: string) =>
  writeRelease(world.records, hello.path, hello.version, { at, by: 'ann', reason: 'read it', outcome: null });

test('a rejection says every reason, is announced and counted, and leaves nothing in quarantine', async () => {
  await open({ DENY: 'example.com', COOLDOWN: '365d' });
  const validator = startValidator(world);
  await world.messaging.publish('module.fetched', fetched(hello));
  await until(async () => (await readLog(world.records, hello.path, hello.version)).length === 1);
  await validator.close();
  const reasons = [
    { rule: 'deny-list', message: 'example.com/hello@v1.0.0 is on the list of denied modules' },
    {
      rule: 'cooldown',
      message: 'it is of 2026-01-02T03:04:05.000Z and may be used from 2027-01-02T03:04:05.000Z on',
    },
  ];
  const at = '2026-06-01T12:00:00.000Z';
  const message = reasons.map(each => `${each.rule}: ${each.message}`).join('; ');
  expect(await outcome()).toEqual({ kind: 'refused', message, reasons, at });
  const rejected = { v: 1, module: hello.path, version: hello.version, rejectedAt: at, reasons };
  expect(world.sent).toEqual([{ topic: 'module.rejected', message: rejected }]);
  expect(await keysOf(world.quarantine)).toEqual([]);
  expect(await isPublished()).toBe(false);
  expect(await readFeed(world.records, { limit: 1 })).toEqual([]);
  expect((await world.metrics.verdicts.get()).values).toMatchObject([
    { labels: { verdict: 'rejected', rule: 'deny-list' }, value: 1 },
  ]);
  expect(await readLog(world.records, hello.path, hello.version)).toMatchObject([{ result: 'rejected' }]);
});

test('what is no module version is told so, and is asked nothing more', async () => {
  world = await openWorld({ DENY: 'example.com' });
  await world.quarantined({ ...hello, gomod: 'module example.com/other\n' });
  await handle(toolsOf(world), hello);
  expect(await outcome()).toMatchObject({
    message: 'go-mod-agrees: its .mod differs from the go.mod in its zip',
    reasons: [{ rule: 'go-mod-agrees' }],
  });
});

test('a tombstone holds for what is fetched again, and after a restart of everything', async () => {
  await open({ DENY: 'example.com' });
  await handle(toolsOf(world), hello);
  const first = await outcome();
  await world.quarantined(hello);
  const records = await createFileStorage({ root: `${world.root}/records` });
  const config = { ...world.config, DENY: [] };
  await handle(toolsOf(world, { records, config }), hello);
  expect(await outcome()).toEqual(first);
  expect(await isPublished()).toBe(false);
  expect(await keysOf(world.quarantine)).toEqual([]);
});

test('a recheck judges a rejected version anew', async () => {
  await open({ DENY: 'example.com' });
  await handle(toolsOf(world), hello);
  await world.quarantined(hello);
  await handle(toolsOf(world, { config: { ...world.config, DENY: [] } }), hello, { recheck: true });
  expect(await isPublished()).toBe(true);
  expect(await outcome()).toBeUndefined();
});

test('a cooldown ends by itself', async () => {
  world = await openWorld({ COOLDOWN: '3d' });
  const young = { ...hello, time: '2026-06-01T00:00:00Z' };
  await world.quarantined(young);
  await handle(toolsOf(world), young);
  expect(await outcome()).toMatchObject({ kind: 'refused', until: '2026-06-04T00:00:00.000Z' });
  world.clock = new Date('2026-06-03T23:59:59.999Z');
  expect(await outcome()).toBeDefined();
  world.clock = new Date('2026-06-04T00:00:00.000Z');
  expect(await outcome()).toBeUndefined();
  await world.quarantined(young);
  await handle(toolsOf(world), young);
  expect(await isPublished()).toBe(true);
});

test('several refusals that end hold until the last', async () => {
  world = await openWorld({ COOLDOWN: '1h' });
  const young = { ...hello, time: '2026-06-01T11:59:00Z' };
  await world.quarantined(young);
  await handle(toolsOf(world, { sumdb: database({}) }), young);
  expect(await outcome()).toMatchObject({
    until: '2026-06-01T12:59:00.000Z',
    reasons: [{ rule: 'checksum-database' }, { rule: 'cooldown' }],
  });
});

test('a release overrules, and that is recorded', async () => {
  await open({ DENY: 'example.com' });
  await release(noon.toISOString());
  await handle(toolsOf(world), hello);
  expect(await isPublished()).toBe(true);
  const provenance = await readProvenance(world.records, hello.path, hello.version);
  expect(provenance?.overruled).toEqual(['deny-list']);
  expect(provenance?.rules).not.toContain('deny-list');
  const [run] = await readLog(world.records, hello.path, hello.version);
  expect(run?.entries.map(({ message }) => message)).toContain(
    'deny-list is overruled; it refused: example.com/hello@v1.0.0 is on the list of denied modules',
  );
});

test('a release does not overrule a checksum', async () => {
  await open();
  await release(noon.toISOString());
  const entry = { zipHash: 'h1:other=', goModHash: 'h1:other=', position: 1, treeSize: 2 };
  await handle(toolsOf(world, { sumdb: database({ [`${hello.path}@${hello.version}`]: entry }) }), hello);
  expect(await isPublished()).toBe(false);
  expect(await outcome()).toMatchObject({ kind: 'refused', reasons: [{ rule: 'checksum-database' }] });
  expect(await readAlarms(world.records)).toMatchObject([{ reason: 'checksum-mismatch' }]);
});

test('a release that is older than the rejection is used up', async () => {
  await open({ ALLOW: 'other.test' });
  await handle(toolsOf(world), hello);
  await release('2026-05-01T00:00:00.000Z');
  await world.quarantined(hello);
  await handle(toolsOf(world), hello);
  expect(await isPublished()).toBe(false);
});

test('a database that does not answer is waited for, unless another rule refuses for ever', async () => {
  await open({ COOLDOWN: '365d' });
  const name = `${hello.path}@${hello.version}`;
  const sumdb = database({ [name]: new Fault('timed-out', 'no answer within 30 s') });
  await expect(handle(toolsOf(world, { sumdb }), hello)).rejects.toMatchObject({ kind: 'timed-out' });
  expect(await outcome()).toBeUndefined();
  expect(await keysOf(world.quarantine)).toHaveLength(4);
  await handle(toolsOf(world, { sumdb, config: { ...world.config, DENY: ['example.com'] } }), hello);
  expect(await outcome()).toMatchObject({ kind: 'refused', reasons: [{ rule: 'deny-list' }, { rule: 'cooldown' }] });
});

test('a private tag that was moved is an alarm', async () => {
  await open({ PRIVATE_MODULES: 'example.com', DENY: 'example.com' });
  const tools = () => toolsOf(world, { sumdb: database({}), config: { ...world.config, DENY: [] } });
  await handle(toolsOf(world), hello); // seen, though not published
  await world.quarantined(changed);
  await handle(tools(), changed, { recheck: true });
  expect(await isPublished()).toBe(false);
  expect(await outcome()).toMatchObject({ reasons: [{ rule: 'first-seen-hash' }] });
  expect(await readAlarms(world.records)).toMatchObject([{ reason: 'changed-bytes' }]);
  await world.quarantined(hello);
  await handle(tools(), hello, { recheck: true });
  expect(await isPublished()).toBe(true);
});
