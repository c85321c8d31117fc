import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { readFeed } from '../../services/records/feed.ts';
import {
  readAlarms,
  readLog,
  readOutcome,
  readProvenance,
  versionKey,
  writeOutcome,
} from '../../services/records/index.ts';
import { createHandler } from '../../services/validator/handle.ts';
import { createSigner, TestLog } from '../sumdb/log.ts';
import { type FixtureModule, moduleZip } from '../upstream/module.ts';
import {
  delivery,
  fetched,
  filesOf,
  handle,
  hello,
  keysOf,
  openWorld,
  startValidator,
  toolsOf,
  until,
  type World,
} from './helpers.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const key = versionKey(hello.path, hello.version);
const outcome = () => readOutcome(world.records, hello.path, hello.version, world.clock);
const isPublished = async () => (await world.published.stat(`${key}.info`)) !== undefined;
const files = ['info', 'mod', 'zip'].map(kind => `${key}.${kind}`);
const counted = async (metric: 'verdicts' | 'alarms') =>
  (await world.metrics[metric].get()).values.map(({ labels, value }) => ({ ...labels, value }));

/** The same files, stored without compression: other bytes, the same module. */
async function recompressed(module: FixtureModule): Promise<FixtureModule> {
  const { default: yazl } = await import('yazl');
  const zip = new yazl.ZipFile();
  for (const [name, content] of Object.entries(module.files)) {
    zip.addBuffer(Buffer.from(content), `${module.path}@${module.version}/${name}`, { compress: false });
  }
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk));
  return { ...module, zip: Buffer.concat(chunks) };
}

test('what passes is published byte for byte, with provenance, feed, message, log and metrics; quarantine is empty', async () => {
  await world.quarantined(hello);
  await writeOutcome(world.records, hello.path, hello.version, { kind: 'unavailable', message: '', at: '' });
  const validator = startValidator(world);
  await validator.ready();
  await world.messaging.publish('module.fetched', fetched(hello));
  await until(async () => (await readLog(world.records, hello.path, hello.version)).length === 1);
  await validator.close();

  expect(await keysOf(world.published)).toEqual(files);
  const bytes = await filesOf(hello);
  const stored = (kind: string) => readFile(join(world.root, 'published', `${key}.${kind}`));
  for (const kind of ['zip', 'mod', 'info'] as const) expect(await stored(kind)).toEqual(bytes[kind]);
  expect(await keysOf(world.quarantine)).toEqual([]);
  expect(await readdir(join(world.root, 'tmp'))).toEqual([]);
  expect(await outcome()).toBeUndefined();

  const provenance = await readProvenance(world.records, hello.path, hello.version);
  expect(provenance).toMatchObject({
    origin: 'https://origin.test',
    requestedAt: '2026-06-01T11:59:00.000Z',
    publishedAt: '2026-06-01T12:00:00.000Z',
    hash: expect.stringMatching(/^h1:/),
    goModHash: expect.stringMatching(/^h1:/),
    overruled: [],
  });
  expect(provenance?.rules).toHaveLength(9);
  expect(provenance).not.toHaveProperty('checksumDatabase');
  const Timestamp = '2026-06-01T12:00:00.000Z';
  expect(await readFeed(world.records, { limit: 10 })).toEqual([
    { Path: hello.path, Version: hello.version, Timestamp },
  ]);
  const message = { v: 1, module: hello.path, version: hello.version, publishedAt: Timestamp };
  const announced = { ...message, hash: provenance?.hash, origin: 'https://origin.test' };
  expect(world.sent).toEqual([{ topic: 'module.published', message: announced }]);
  expect(await readLog(world.records, hello.path, hello.version)).toMatchObject([
    { service: 'validator', result: 'published' },
  ]);
  expect(await counted('verdicts')).toEqual([{ verdict: 'published', rule: '', value: 1 }]);
  const { values } = await world.metrics.publishSeconds.get();
  expect(values.find(({ metricName }) => metricName?.endsWith('_sum'))?.value).toBe(60);
});

test('a toolchain is published', async () => {
  const toolchain = {
    path: 'golang.org/toolchain',
    version: 'v0.0.1-go1.26.6.linux-amd64',
    time: '2026-05-01T00:00:00Z',
    files: { VERSION: 'go1.26.6\n', 'src/_go.mod': 'module std\n', 'bin/go': Buffer.from([0x7f, 0x45, 0x4c, 0x46]) },
  };
  await world.quarantined(toolchain);
  await handle(toolsOf(world), toolchain);
  expect(await keysOf(world.published)).toHaveLength(3);
  const mod = await readFile(join(world.root, 'published/golang.org/toolchain/@v', `${toolchain.version}.mod`), 'utf8');
  expect(mod).toBe('module golang.org/toolchain\n');
});

