import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FixtureModule, syntheticModule } from '../upstream/index.ts';
import { get, until, untilIdle } from './client.ts';
import { callsOf, crashOf, preload, requestUntilCrash, restartArmable, type Whereabouts, whereIs } from './crash.ts';
import { startService } from './service.ts';
import { damagedFiles, filesOf, kindsOf, listedIn, nameOf, outcomeOf, readDeadQueue, unfinished } from './stores.ts';
import { makeFolder, openWorld, type World } from './world.ts';

/** More than there are calls on any way. */
const enough = 250;
const versions = (name: string) =>
  Array.from({ length: enough }, (_, i) => syntheticModule(`example.com/${name}`, `v1.${i}.0`, 20_000));
const good = versions('good');
const denied = versions('denied');

interface Way {
  /** The versions to ask for, one a round. */
  modules: readonly FixtureModule[];
  /** Where each must be in the end. */
  end: Whereabouts;
  /** Calls that must have been among those before which it died. */
  steps: readonly string[];
}

const fetching = ['zip', 'origin', 'mod', 'info'].map(kind => `rename quarantine/*/@v/v*.${kind}`);
const cleaning = ['info', 'mod', 'zip', 'origin'].map(kind => `unlink quarantine/*/@v/v*.${kind}`);

const ways: Record<string, Way> = {
  'a version that is published': {
    modules: good,
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
  'a version that is rejected': {
    modules: denied,
    end: 'rejected',
    steps: [...fetching, 'rename records/modules/*/@v/v*/outcome.json', ...cleaning, 'rm tmp/*'],
  },
  'a version that does not exist': {
    modules: versions('missing'),
    end: 'told',
    steps: ['commit of the queue', 'rename records/modules/*/@v/v*/outcome.json'],
  },
};

/** Nothing of what the version went through is left but its end. */
async function expectSettled(world: World, module: FixtureModule, way: Way): Promise<void> {
  const { dataDir } = world;
  expect(await kindsOf(dataDir, 'quarantine', module)).toEqual([]);
  expect(await kindsOf(dataDir, 'published', module)).toEqual(way.end === 'published' ? ['info', 'mod', 'zip'] : []);
  if (way.end === 'published') expect(await damagedFiles(dataDir, 'published', module)).toEqual([]);
  const kind = (await outcomeOf(dataDir, module))?.kind;
  expect(kind).toBe({ published: undefined, rejected: 'refused', told: 'not-found' }[way.end as 'published']);
}

/** After a kill: what is complete is whole, and what was accepted is not lost. */
async function whereAfterKill(world: World, module: FixtureModule): Promise<Whereabouts> {
  for (const store of ['quarantine', 'published'] as const) {
    const complete = (await kindsOf(world.dataDir, store, module)).includes('info');
    if (complete) expect(await damagedFiles(world.dataDir, store, module)).toEqual([]);
  }
  return whereIs(world.dataDir, module, await readDeadQueue(world.dataDir));
}

describe('killed with SIGKILL before each call that changes its data', () => {
  test.concurrent.for(Object.entries(ways))('on the way of %s', async ([name, way]) => {
    const world = await openWorld({
      modules: [...good, ...denied],
      settings: { DENY: 'example.com/denied', LEASE: '500ms', MAX_ATTEMPTS: '100' },
    });
    const died: string[] = [];
    const found: Record<string, number> = {};
    let survived = 0;
    let round = 0;
    try {
      await world.service.kill();
      for (; survived < 2; round++) {
        const module = way.modules[round];
        if (module === undefined) throw new Error(`there are more than ${enough} calls`);
        await restartArmable(world);
        const crash = await requestUntilCrash(world, module, round + 1);
        if (crash === undefined) survived += 1;
        else died.push(crash.at);
        if (crash === undefined) await world.service.kill();

        const where = await whereAfterKill(world, module);
        found[where] = (found[where] ?? 0) + 1;
        expect(where, `killed before ${crash?.at}`).not.toBe('lost');
        // What was accepted ends as it must without being asked for again.
        await restartArmable(world);
        if (where === 'untouched') await get(world.urlOf(module));
        await untilIdle(world.service.admin);
        await until('nothing unfinished is left', async () => (await unfinished(world.dataDir)).length === 0);
        await expectSettled(world, module, way).catch(error => {
          throw new Error(`killed before ${crash?.at} (call ${round + 1}): ${error.message}`, { cause: error });
        });
        await world.service.kill();
      }
      await restartArmable(world);
      expect([...new Set(died)]).toEqual(expect.arrayContaining([...way.steps]));
      const listed = await listedIn((await get(`${world.service.url}/index`)).text);
      expect(listed).toEqual(way.end === 'published' ? way.modules.slice(0, round).map(nameOf) : []);
      expect((await world.operate('alarms')).out).toBe('There are no alarms.\n');
      expect((await world.operate('dead-letters')).out).toBe('There are no dead letters.\n');
      expect(await filesOf(world.dataDir, 'quarantine')).toEqual([]);
      console.log(`${name}: died ${died.length} times, before ${new Set(died).size} kinds of call;`, found);
    } finally {
      await world.close();
    }
  });
});
