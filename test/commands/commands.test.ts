import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSqliteCatalogue } from '../../services/catalogue/sqlite.ts';
import { commands, currentUser } from '../../services/commands/index.ts';
import { Fault } from '../../services/errors.ts';
import { subscriptions } from '../../services/messaging/topics.ts';
import { createWatches } from '../../services/notifier/watches.ts';
import { readOutcome, readRelease, writeAlarm, writeOutcome } from '../../services/records/index.ts';
import { handle, hello, openWorld, toolsOf, until, type World } from '../validator/helpers.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({ DENY: 'example.com/denied', COOLDOWN: '1d' });
});
afterEach(() => world.close());

/** Runs a command line and says its exit status and what it printed. */
async function run(name: string, ...argv: string[]): Promise<{ exit: number; lines: string[] }> {
  let text = '';
  const out = {
    write(chunk: string) {
      text += chunk;
    },
  };
  const { published, quarantine, records, watched: messaging } = world;
  const openCatalogue = () => createSqliteCatalogue({ file: join(world.root, 'catalogue.sqlite') });
  const deps = {
    published,
    quarantine,
    records,
    messaging,
    openCatalogue,
    migrateCatalogue: async () => undefined,
    openAnalytics: () => Promise.reject(new Fault('unavailable', 'nothing is counted here')),
    resolve: () => Promise.reject(new Error('not needed')),
    out,
    now: () => world.clock,
    user: () => 'ann',
  };
  const command = commands.find(each => each.name === name);
  if (command === undefined) throw new Error(`there is no command ${name}`);
  const exit = await command.run(deps, argv);
  return { exit, lines: text.split('\n').slice(0, -1) };
}

const name = 'example.com/hello@v1.0.0';
const denied = {
  ...hello,
  path: 'example.com/denied',
  files: { ...hello.files, 'go.mod': 'module example.com/denied\n' },
};
const deniedName = 'example.com/denied@v1.0.0';

async function judged(module = hello): Promise<void> {
  await world.quarantined(module);
  await handle(toolsOf(world), module);
  world.sent.length = 0;
}

const requested = (module: string, more: object = {}) => ({
  topic: 'module.requested',
  message: { v: 1, module, version: 'v1.0.0', by: 'operator', requestedAt: world.clock.toISOString(), ...more },
});

describe('every command', () => {
  test('has a name of its own, a usage and a sentence', () => {
    expect(new Set(commands.map(each => each.name)).size).toBe(commands.length);
    for (const { about } of commands) expect(about).toMatch(/^[A-Z].*\.$/);
    expect(currentUser()).not.toBe('');
  });

  test.each([
    ['status', [], 'status: a module and its version are missing', 'usage: status <module>@<version>'],
    ['status', ['a.test/m'], 'status: "a.test/m" must be written <module>@<version>', undefined],
    ['status', ['a.test/m@v1.0.0', 'b'], 'status: only one version can be given; "b" is too much', undefined],
    ['log', ['a.test/m@v1.0.0+x'], 'log: v1.0.0+x is not canonical: write v1.0.0', undefined],
    ['release', [name], 'release: a --reason is missing: it is kept with the version', undefined],
    ['release', [name, '--reason', ' '], 'release: a --reason is missing: it is kept with the version', undefined],
    ['request', [], 'request: a module and its version are missing', 'usage: request <module>@<version>…'],
    ['replay', [], 'replay: give the id of one dead letter, or --all', 'usage: replay [<subscription>] <id>|--all'],
    ['replay', ['validator', '1', '--all'], 'replay: give the id of one dead letter, or --all', undefined],
    [
      'dead-letters',
      ['proxy'],
      `dead-letters: give one of ${Object.keys(subscriptions).join(', ')}, or nothing`,
      'usage: dead-letters [<subscription>]',
    ],
    ['alarms', ['x'], 'alarms: "x" is too much', 'usage: alarms [--json]'],
  ])('%s %j is answered with what is wrong and the usage', async (command, argv, sentence, usage) => {
    const { exit, lines } = await run(command, ...argv);
    expect(exit).toBe(2);
    expect(lines[0]).toBe(sentence);
    expect(lines[1]).toMatch(/^usage: /);
    if (usage !== undefined) expect(lines[1]).toBe(usage);
    expect(world.sent).toEqual([]);
  });

  test.each([['v1'], ['--verbose'], ['a b@v1.0.0'], ['a.test/m@v1'], ['A.test/m@v1.0.0'], ['a.test/m/v2@v1.0.0']])(
    'refuses %j as a version',
    async text => {
      for (const command of ['status', 'log', 'recheck', 'request']) expect((await run(command, text)).exit).toBe(2);
      expect((await run('release', text, '--reason', 'why')).exit).toBe(2);
    },
  );

  test('prints control characters of others escaped', async () => {
    const outcome = {
      kind: 'refused' as const,
      message: 'zip-well-formed: \u001b[2Jevil\u009b',
      reasons: [],
      at: '2026-01-01T00:00:00Z',
    };
    await writeOutcome(world.records, hello.path, hello.version, outcome);
    const { lines } = await run('status', name);
    expect(lines).toEqual([`${name} is rejected since 2026-01-01T00:00:00Z: zip-well-formed: \\u001b[2Jevil\\u009b`]);
  });
});

