import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Fault } from '../../../services/errors.ts';
import { openDatabase } from '../../../services/messaging/sqlite/database.ts';
import { createStore } from '../../../services/messaging/sqlite/store.ts';
import { createSqliteMessaging } from '../../../services/messaging/sqlite.ts';
import { kindOf } from '../../storage/helpers.ts';
import { canMount, mountSmallDisk, type SmallDisk } from '../../storage/small-disk.ts';
import { requested, until, versions } from '../helpers.ts';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(`${tmpdir()}/messaging-`);
  file = `${folder}/queue.db`;
});
afterEach(() => rm(folder, { recursive: true }));

const open = (options: object = {}) => createSqliteMessaging({ file, maxAttempts: 3, lease: 30_000, ...options });

function rows(table: string): number {
  const db = new DatabaseSync(file);
  const { count } = db.prepare(`SELECT count(*) AS count FROM ${table}`).get() as { count: number };
  db.close();
  return count;
}

test('a message is kept once, for each subscription until that has it, and then not at all', async () => {
  const store = createStore(await openDatabase(file));
  store.publish([
    { body: 'one', published: 1, subscriptions: ['a', 'b'] },
    { body: 'two', published: 2, subscriptions: ['b'] },
  ]);
  expect([rows('messages'), rows('deliveries')]).toEqual([2, 3]);
  const take = (subscription: string) => store.work([], { subscription, limit: 9, now: 10, until: 20, maxAttempts: 3 });
  const forA = take('a');
  const forB = take('b');
  expect([forA.map(({ body }) => body), forB.map(({ body }) => body)]).toEqual([['one'], ['one', 'two']]);
  expect(take('b')).toEqual([]);
  store.work(forB.map(claim => ({ claim, result: 'done' })));
  expect([rows('messages'), rows('deliveries')]).toEqual([1, 1]);
  store.work(forA.map(claim => ({ claim, result: 'done' })));
  expect([rows('messages'), rows('deliveries')]).toEqual([0, 0]);
  store.close();
});

test('handled messages leave nothing in the file', async () => {
  const messaging = await open();
  messaging.subscribe('processor', async () => {}, { concurrency: 4 });
  await Promise.all(versions(300).map(version => messaging.publish('module.requested', requested(version))));
  await until(async () => (await messaging.backlog('processor')).depth === 0);
  expect([rows('messages'), rows('deliveries')]).toEqual([0, 0]);
  await messaging.close();
});

test('within a process a message is handled at once: no look on time is needed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const messaging = await open();
  const seen: string[] = [];
  messaging.subscribe('processor', async ({ version }) => void seen.push(version), { concurrency: 1 });
  for (const version of versions(20)) {
    await messaging.publish('module.requested', requested(version));
    const end = performance.now() + 10_000;
    while (!seen.includes(version) && performance.now() < end) await new Promise(setImmediate);
  }
  expect(seen).toEqual(versions(20));
  await messaging.close();
});

test('while another process locks the database, publish waits without stopping the event loop', async () => {
  const messaging = await open();
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  let published = false;
  const publishing = messaging.publish('module.requested', requested('v1.0.0')).then(() => {
    published = true;
  });
  const begun = performance.now();
  let turns = 0;
  await until(() => ++turns > 20 && performance.now() - begun > 200);
  expect(published).toBe(false);
  other.exec('ROLLBACK');
  other.close();
  await publishing;
  expect((await messaging.backlog('processor')).depth).toBe(1);
  await messaging.close();
});

test('many clients that open a new file at once all succeed', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => open()));
  await Promise.all(clients.map(client => client.ready()));
  await Promise.all(clients.map(client => client.close()));
});

test('a file of a newer version, a damaged one and an impossible one are refused in a sentence', async () => {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99');
  db.close();
  const newer = await open().catch((fault: Fault) => fault);
  expect(newer).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('newer version') });

  await writeFile(`${folder}/text.db`, 'this is no database, but a text that is long enough '.repeat(99));
  const text = await open({ file: `${folder}/text.db` }).catch((fault: Fault) => fault);
  expect(text).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('no SQLite database') });
  expect(readFileSync(`${folder}/text.db`, 'utf8')).toContain('this is no database');

  expect(await kindOf(open({ file: `${folder}/text.db/queue.db` }))).toBe('unavailable');
});

test('a file that is damaged inside is refused at the start, with what to do', async () => {
  const messaging = await open();
  for (const version of versions(50)) await messaging.publish('module.requested', requested(version));
  await messaging.close();
  const bytes = readFileSync(file);
  await writeFile(file, bytes.fill(0xff, 4096, 12_288));
  const damaged = await open().catch((fault: Fault) => fault);
  expect(damaged).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(/file is damaged .*move it/) });
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

describe.skipIf(!canMount())('on a full disk (needs mount)', () => {
  let disk: SmallDisk | undefined;
  beforeEach(() => {
    disk = mountSmallDisk(2);
  });
  afterEach(() => disk?.unmount());

  test('publish says that there is no space and keeps nothing; what was acknowledged is handled when there is', async () => {
    const faults: Fault[] = [];
    const messaging = await open({
      file: `${disk?.path}/queue.db`,
      lease: 1000,
      onError: (fault: Fault) => faults.push(fault),
    });
    await messaging.publish('module.requested', requested('v1.0.0'));
    await writeFile(`${disk?.path}/filler`, Buffer.alloc(4 << 20)).catch(() => {});
    const large = { ...requested('v2.0.0'), requestedAt: 'x'.repeat(500_000) };
    await expect(messaging.publish('module.requested', large)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('no space left'),
    });
    const seen: string[] = [];
    messaging.subscribe('processor', async ({ version }) => void seen.push(version), { concurrency: 1 });
    await until(() => faults.length > 0 || seen.length > 0);
    await rm(`${disk?.path}/filler`);
    await until(async () => (await messaging.backlog('processor')).depth === 0);
    expect(new Set(seen)).toEqual(new Set(['v1.0.0']));
    await messaging.close();
  });
});
