import { rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashGoMod } from '../../services/gomod/dirhash.ts';
import { readModuleZip } from '../../services/gomod/zip.ts';
import { versionKey } from '../../services/records/index.ts';
import { createSigner, TestLog } from '../sumdb/log.ts';
import { type FixtureModule, goModOf, syntheticModule } from '../upstream/index.ts';
import { askUntil, get, metric, until, untilIdle } from './client.ts';
import { expectSentence } from './sentence.ts';
import { damagedFiles, expectedBytes, filesOf, kindsOf, nameOf, outcomeOf, unfinished } from './stores.ts';
import { openWorld, type World } from './world.ts';

const named = (name: string) => syntheticModule(`example.com/${name}`, 'v1.0.0', 20_000);
const kept = named('kept');
const same = named('same');
const gone = named('gone');
const lost = named('lost');
const torn = named('torn');
const half = named('half');
const proven = named('proven');
const disproven = named('disproven');
const early = named('early');
const modules = [kept, same, gone, lost, torn, half, proven, disproven, early];

/** A checksum database that has the true hashes of every module. */
const database = new TestLog(0, createSigner('sumdb.test'));
const databaseSettings = { SUMDB: `sumdb.test+${database.signer.verifierKey.split('+').slice(1).join('+')}` };

let world: World;
beforeAll(async () => {
  const read = async (path: string) => (path === 'latest' ? Buffer.from(database.note()) : database.read(path));
  world = await openWorld({
    modules,
    sumdb: { name: 'sumdb.test', read: path => read(path).catch(() => undefined) },
    settings: { HOT_CACHE_BYTES: '0' }, // so that every answer is of what the store holds
  });
});
afterAll(() => world.close());

const pathsOf = ({ path }: FixtureModule) => new RegExp(`^/${path}/@v/v1`);

/** Publishes the module as it is, then changes it at the origin. */
async function publishThenChange(module: FixtureModule): Promise<void> {
  expect((await get(world.urlOf(module))).status).toBe(200);
  await untilIdle(world.service.admin);
  world.upstream.setFault(pathsOf(module), { kind: 'changed' });
}

async function recheck(module: FixtureModule): Promise<void> {
  expect(await world.operate('recheck', nameOf(module))).toMatchObject({ status: 0 });
  await untilIdle(world.service.admin);
}

/** What `alarms` says of the module, a line each. */
async function alarmsOf(module: FixtureModule): Promise<string[]> {
  const { out } = await world.operate('alarms');
  return out.split('\n').filter(line => line.includes(nameOf(module)));
}

const counted = (reason: string) => metric(world.service.admin, 'gocenter_alarms_total', `{reason="${reason}"}`);

/** Alarms in the log of the running process. */
async function loggedAlarm(module: FixtureModule): Promise<void> {
  const isAlarm = (line: Record<string, unknown>) =>
    line.severity === 'ERROR' && line.module === module.path && String(line.message).startsWith('alarm: ');
  await until(`the log has an alarm of ${nameOf(module)}`, () => world.service.log.some(isAlarm));
}

async function expectServedAsPublished(module: FixtureModule): Promise<void> {
  for (const [kind, bytes] of Object.entries(await expectedBytes(module))) {
    const answer = await get(world.urlOf(module, kind as 'zip'));
    expect([kind, answer.status, answer.bytes.equals(bytes)]).toEqual([kind, 200, true]);
  }
  expect(await damagedFiles(world.dataDir, 'published', module)).toEqual([]);
  expect(await kindsOf(world.dataDir, 'quarantine', module)).toEqual([]);
}

test('changed bytes of a published version are an alarm when rechecked, and the published ones stay', async () => {
  await publishThenChange(kept);
  const before = await counted('changed-bytes');
  await expectServedAsPublished(kept); // nobody has asked the origin
  await recheck(kept);
  expect(await alarmsOf(kept)).toEqual([expect.stringContaining('gives the zip h1:')]);
  expect(await counted('changed-bytes')).toBe(before + 1);
  await loggedAlarm(kept);
  await expectServedAsPublished(kept);
  expect(await outcomeOf(world.dataDir, kept)).toBeUndefined();
});

test('the same bytes are no alarm when rechecked', async () => {
  expect((await get(world.urlOf(same))).status).toBe(200);
  await recheck(same);
  expect(await alarmsOf(same)).toEqual([]);
  await expectServedAsPublished(same);
});

