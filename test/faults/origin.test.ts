import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FixtureModule, syntheticModule } from '../upstream/index.ts';
import { askUntil, get, metric, until, untilIdle } from './client.ts';
import { absent, type Case, passing, pathOf, size, wrong } from './origin-cases.ts';
import { expectSentence } from './sentence.ts';
import { damagedFiles, filesOf, kindsOf, nameOf, outcomeOf, readQueue, unfinished } from './stores.ts';
import { openWorld, type World } from './world.ts';

const cases = [...passing, ...absent, ...wrong];
const modules = cases.flatMap(each =>
  ['v1.0.0', 'v1.1.0'].map(version => syntheticModule(pathOf(each), version, size)),
);

let world: World;
beforeAll(async () => {
  world = await openWorld({
    modules: [...modules, syntheticModule('example.com/other', 'v1.5.0', 1000)],
    settings: { ORIGIN_TIMEOUT: '800ms', ORIGIN_CONCURRENCY: '200', NEGATIVE_TTL: '1500ms', MAX_ATTEMPTS: '2' },
  });
});
afterAll(() => world.close());

function moduleOf(each: Case, version: string): FixtureModule {
  const found = modules.find(module => module.path === pathOf(each) && module.version === version);
  if (found === undefined) throw new Error('there is no such module');
  return found;
}

/** Returns the repair. */
function breakIt(each: Case, { path, version }: FixtureModule): () => void {
  const removals = each.faults.map(([kind, fault]) => world.upstream.setFault(`/${path}/@v/${version}.${kind}`, fault));
  return () => {
    for (const remove of removals) remove();
  };
}

async function expectNothingKept(module: FixtureModule): Promise<void> {
  expect(await kindsOf(world.dataDir, 'published', module)).toEqual([]);
  expect(await kindsOf(world.dataDir, 'quarantine', module)).toEqual([]);
}

async function expectPublished(module: FixtureModule): Promise<void> {
  await until(`${nameOf(module)} is settled`, async () => {
    const left = await kindsOf(world.dataDir, 'quarantine', module);
    return left.length === 0 && (await outcomeOf(world.dataDir, module)) === undefined;
  });
  expect(await kindsOf(world.dataDir, 'published', module)).toEqual(['info', 'mod', 'zip']);
  expect(await damagedFiles(world.dataDir, 'published', module)).toEqual([]);
}

/** The id of the version's only dead letter, as an operator reads it. */
async function deadLetterOf(module: FixtureModule): Promise<string> {
  const isDead = () => readQueue(world.dataDir).some(({ version, dead }) => dead && version === nameOf(module));
  await until(`${nameOf(module)} is a dead letter`, isDead, 60_000);
  const { out } = await world.operate('dead-letters');
  const letters = [...out.matchAll(new RegExp(`^processor (\\d+)  ${nameOf(module)}  of .*, 2 attempts: .+`, 'gm'))];
  expect(letters).toHaveLength(1);
  return letters[0]?.[1] ?? '';
}

test.concurrent.for(passing)('an origin that $does is unavailable for now; served when that is over', async each => {
  const module = moduleOf(each, 'v1.1.0');
  const repair = breakIt(each, module);
  expectSentence(await get(world.urlOf(module)), each.kind, each.says);
  expect(await outcomeOf(world.dataDir, module)).toMatchObject({ kind: each.kind });
  await expectNothingKept(module);
  repair();
  const answers = await askUntil(world.urlOf(module), 200);
  expect(answers.map(answer => answer.status)).not.toContain(404);
  await expectPublished(module);
});

test.concurrent.for(passing)('an origin that $does for long makes a dead letter, which can be replayed', async each => {
  const module = moduleOf(each, 'v1.0.0');
  const repair = breakIt(each, module);
  expectSentence(await get(world.urlOf(module)), each.kind, each.says);
  const id = await deadLetterOf(module);
  await expectNothingKept(module);
  repair();
  expect(await world.operate('replay', 'processor', id)).toMatchObject({ status: 0 });
  await askUntil(world.urlOf(module), 200);
  await expectPublished(module);
});

test.concurrent.for(absent)('an origin that $does is believed, and not asked again until NEGATIVE_TTL', async each => {
  const module = moduleOf(each, 'v1.0.0');
  const repair = breakIt(each, module);
  const asked = () => world.upstream.requests.count(path => path.startsWith(`/${module.path}/`));
  expectSentence(await get(world.urlOf(module)), each.kind, each.says);
  const before = asked();
  expectSentence(await get(world.urlOf(module)), each.kind, each.says);
  expect(asked()).toBe(before);
  expect(await outcomeOf(world.dataDir, module)).toMatchObject({ kind: each.kind, until: expect.any(String) });
  await expectNothingKept(module);
  repair();
  await askUntil(world.urlOf(module), 200);
  await expectPublished(module);
});

test.concurrent.for(wrong)('an origin that $does is refused by a rule until an operator asks again', async each => {
  const module = moduleOf(each, 'v1.0.0');
  const repair = breakIt(each, module);
  expectSentence(await get(world.urlOf(module)), each.kind, each.says);
  const outcome = await outcomeOf(world.dataDir, module);
  expect(outcome).toMatchObject({ kind: 'refused', reasons: [{ rule: each.says.source.split(': ')[1] }] });
  expect(outcome?.until).toBeUndefined();
  await until('quarantine is clean', async () => (await kindsOf(world.dataDir, 'quarantine', module)).length === 0);
  await expectNothingKept(module);
  repair();
  expectSentence(await get(world.urlOf(module)), each.kind, each.says);
  expect(await world.operate('recheck', nameOf(module))).toMatchObject({ status: 0 });
  await askUntil(world.urlOf(module), 200);
  await expectPublished(module);
});

test('all of that leaves nothing unfinished behind, no dead letter and no alarm', async () => {
  await untilIdle(world.service.admin);
  expect(await unfinished(world.dataDir)).toEqual([]);
  expect(await filesOf(world.dataDir, 'quarantine')).toEqual([]);
  expect(await metric(world.service.admin, 'gocenter_dead_letters', '{subscription="processor"}')).toBe(0);
  expect((await world.operate('alarms')).out).toBe('There are no alarms.\n');
});