describe('status', () => {
  test('of a published version says all of its provenance', async () => {
    await judged();
    const { exit, lines } = await run('status', name);
    expect(exit).toBe(0);
    expect(lines).toEqual([
      `${name} is published since 2026-06-01T12:00:00.000Z`,
      `${name} was given by https://origin.test, requested at 2026-06-01T11:59:00.000Z`,
      expect.stringMatching(/has the zip h1:\S+ and the go\.mod h1:\S+$/),
      expect.stringMatching(/passed size-limits, path-and-version, .*, cooldown$/),
    ]);
  });

  test('of rejected, missing, waiting and unknown versions', async () => {
    await judged(denied);
    expect((await run('status', deniedName)).lines).toEqual([
      `${deniedName} is rejected since 2026-06-01T12:00:00.000Z: deny-list: ${deniedName} is on the list of denied modules`,
    ]);
    const missing = { kind: 'not-found' as const, message: 'no origin has it', at: '2026-06-01T12:00:00.000Z' };
    await writeOutcome(world.records, 'a.test/m', 'v1.0.0', { ...missing, until: '2026-06-01T12:10:00.000Z' });
    expect((await run('status', 'a.test/m@v1.0.0')).lines).toEqual([
      'a.test/m@v1.0.0 is not-found since 2026-06-01T12:00:00.000Z (until 2026-06-01T12:10:00.000Z): no origin has it',
    ]);
    expect((await run('status', name)).lines).toEqual([`${name} is not known here, or waits to be fetched`]);
    await world.quarantined(hello);
    expect((await run('status', name)).lines).toEqual([
      expect.stringMatching(/ waits in quarantine since \S+ to be checked$/),
    ]);
  });
});