test('a version that its origin has withdrawn stays published when rechecked', async () => {
  expect((await get(world.urlOf(gone))).status).toBe(200);
  world.upstream.setFault(pathsOf(gone), { kind: 'status', status: 410 });
  await recheck(gone);
  await expectServedAsPublished(gone);
  expect(await outcomeOf(world.dataDir, gone)).toBeUndefined();
});

test('changed bytes are an alarm also when records and quarantine were lost', async () => {
  await publishThenChange(lost);
  await world.service.kill();
  for (const store of ['records', 'quarantine']) await rm(join(world.dataDir, store), { recursive: true });
  await world.restart();
  await expectServedAsPublished(lost);
  await recheck(lost);
  expect(await alarmsOf(lost)).toEqual([expect.stringContaining('gives the zip h1:')]);
  expect(await counted('changed-bytes')).toBe(1);
  await loggedAlarm(lost);
  await expectServedAsPublished(lost);
});

test('changed bytes never join those of a version that was half published when all but the store was lost', async () => {
  await publishThenChange(torn);
  await world.service.kill();
  await unlink(join(world.dataDir, 'published', `${versionKey(torn.path, torn.version)}.info`));
  for (const store of ['records', 'quarantine']) await rm(join(world.dataDir, store), { recursive: true });
  await world.restart();
  expectSentence(await get(world.urlOf(torn)), 'refused', /^refused: published-bytes: /);
  expect(await alarmsOf(torn)).toHaveLength(1);
  expect(await counted('changed-bytes')).toBe(1);
  expect(await kindsOf(world.dataDir, 'published', torn)).toEqual(['mod', 'zip']);
});

test('changed bytes never join those of a version that was half published; the old ones complete it', async () => {
  await publishThenChange(half);
  await world.service.kill();
  await unlink(join(world.dataDir, 'published', `${versionKey(half.path, half.version)}.info`));
  await world.restart();
  expectSentence(await get(world.urlOf(half)), 'refused', /^refused: first-seen-hash: /);
  expect(await alarmsOf(half)).toHaveLength(1);
  expect(await kindsOf(world.dataDir, 'published', half)).toEqual(['mod', 'zip']);
  world.upstream.clearFaults();
  await recheck(half);
  await askUntil(world.urlOf(half), 200);
  await expectServedAsPublished(half);
});

test('bytes that the checksum database does not prove are an alarm and refused, and no others are; what is published stays', async () => {
  expect((await get(world.urlOf(early))).status).toBe(200);
  await untilIdle(world.service.admin);
  for (const module of modules) {
    const { path, version } = module;
    // The database has known other bytes of the version that was published without it.
    const zip = module === early ? `h1:${Buffer.alloc(32).toString('base64')}` : await hashOf(module);
    const goMod = hashGoMod(Buffer.from(goModOf(module)));
    database.add(`${path} ${version} ${zip}\n${path} ${version}/go.mod ${goMod}\n`);
  }
  expect(await world.service.stop()).toBe(0);
  await world.restart(databaseSettings);
  world.upstream.setFault(pathsOf(disproven), { kind: 'changed' });

  expect((await get(world.urlOf(proven))).status).toBe(200);
  await expectServedAsPublished(proven);

  expectSentence(await get(world.urlOf(disproven)), 'refused', /^refused: checksum-database: /);
  expect(await alarmsOf(disproven)).toHaveLength(1);
  expect(await counted('checksum-mismatch')).toBe(1);
  await loggedAlarm(disproven);
  expect(await kindsOf(world.dataDir, 'published', disproven)).toEqual([]);

  await recheck(early);
  expect(await alarmsOf(early)).toHaveLength(1);
  expect(await counted('checksum-mismatch')).toBe(2);
  await expectServedAsPublished(early);

  // The true bytes pass.
  world.upstream.clearFaults();
  await recheck(disproven);
  await askUntil(world.urlOf(disproven), 200);
  await expectServedAsPublished(disproven);
  await untilIdle(world.service.admin);
  expect(await unfinished(world.dataDir)).toEqual([]);
  expect(await filesOf(world.dataDir, 'quarantine')).toEqual([]);
});

/** The h1 hash of the module's zip; that the services' own is right is proven against Go elsewhere. */
async function hashOf(module: FixtureModule): Promise<string> {
  const { path, version } = module;
  const file = join(world.dataDir, '..', 'module.zip');
  const { zip = Buffer.alloc(0) } = await expectedBytes(module);
  await writeFile(file, zip);
  return (await readModuleZip(file, path, version)).hash;
}
