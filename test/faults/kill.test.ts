import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type FixtureModule, syntheticModule } from '../upstream/index.ts';
import { get, until, untilIdle } from './client.ts';
import { pointsOf, requestUntilDeath, restartMortal, type Whereabouts, whereIs } from './crash.ts';
import { damagedFiles, filesOf, kindsOf, listedIn, nameOf, outcomeOf, readDeadQueue, unfinished } from './stores.ts';
import { openWorld, type World } from './world.ts';

/** Versions of modules of their own, so that each makes its folders; more than there are points on any way. */
const enough = 150;
const versionsOf = (name: string) =>
  Array.from({ length: enough }, (_, i) => syntheticModule(`example.com/${name}/m${i}`, 'v1.0.0', 20_000));
const good = versionsOf('good');
const denied = versionsOf('denied');

interface Way {
  name: string;
  /** One for each death. */
  versions: readonly FixtureModule[];
  /** Where every one of them must be in the end. */
  end: Whereabouts;
  /** Calls that it must have died before. */
  steps: readonly string[];
}

const fetching = ['zip', 'origin', 'mod', 'info'].map(kind => `rename quarantine/*/@v/v*.${kind}`);
const cleaning = ['info', 'mod', 'zip', 'origin'].map(kind => `unlink quarantine/*/@v/v*.${kind}`);

const ways: readonly Way[] = [
  {
    name: 'a version that is published',
    versions: good,
    end: 'published',
    steps: [
      'commit of the queue',
      ...fetching,
      'mkdtemp tmp/*',
      'link records/modules/*/@v/v*/hash',
      'link published/*/@v/v*.zip',
      'link published/*/@v/v*.mod',
      'rename records/modules/*/@v/v*/provenance.json',
      'link records/index/*',
      'link published/*/@v/v*.info',
      ...cleaning,
      'rename records/modules/*/@v/v*/log/*',
      'rm tmp/*',
    ],
  },
  {
    name: 'a version that is rejected',
    versions: denied,
    end: 'rejected',
    steps: [...fetching, 'rename records/modules/*/@v/v*/outcome.json', ...cleaning, 'rm tmp/*'],
  },
  {
    name: 'a version that does not exist',
    versions: versionsOf('missing'),
    end: 'told',
    steps: ['commit of the queue', 'rename records/modules/*/@v/v*/outcome.json'],
  },
];

const open = () =>
  openWorld({
    modules: [...good, ...denied],
    settings: { DENY: 'example.com/denied', LEASE: '500ms', MAX_ATTEMPTS: '100' },
  });

/** What is complete is whole at any time. */
async function expectNothingTorn({ dataDir }: World, version: FixtureModule): Promise<void> {
  for (const store of ['quarantine', 'published'] as const) {
    const complete = (await kindsOf(dataDir, store, version)).includes('info');
    if (complete) expect(await damagedFiles(dataDir, store, version)).toEqual([]);
  }
}

/** Of what it went through, nothing is left but the end. */
async function expectSettled(world: World, version: FixtureModule, { end }: Way): Promise<void> {
  const { dataDir } = world;
  await untilIdle(world.service.admin);
  await until('nothing unfinished is left', async () => (await unfinished(dataDir)).length === 0);
  await expectNothingTorn(world, version);
  expect(await whereIs(dataDir, version, [])).toBe(end);
  expect(await kindsOf(dataDir, 'published', version)).toEqual(end === 'published' ? ['info', 'mod', 'zip'] : []);
  expect(await kindsOf(dataDir, 'quarantine', version)).toEqual([]);
  if (end === 'published') expect(await outcomeOf(dataDir, version)).toBeUndefined();
}

/** Where it can die while it works on the way: the points of a run that survives. */
async function survive(world: World, way: Way, version: FixtureModule): Promise<string[]> {
  if (await requestUntilDeath(world, version, '')) throw new Error('it died by itself');
  await expectSettled(world, version, way);
  return pointsOf(world.service);
}

/** Dies at each point in turn, each time with another version; what it left is finished by the next process. */
async function dieEverywhere(world: World, way: Way): Promise<void> {
  const [first, second, ...rest] = way.versions;
  if (first === undefined || second === undefined) throw new Error('there are no versions');
  await world.service.kill();
  await restartMortal(world);
  await survive(world, way, first); // only the first makes some folders
  const points = await survive(world, way, second);
  const died: string[] = [];
  const found: Record<string, number> = {};

  for (const [i, dieAt] of points.entries()) {
    const version = rest[i];
    if (version === undefined) throw new Error(`there are more points than versions: ${points.length}`);
    const dead = await requestUntilDeath(world, version, dieAt);
    if (!dead) await world.service.kill(); // the point was of calls that happen only when others are slow
    await expectNothingTorn(world, version);
    const where = await whereIs(world.dataDir, version, await readDeadQueue(world.dataDir));
    await restartMortal(world);
    try {
      // Nobody has been promised anything before the request was in the queue; all else ends without being asked again.
      if (where === 'nowhere') {
        expect(dieAt).toBe('commit of the queue#1');
        await get(world.urlOf(version));
      }
      await expectSettled(world, version, way);
    } catch (error) {
      throw new Error(`killed before ${dieAt}: ${(error as Error).message}`, { cause: error });
    }
    if (!dead) continue;
    died.push(dieAt.replace(/#.*/, ''));
    found[where] = (found[where] ?? 0) + 1;
  }
  expect(died).toEqual(expect.arrayContaining([...way.steps]));
  const asked = way.versions.slice(0, points.length + 2).map(nameOf);
  const listed = listedIn((await get(`${world.service.url}/index`)).text);
  expect(listed).toEqual(way.end === 'published' ? asked : []);
  console.log(`${way.name}: killed at ${died.length} of ${points.length} points; then it was`, found);
}

test.concurrent.for(ways)(
  'killed before each change of its data on the way of $name, it loses and repeats nothing',
  async way => {
    const world = await open();
    try {
      await dieEverywhere(world, way);
      expect((await world.operate('alarms')).out).toBe('There are no alarms.\n');
      expect((await world.operate('dead-letters')).out).toBe('There are no dead letters.\n');
      expect(await filesOf(world.dataDir, 'quarantine')).toEqual([]);
    } finally {
      await world.close();
    }
  },
);

test.concurrent('killed before each change of its data on its first start, it starts', async () => {
  const world = await open();
  try {
    await world.service.kill();
    await rm(world.dataDir, { recursive: true });
    await restartMortal(world, '');
    const points = await pointsOf(world.service);
    expect(points).toContain('mkdir published/.tmp#1');
    for (const dieAt of points) {
      await world.service.kill();
      await rm(world.dataDir, { recursive: true, force: true });
      await expect(restartMortal(world, dieAt)).rejects.toThrow(`killed before ${dieAt}`);
      await restartMortal(world);
      expect((await get(`${world.service.admin}/readyz`)).status).toBe(200);
    }
    const [version] = good;
    if (version !== undefined) expect((await get(world.urlOf(version))).status).toBe(200);
    console.log(`first start: killed at ${points.length} points`);
  } finally {
    await world.close();
  }
});