describe('release', () => {
  test('of a rejected version is recorded, published with what it overruled, and shown', async () => {
    await judged(denied);
    world.clock = new Date(world.clock.getTime() + 1000);
    const { exit, lines } = await run('release', deniedName, '--reason', 'audited');
    expect(lines).toEqual([
      `${deniedName} is released by ann, overruling: deny-list: ${deniedName} is on the list of denied modules`,
      'It is requested; see its status in a moment.',
    ]);
    expect(exit).toBe(0);
    expect(world.sent).toEqual([requested('example.com/denied')]);
    expect(await readOutcome(world.records, denied.path, denied.version, world.clock)).toBeUndefined();
    expect(await readRelease(world.records, denied.path, denied.version)).toMatchObject({
      at: '2026-06-01T12:00:01.000Z',
      by: 'ann',
      reason: 'audited',
      outcome: { kind: 'refused', reasons: [{ rule: 'deny-list' }] },
    });
    await judged(denied);
    expect((await run('status', deniedName)).lines).toEqual(
      expect.arrayContaining([
        `${deniedName} was refused by deny-list, which was overruled`,
        `${deniedName} was released by ann at 2026-06-01T12:00:01.000Z: audited`,
      ]),
    );
  });

  test('that was interrupted before its request is taken up again', async () => {
    await judged(denied);
    await run('release', deniedName, '--reason', 'audited');
    world.sent.length = 0;
    const { exit, lines } = await run('release', deniedName, '--reason', 'again');
    expect([exit, lines]).toEqual([
      0,
      [`${deniedName} was released by ann at 2026-06-01T12:00:00.000Z already. It is requested again.`],
    ]);
    expect(world.sent).toEqual([requested('example.com/denied')]);
  });

  test('is refused when there is nothing to release', async () => {
    const why = ['--reason', 'why'];
    expect(await run('release', name, ...why)).toEqual({
      exit: 1,
      lines: [`There is nothing to release: ${name} is not rejected.`],
    });
    await judged();
    expect(await run('release', name, ...why)).toEqual({
      exit: 1,
      lines: [`There is nothing to release: ${name} is published.`],
    });
    expect(world.sent).toEqual([]);
  });

  test('is refused for what an origin forbids, which may be requested again', async () => {
    const outcome = { kind: 'refused' as const, message: 'the origin forbids it', at: '2026-06-01T12:00:00.000Z' };
    await writeOutcome(world.records, hello.path, hello.version, outcome);
    expect((await run('release', name, '--reason', 'why')).lines).toEqual([
      `There is nothing to release: ${name} is not rejected.`,
    ]);
    expect((await run('status', name)).lines).toEqual([
      `${name} is refused since 2026-06-01T12:00:00.000Z: the origin forbids it`,
    ]);
    expect(await run('request', name)).toEqual({ exit: 0, lines: [`${name} is requested.`] });
  });

  test('is refused when nobody can overrule the rule', async () => {
    await judged({ ...hello, gomod: 'module example.com/other\n' });
    expect(await run('release', name, '--reason', 'why')).toEqual({
      exit: 1,
      lines: [
        `${name} can't be released: nobody can overrule go-mod-agrees. It refused because: its .mod differs from the go.mod in its zip`,
      ],
    });
    expect(world.sent).toEqual([]);
    expect(await readRelease(world.records, hello.path, hello.version)).toBeUndefined();
  });
});

test('recheck asks for the version to be fetched again and compared', async () => {
  await judged();
  expect(await run('recheck', name)).toEqual({
    exit: 0,
    lines: [`${name} is requested; the result will be in its log.`],
  });
  expect(world.sent).toEqual([requested('example.com/hello', { recheck: true })]);
});

test('request asks for what is not here, and says what is rejected', async () => {
  await judged();
  await judged(denied);
  expect(await run('request', name, deniedName, 'a.test/m@v1.0.0', 'a.test/n@v1.0.0')).toEqual({
    exit: 1,
    lines: [
      `${name} is published already.`,
      `${deniedName} is rejected: deny-list: ${deniedName} is on the list of denied modules`,
      'a.test/m@v1.0.0 is requested.',
      'a.test/n@v1.0.0 is requested.',
    ],
  });
  expect(world.sent).toEqual([requested('a.test/m'), requested('a.test/n')]);
  world.sent.length = 0;
  expect((await run('request', 'a.test/m@v1.0.0', 'bad')).exit).toBe(2);
  expect(world.sent).toEqual([]);
});

