import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type FixtureModule, syntheticModule, type UpstreamFault } from '../upstream/index.ts';
import { askUntil, get, until, untilIdle } from './client.ts';
import { type Whereabouts, whereIs } from './crash.ts';
import { createRandom } from './random.ts';
import { startService } from './service.ts';
import {
  damagedFiles,
  expectedBytes,
  filesOf,
  kindsOf,
  listedIn,
  nameOf,
  readDeadQueue,
  readQueue,
  unfinished,
} from './stores.ts';
import { openWorld, type World } from './world.ts';

const rounds = 60;
const clients = 8;

/** What is asked for in a round: the name of each module says what becomes of it. */
interface Wanted extends FixtureModule {
  end: Whereabouts;
  /** What may be answered while the service lives. */
  statuses: readonly number[];
  /** At the upstream: the path's extension, the fault, how often. */
  faults: readonly (readonly [string, UpstreamFault, number])[];
}

function wantedIn(round: number): Wanted[] {
  const version = `v1.${round}.0`;
  const make = (name: string, rest: Omit<Wanted, keyof FixtureModule>, size = 20_000): Wanted => ({
    ...syntheticModule(`example.com/${name}`, version, size),
    ...rest,
  });
  const good = { end: 'published', statuses: [200], faults: [] } as const;
  const unavailable = { kind: 'status', status: 503 } as const;
  const wanted = [
    make('good', good),
    make('better', good),
    make('denied', { end: 'rejected', statuses: [403], faults: [] }),
    make('missing', { end: 'told', statuses: [404], faults: [] }),
    make('flaky', {
      end: 'published',
      statuses: [200, 502, 503],
      faults: [
        ['info', { kind: 'reset' }, 1],
        ['zip', { kind: 'truncate', after: 9000 }, 2],
        ['mod', unavailable, 1],
      ],
    }),
  ];
  if (round % 5 === 0) wanted.push(make('large', good, 2 << 20));
  if (round % 5 === 1) {
    wanted.push(make('broken', { end: 'dead-lettered', statuses: [503], faults: [['info', unavailable, Infinity]] }));
  }
  return wanted;
}

const all = Array.from({ length: rounds }, (_, round) => wantedIn(round));

/** What has been seen in the queue or answered for good: it may never be lost again. */
type Accepted = Map<string, Wanted>;

/** Asks for versions of this round, and some of earlier ones, until the service dies. */
async function useService(world: World, round: number, seed: number, accepted: Accepted): Promise<void> {
  const random = createRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  while (world.service.process.exitCode === null && !world.service.process.killed) {
    const wanted = pick(random() < 0.8 ? (all[round] ?? []) : pick(all.slice(0, round + 1)));
    const kind = pick(['info', 'mod', 'zip'] as const);
    const answer = await get(world.urlOf(wanted, kind)).catch(() => undefined); // it died while it answered
    if (answer === undefined) continue;
    expect(wanted.statuses, `${nameOf(wanted)}: ${answer.text.slice(0, 200)}`).toContain(answer.status);
    if (answer.status < 500) accepted.set(nameOf(wanted), wanted);
    if (answer.status === 200) expect(answer.bytes.equals((await expectedBytes(wanted))[kind] as Buffer)).toBe(true);
  }
}

/** Starts the service, has it used, and kills it some time later. */
async function live(world: World, round: number, accepted: Accepted): Promise<void> {
  const random = createRandom(1000 + round);
  if (random() < 0.15) return dieEarly(world, random() * 400);
  await world.restart();
  const using = Array.from({ length: clients }, (_, i) =>
    useService(world, round, 10_000 + round * clients + i, accepted),
  );
  await delay(random() * 400);
  await world.service.kill();
  await Promise.all(using);
  expect(world.service.process.signalCode).toBe('SIGKILL'); // it had not ended by itself
}

/** Kills it while it starts, mostly. */
async function dieEarly({ settings }: World, time: number): Promise<void> {
  const onSpawn = (child: ChildProcess) => setTimeout(() => child.kill('SIGKILL'), time);
  const service = await startService({ settings, onSpawn }).catch(() => undefined);
  await service?.kill();
}

/** After a kill. Returns where it found what is on its way. */
async function check(world: World, accepted: Accepted): Promise<string[]> {
  const queue = await readDeadQueue(world.dataDir);
  const byName = new Map(all.flat().map(wanted => [nameOf(wanted), wanted]));
  for (const { version } of queue) {
    const wanted = byName.get(version);
    if (wanted !== undefined) accepted.set(version, wanted);
  }
  for (const wanted of accepted.values()) {
    const where = await whereIs(world.dataDir, wanted, queue);
    expect(where, nameOf(wanted)).not.toBe('nowhere');
    for (const store of ['published', 'quarantine'] as const) {
      if ((await kindsOf(world.dataDir, store, wanted)).includes('info')) {
        expect(await damagedFiles(world.dataDir, store, wanted)).toEqual([]);
      }
    }
  }
  return queue.filter(({ dead }) => !dead).map(({ subscription }) => subscription);
}

test(`killed ${rounds} times while clients use it, it loses and repeats nothing, and all goes on`, async () => {
  const world = await openWorld({
    modules: all.flat().filter(({ end }) => end !== 'told'),
    settings: { DENY: 'example.com/denied', LEASE: '500ms', MAX_ATTEMPTS: '4', NEGATIVE_TTL: '1s' },
  });
  for (const { path, version, faults } of all.flat()) {
    for (const [kind, fault, times] of faults) world.upstream.setFault(`/${path}/@v/${version}.${kind}`, fault, times);
  }
  const accepted: Accepted = new Map();
  const pending: Record<string, number> = {};
  try {
    await world.service.kill();
    for (let round = 0; round < rounds; round++) {
      await live(world, round, accepted);
      for (const subscription of await check(world, accepted)) pending[subscription] = (pending[subscription] ?? 0) + 1;
    }
    const seen = accepted.size;
    await world.restart();
    await world.operate('replay', '--all'); // a message whose handlers were killed four times is a dead letter, too
    await Promise.all(all.flat().map(wanted => askUntil(world.urlOf(wanted), wanted.statuses[0] ?? 0, 60_000)));
    const isDead = ({ end }: Wanted) => end === 'dead-lettered';
    const settled = () => readQueue(world.dataDir).every(({ dead }) => dead);
    await until('all is settled', settled, 90_000);
    await untilIdle(world.service.admin);
    const queue = readQueue(world.dataDir);
    for (const wanted of all.flat())
      expect([nameOf(wanted), await whereIs(world.dataDir, wanted, queue)]).toEqual([nameOf(wanted), wanted.end]);

    const good = all.flat().filter(({ end }) => end === 'published');
    for (const wanted of good) expect(await damagedFiles(world.dataDir, 'published', wanted)).toEqual([]);
    const listed = listedIn((await get(`${world.service.url}/index`)).text);
    expect(listed.toSorted()).toEqual(good.map(nameOf).toSorted());
    expect((await world.operate('alarms')).out).toBe('There are no alarms.\n');
    await until('nothing unfinished is left', async () => (await unfinished(world.dataDir)).length === 0);
    expect(await filesOf(world.dataDir, 'quarantine')).toEqual([]);

    world.upstream.clearFaults();
    await world.operate('replay', '--all');
    for (const wanted of all.flat().filter(isDead)) await askUntil(world.urlOf(wanted), 200);
    console.log(
      `${rounds} kills, ${seen} of ${all.flat().length} versions accepted before the last; pending when killed:`,
      pending,
    );
  } finally {
    await world.close();
  }
});