test('the checksum database is asked through the origin and its proof is kept in provenance', async () => {
  const log = new TestLog(300, createSigner('sumdb.test'));
  await world.close();
  world = await openWorld({ SUMDB: log.signer.verifierKey });
  await world.quarantined(hello);
  const validator = startValidator(world, async path => log.read(path));
  await world.messaging.publish('module.fetched', fetched(hello));
  await until(async () => (await outcome()) !== undefined);
  expect((await outcome())?.message).toMatch(/^checksum-database: sumdb\.test does not have it \(/);
  expect((await outcome())?.until).toBe('2026-06-01T12:30:00.000Z');

  const { hash, goModHash } = await hashesOf(hello);
  const name = `${hello.path} ${hello.version}`;
  const position = log.add(`${name} ${hash}\n${name}/go.mod ${goModHash}\n`);
  world.clock = new Date('2026-06-01T12:30:01.000Z');
  await world.quarantined(hello);
  await world.messaging.publish('module.fetched', fetched(hello));
  await until(isPublished);
  await validator.close();
  const provenance = await readProvenance(world.records, hello.path, hello.version);
  expect(provenance?.checksumDatabase).toEqual({ name: 'sumdb.test', position, treeSize: log.records.length });
});

async function hashesOf(module: FixtureModule) {
  const other = await openWorld();
  await other.quarantined(module);
  await handle(toolsOf(other), module);
  const provenance = await readProvenance(other.records, module.path, module.version);
  await other.close();
  if (provenance === undefined) throw new Error('it was not published');
  return provenance;
}

test('a forged checksum database rejects what is not published, and raises an alarm', async () => {
  const log = new TestLog(300, createSigner('sumdb.test'));
  await world.close();
  world = await openWorld({ SUMDB: log.signer.verifierKey });
  await world.quarantined(hello);
  const validator = startValidator(world, async () => Buffer.from('forged'));
  await world.messaging.publish('module.fetched', fetched(hello));
  await until(async () => (await outcome()) !== undefined);
  await validator.close();
  expect(await outcome()).toMatchObject({ kind: 'refused', reasons: [{ rule: 'checksum-database' }] });
  expect(await readAlarms(world.records)).toMatchObject([{ reason: 'checksum-database', module: hello.path }]);
  expect(await counted('alarms')).toEqual([{ reason: 'checksum-database', value: 1 }]);
});

test('a message that comes again, alone or beside others, publishes once and is acknowledged', async () => {
  await world.quarantined(hello);
  const validator = startValidator(world);
  for (let i = 0; i < 6; i++) await world.messaging.publish('module.fetched', fetched(hello));
  await until(async () => (await world.messaging.backlog('validator')).depth === 0);
  await validator.close();
  expect(await readFeed(world.records, { limit: 10 })).toHaveLength(1);
  expect(await keysOf(world.published)).toEqual(files);
  expect((await world.messaging.backlog('validator')).dead).toBe(0);
  expect(await counted('verdicts')).toEqual([{ verdict: 'published', rule: '', value: 1 }]);
});

test('an entry that the feed has lost is written again, once', async () => {
  await world.quarantined(hello);
  await handle(toolsOf(world), hello);
  for (const entry of await keysOf(world.records, 'index/')) await world.records.delete(entry);
  world.clock = new Date('2026-06-02T00:00:00.000Z');
  for (let i = 0; i < 2; i++) await handle(toolsOf(world), hello);
  const Timestamp = '2026-06-02T00:00:00.000Z';
  expect(await readFeed(world.records, { limit: 10 })).toEqual([
    { Path: hello.path, Version: hello.version, Timestamp },
  ]);
});

test('what an earlier attempt has stored is completed with the stored zip when only its compression differs', async () => {
  const stored = await moduleZip(await recompressed(hello));
  expect(stored.equals(await moduleZip(hello))).toBe(false);
  await world.published.put(`${key}.zip`, stored);
  await world.quarantined(hello);
  await handle(toolsOf(world), hello);
  expect(await keysOf(world.published)).toEqual(files);
  expect(await readFile(join(world.root, 'published', `${key}.zip`))).toEqual(stored);
  expect(await readAlarms(world.records)).toEqual([]);
});

test.each(['zip', 'mod'])(
  'other content under its name (.%s) stays, is an alarm, and the version is rejected',
  async kind => {
    const other = { ...hello, files: { 'go.mod': `module ${hello.path}\n` } };
    const stored = (await filesOf(other))[kind as 'zip' | 'mod'];
    await world.published.put(`${key}.${kind}`, stored);
    await world.quarantined(hello);
    await handle(toolsOf(world), hello);
    expect(await readFile(join(world.root, 'published', `${key}.${kind}`))).toEqual(stored);
    expect(await isPublished()).toBe(false);
    expect(await outcome()).toMatchObject({ kind: 'refused', reasons: [{ rule: 'published-bytes' }] });
    expect((await outcome())?.message).toMatch(
      /^published-bytes: its .* is h1:\S+, but .* is stored under this version/,
    );
    expect(await readAlarms(world.records)).toMatchObject([{ reason: 'changed-bytes' }]);
    expect(await readFeed(world.records, { limit: 10 })).toEqual([]);
    expect(await keysOf(world.quarantine)).toEqual([]);
  },
);

test('a store that is full leaves nothing torn; clients hear of it from the second attempt on, and it is made good', async () => {
  let full = true;
  const published: World['published'] = {
    ...world.published,
    async put(name, body, options) {
      if (!full || !name.endsWith('.zip')) return world.published.put(name, body, options);
      if (!Buffer.isBuffer(body) && !(body instanceof Uint8Array)) body.destroy();
      throw new Fault('unavailable', 'no space left in the store');
    },
  };
  await world.quarantined(hello);
  const handler = createHandler(toolsOf(world, { published }));
  await expect(handler(fetched(hello), delivery(1))).rejects.toMatchObject({ kind: 'unavailable' });
  expect(await outcome()).toBeUndefined();
  await expect(handler(fetched(hello), delivery(2))).rejects.toMatchObject({ kind: 'unavailable' });
  expect(await outcome()).toEqual({
    kind: 'unavailable',
    message: 'example.com/hello@v1.0.0 could not be checked: no space left in the store',
    at: '2026-06-01T12:00:00.000Z',
    until: '2026-06-01T12:00:30.000Z',
  });
  expect(await isPublished()).toBe(false);
  expect(await keysOf(world.quarantine)).toHaveLength(4);
  full = false;
  await handler(fetched(hello), delivery(3));
  expect(await keysOf(world.published)).toEqual(files);
  expect(await readFeed(world.records, { limit: 10 })).toHaveLength(1);
  expect(await outcome()).toBeUndefined();
  expect((await readLog(world.records, hello.path, hello.version)).map(({ result }) => result).sort()).toEqual([
    'failed',
    'failed',
    'published',
  ]);
});

test('a defect never tells a client that the version does not exist', async () => {
  const quarantine: World['quarantine'] = {
    ...world.quarantine,
    stat: async () => {
      throw new Fault('not-found', 'a fault of the wrong kind');
    },
  };
  await expect(handle(toolsOf(world, { quarantine }), hello)).rejects.toThrow();
  expect(await outcome()).toBeUndefined();
  const handler = createHandler(toolsOf(world, { quarantine }));
  await expect(handler(fetched(hello), delivery(5, true))).rejects.toThrow();
  expect(await outcome()).toMatchObject({ kind: 'internal' });
});

test('what quarantine has lost is requested again for an hour, then clients are told', async () => {
  await world.quarantined(hello, ['zip', 'mod']);
  await handle(toolsOf(world), hello);
  const request = { v: 1, module: hello.path, version: hello.version, by: 'operator' };
  const requestedAt = '2026-06-01T11:59:00.000Z';
  expect(world.sent).toEqual([{ topic: 'module.requested', message: { ...request, requestedAt } }]);
  expect(await outcome()).toBeUndefined();

  await handle(toolsOf(world), hello, { requestedAt: '2026-06-01T11:00:00.000Z' });
  expect(world.sent).toHaveLength(1);
  expect(await outcome()).toMatchObject({ kind: 'unavailable', until: '2026-06-01T12:00:30.000Z' });
});

test('a validator that lost its lease does not commit', async () => {
  await world.quarantined(hello);
  const handler = createHandler(toolsOf(world));
  const lost = handler(fetched(hello), { ...delivery(), signal: AbortSignal.abort() });
  await expect(lost).rejects.toThrow('the lease was lost');
  expect(await isPublished()).toBe(false);
  await handler(fetched(hello), delivery(2));
  expect(await keysOf(world.published)).toEqual(files);
  expect(await readFeed(world.records, { limit: 10 })).toHaveLength(1);
});

test('close waits for what is being handled and ready says so', async () => {
  await world.quarantined(hello);
  const validator = startValidator(world);
  await world.messaging.publish('module.fetched', fetched(hello));
  await until(async () => (await keysOf(world.published)).length > 0);
  await validator.close();
  expect(await isPublished()).toBe(true);
  await expect(validator.ready()).rejects.toMatchObject({ kind: 'unavailable' });
});