test('log shows each run with its entries, or one JSON object a run', async () => {
  expect((await run('log', name)).lines).toEqual([`Nothing is known of ${name}.`]);
  expect(await run('log', name, '--json')).toEqual({ exit: 0, lines: [] });
  await judged();
  const { exit, lines } = await run('log', name);
  expect(exit).toBe(0);
  expect(lines).toEqual([
    expect.stringMatching(/^\d{4}-\S+Z {2}validator: published$/),
    expect.stringMatching(/^ {2}\d{4}-\S+Z {2}passed rules=\["size-limits",/),
    expect.stringMatching(/^ {2}\d{4}-\S+Z {2}published hash="h1:/),
  ]);
  const json = await run('log', name, '--json');
  expect(json.lines.map(line => JSON.parse(line))).toMatchObject([{ service: 'validator', result: 'published' }]);
});

test('alarms are listed', async () => {
  expect((await run('alarms')).lines).toEqual(['There are no alarms.']);
  const alarm = { at: '2026-06-01T12:00:00Z', module: 'a.test/m', version: 'v1.0.0', message: 'the bytes changed' };
  await writeAlarm(world.records, { ...alarm, reason: 'changed-bytes' });
  expect((await run('alarms')).lines).toEqual([
    '2026-06-01T12:00:00Z  changed-bytes  a.test/m@v1.0.0: the bytes changed',
  ]);
  const [line = ''] = (await run('alarms', '--json')).lines;
  expect(JSON.parse(line)).toEqual({ ...alarm, reason: 'changed-bytes' });
});

test('watches are listed with how they go, and ended', async () => {
  expect((await run('watches')).lines).toEqual(['There are no watches.']);
  const kept = createWatches({ records: world.records, now: () => world.clock });
  const wanted = { events: [], token: undefined, client: '192.0.2.1' };
  const one = await kept.create({
    ...wanted,
    subject: { module: 'a.test/m' },
    deliver: { webhook: 'https://h.test/x' },
  });
  const other = await kept.create({ ...wanted, subject: { search: 'yaml' }, deliver: { slack: '#builds' } });
  await kept.saveState(other.id, { confirmed: true, log: [] });
  const at = world.clock.toISOString();
  const expected = [
    `${one.id}  a.test/m → https://h.test/x  of ${at}, by ${one.owner}: not confirmed`,
    `${other.id}  search "yaml" → Slack #builds  of ${at}, by ${one.owner}: active`,
  ];
  expect((await run('watches', 'list')).lines.toSorted()).toEqual(expected.toSorted());

  const ended = await run('watches', 'end', one.id);
  expect(ended).toEqual({ exit: 0, lines: [`${one.id} is ended.`] });
  expect(await kept.get(one.id)).toBeUndefined();
  expect(await run('watches', 'end', one.id)).toEqual({ exit: 1, lines: [`There is no watch ${one.id}.`] });
  for (const argv of [['end'], ['end', 'x'], ['stop'], ['list', 'x']]) {
    expect((await run('watches', ...argv)).exit).toBe(2);
  }
});

test('dead letters are listed and replayed, one or all', async () => {
  expect((await run('dead-letters')).lines).toEqual(['There are no dead letters.']);
  const failing = world.messaging.subscribe(
    'processor',
    async () => {
      throw new Fault('unavailable', 'the origin is down');
    },
    { concurrency: 1 },
  );
  await run('request', 'a.test/m@v1.0.0', 'a.test/n@v1.0.0');
  await until(async () => (await world.messaging.backlog('processor')).dead === 2);
  await failing.close();

  const { lines } = await run('dead-letters', 'processor');
  expect(lines).toEqual([
    expect.stringMatching(/^processor \S+ {2}a\.test\/m@v1\.0\.0 {2}of \S+Z, 5 attempts: the origin is down$/),
    expect.stringMatching(/^processor \S+ {2}a\.test\/n@v1\.0\.0 {2}of \S+Z, 5 attempts: the origin is down$/),
  ]);
  expect((await run('dead-letters')).lines).toEqual(lines);
  expect((await run('dead-letters', 'validator')).lines).toEqual(['There are no dead letters.']);
  const id = lines[0]?.split(' ')[1] ?? '';
  expect((await run('status', 'a.test/m@v1.0.0')).lines).toEqual([
    `a.test/m@v1.0.0 was given up by the processor, dead letter ${id}: the origin is down`,
  ]);

  expect(await run('replay', '999')).toEqual({ exit: 1, lines: ['0 messages will be delivered again.'] });
  expect(await run('replay', 'processor', id)).toEqual({ exit: 0, lines: ['1 message will be delivered again.'] });
  expect((await run('dead-letters')).lines).toEqual(lines.slice(1));
  expect(await run('replay', '--all')).toEqual({ exit: 0, lines: ['1 message will be delivered again.'] });
  expect(await run('replay', '--all')).toEqual({ exit: 0, lines: ['0 messages will be delivered again.'] });
});
