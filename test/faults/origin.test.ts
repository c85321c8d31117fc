import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statusOf } from '../../services/errors.ts';
import { type FixtureModule, startUpstream, syntheticModule, type Upstream, type UpstreamFault } from '../upstream/index.ts';
import { type Answer, askUntil, fileUrl, get, metric, until, untilIdle } from './client.ts';
import { hasProc, peak, resetPeak, resident } from './memory.ts';
import { makeFolder, operate, type Service, type Settings, startService } from './service.ts';
import { damagedFiles, filesOf, kindsOf, nameOf, outcomeOf, unfinished } from './stores.ts';

type Kind = keyof typeof statusOf;

interface Case {
  /** What the origin does; also the last element of the module's path, with dashes. */
  does: string;
  faults: readonly (readonly ['info' | 'mod' | 'zip', UpstreamFault])[];
  kind: Kind;
  /** In the sentence that the client gets. */
  says: RegExp;
}

const html = (status: number): UpstreamFault => ({
  kind: 'status',
  status,
  body: '<!DOCTYPE html><html><body>Please log in</body></html>',
  headers: { 'content-type': 'text/html' },
});
const status = (code: number, headers: Record<string, string> = {}): UpstreamFault => ({
  kind: 'status',
  status: code,
  headers,
});
const size = 60_000;

/** What may pass: told for a moment, tried again, a dead letter in the end. */
const passing: readonly Case[] = [
  { does: 'resets connections', faults: [['info', { kind: 'reset' }]], kind: 'unavailable', says: /does not answer/ },
  { does: 'never answers', faults: [['info', { kind: 'hang' }]], kind: 'timed-out', says: /did not answer in time/ },
  {
    does: 'falls silent within a zip',
    faults: [['zip', { kind: 'drip', bytes: 20_000, ms: 600_000 }]],
    kind: 'timed-out',
    says: /did not answer in time/,
  },
  { does: 'truncates zips', faults: [['zip', { kind: 'truncate', after: 30_000 }]], kind: 'bad-origin', says: /cut short/ },
  { does: 'truncates go.mods', faults: [['mod', { kind: 'truncate', after: 10 }]], kind: 'bad-origin', says: /cut short/ },
  { does: 'truncates infos', faults: [['info', { kind: 'truncate', after: 10 }]], kind: 'bad-origin', says: /cut short/ },
  {
    does: 'promises more than it sends',
    faults: [['zip', { kind: 'wrong-length', length: size + 10_000 }]],
    kind: 'bad-origin',
    says: /cut short/,
  },
  {
    does: 'sends more than it promises',
    faults: [['zip', { kind: 'wrong-length', length: size - 10_000 }]],
    kind: 'bad-origin',
    says: /cut short/,
  },
  { does: 'has half a zip', faults: [['zip', { kind: 'cut', length: 30_000 }]], kind: 'bad-origin', says: /cut short/ },
  { does: 'answers infos with HTML', faults: [['info', html(200)]], kind: 'bad-origin', says: /is not JSON/ },
  { does: 'answers zips with HTML', faults: [['zip', html(200)]], kind: 'bad-origin', says: /or something else/ },
  {
    does: 'gives the info of another version',
    faults: [['info', { kind: 'other', path: 'example.com/other', version: 'v1.5.0' }]],
    kind: 'bad-origin',
    says: /of another version/,
  },
  {
    does: 'has an info without end',
    faults: [['info', { kind: 'status', status: 200, body: 'x'.repeat(3 << 20) }]],
    kind: 'bad-origin',
    says: /more than 1048576/,
  },
  { does: 'answers 429', faults: [['info', status(429)]], kind: 'unavailable', says: /answers 429/ },
  { does: 'answers 500', faults: [['zip', status(500)]], kind: 'unavailable', says: /answers 500/ },
  { does: 'answers 503', faults: [['mod', html(503)]], kind: 'unavailable', says: /answers 503/ },
];

/** What the origin has said for now: kept for NEGATIVE_TTL. */
const absent: readonly Case[] = [
  { does: 'answers 404', faults: [['info', status(404)]], kind: 'not-found', says: /^not found: / },
  { does: 'has only an info', faults: [['mod', status(404)], ['zip', status(404)]], kind: 'not-found', says: /^not found: / },
  { does: 'answers 410', faults: [['info', status(410)]], kind: 'gone', says: /^gone: / },
  { does: 'answers 403', faults: [['info', status(403)]], kind: 'refused', says: /^refused: .*status 403/ },
  { does: 'answers 401', faults: [['zip', html(401)]], kind: 'refused', says: /^refused: .*status 401/ },
  {
    does: 'redirects to a private address',
    faults: [['zip', status(302, { location: 'http://127.0.0.1:1/secret' })]],
    kind: 'refused',
    says: /^refused: .*private or reserved address/,
  },
];

/** What the validator refuses: for ever, until an operator has it judged anew. */
const wrong: readonly Case[] = [
  {
    does: "gives another module's zip",
    faults: [['zip', { kind: 'other', path: 'example.com/other', version: 'v1.5.0' }]],
    kind: 'refused',
    says: /^refused: zip-well-formed: /,
  },
  {
    does: 'gives a zip with another go.mod',
    faults: [['zip', { kind: 'changed' }]],
    kind: 'refused',
    says: /^refused: go-mod-agrees: /,
  },
  {
    does: 'gives half a go.mod',
    faults: [['mod', { kind: 'cut', length: 12 }]],
    kind: 'refused',
    says: /^refused: go-mod-agrees: /,
  },
];

const pathOf = ({ does }: Case) => `example.com/${does.replaceAll(/[^a-z0-9.]+/g, '-')}`;

/** The files of one fault's version at the upstream. */
const matcher = ({ path, version }: FixtureModule, kind: string) => `/${path}/@v/${version}.${kind}`;

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

/** A service with an upstream of its own, below the folder. */
async function setUp(name: string, modules: readonly FixtureModule[], settings: Settings = {}) {
  const upstream = await startUpstream({ modules });
  const all = {
    ...folder.settings,
    DATA_DIR: `${folder.path}/${name}`,
    UPSTREAM: upstream.url,
    ORIGIN_TIMEOUT: '800ms',
    ORIGIN_CONCURRENCY: '200',
    NEGATIVE_TTL: '1500ms',
    MAX_ATTEMPTS: '2',
    ...settings,
  };
  const service = await startService({ settings: all });
  return { upstream, service, settings: all, dataDir: all.DATA_DIR };
}

/** An answer that tells a person, in one line, what is wrong, and the go command whether to go on. */
function expectSentence(answer: Answer, kind: Kind, says: RegExp): void {
  const text = answer.text.slice(0, 600);
  expect([answer.status, text]).toEqual([statusOf[kind], expect.stringMatching(says)]);
  expect(text).toMatch(/^[a-z][^\n<>]{10,500}\n$/);
  expect(text).not.toContain(folder.path);
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  if (answer.status >= 500) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  if (answer.status >= 500) expect(answer.headers.get('cache-control')).toBe('no-store');
}

describe('an origin that', () => {
  let world: Awaited<ReturnType<typeof setUp>>;
  const versions = ['v1.0.0', 'v1.1.0'];
  const cases = [...passing, ...absent, ...wrong];
  const modules = cases.flatMap(each => versions.map(version => syntheticModule(pathOf(each), version, size)));
  beforeAll(async () => {
    world = await setUp('wrong', [...modules, syntheticModule('example.com/other', 'v1.5.0', 1000)]);
  });
  afterAll(async () => {
    await world.service.kill();
    await world.upstream.close();
  });

  const moduleOf = (each: Case, version: string) => {
    const found = modules.find(module => module.path === pathOf(each) && module.version === version);
    if (found === undefined) throw new Error('no such module');
    return found;
  };
  const urlOf = ({ path, version }: FixtureModule) => fileUrl(world.service.url, path, version, 'zip');
  const breakIt = (each: Case, module: FixtureModule) => {
    const removals = each.faults.map(([kind, fault]) => world.upstream.setFault(matcher(module, kind), fault));
    return () => removals.forEach(remove => remove());
  };

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

  async function deadLetterOf(module: FixtureModule): Promise<string> {
    let id: string | undefined;
    const find = async () => {
      const { out } = await operate(world.settings, 'dead-letters');
      id = new RegExp(`^processor (\\d+)  ${nameOf(module)}  .*, 2 attempts: .+`, 'm').exec(out)?.[1];
      return id !== undefined;
    };
    await until(`${nameOf(module)} is a dead letter`, find, 30_000, 500);
    return id ?? '';
  }

  test.concurrent.for(passing)('$does: for now unavailable; served when that is over', async each => {
    const module = moduleOf(each, 'v1.1.0');
    const repair = breakIt(each, module);
    expectSentence(await get(urlOf(module)), each.kind, each.says);
    expect(await outcomeOf(world.dataDir, module)).toMatchObject({ kind: each.kind });
    await expectNothingKept(module);
    repair();
    const answers = await askUntil(urlOf(module), 200);
    expect(answers.map(answer => answer.status)).not.toContain(404);
    await expectPublished(module);
  });

  test.concurrent.for(passing)('$does all the time: a dead letter, which can be replayed', async each => {
    const module = moduleOf(each, 'v1.0.0');
    const repair = breakIt(each, module);
    expectSentence(await get(urlOf(module)), each.kind, each.says);
    const id = await deadLetterOf(module);
    await expectNothingKept(module);
    repair();
    expect(await operate(world.settings, 'replay', 'processor', id)).toMatchObject({ status: 0 });
    await askUntil(urlOf(module), 200);
    await expectPublished(module);
  });

  test.concurrent.for(absent)('$does: told so without asking it again, until NEGATIVE_TTL is over', async each => {
    const module = moduleOf(each, 'v1.0.0');
    const repair = breakIt(each, module);
    const asked = () => world.upstream.requests.count(path => path.startsWith(`/${module.path}/`));
    expectSentence(await get(urlOf(module)), each.kind, each.says);
    const before = asked();
    expectSentence(await get(urlOf(module)), each.kind, each.says);
    expect(asked()).toBe(before);
    expect(await outcomeOf(world.dataDir, module)).toMatchObject({ kind: each.kind, until: expect.any(String) });
    await expectNothingKept(module);
    repair();
    await askUntil(urlOf(module), 200);
    await expectPublished(module);
  });

  test.concurrent.for(wrong)('$does: refused by a rule, until an operator has it judged anew', async each => {
    const module = moduleOf(each, 'v1.0.0');
    const repair = breakIt(each, module);
    expectSentence(await get(urlOf(module)), each.kind, each.says);
    const outcome = await outcomeOf(world.dataDir, module);
    expect(outcome).toMatchObject({ kind: 'refused', reasons: [{ rule: each.says.source.split(': ')[1] }] });
    expect(outcome?.until).toBeUndefined();
    await until('quarantine is clean', async () => (await kindsOf(world.dataDir, 'quarantine', module)).length === 0);
    await expectNothingKept(module);
    repair();
    expectSentence(await get(urlOf(module)), each.kind, each.says);
    expect(await operate(world.settings, 'recheck', nameOf(module))).toMatchObject({ status: 0 });
    await askUntil(urlOf(module), 200);
    await expectPublished(module);
  });

  test('leaves nothing unfinished behind, and no alarm', async () => {
    await untilIdle(world.service.admin);
    expect(await unfinished(world.dataDir)).toEqual([]);
    expect(await filesOf(world.dataDir, 'quarantine')).toEqual([]);
    expect((await operate(world.settings, 'alarms')).out).toBe('There are no alarms.\n');
    expect(await metric(world.service.admin, 'gocenter_dead_letters', '{subscription="processor"}')).toBe(0);
  });
});

describe('an origin that is slow or down', () => {
  const slow = syntheticModule('example.com/slow', 'v1.0.0', size);
  const dripping = syntheticModule('example.com/dripping', 'v1.0.0', size);
  const early = syntheticModule('example.com/down', 'v1.0.0', size);
  const late = syntheticModule('example.com/down', 'v1.1.0', size);
  const bombs = ['v1.0.0', 'v1.1.0'].map(version => syntheticModule('example.com/bomb', version, 1000));
  const polite = syntheticModule('example.com/polite', 'v1.0.0', size);
  let world: Awaited<ReturnType<typeof setUp>>;
  let service: Service;
  let upstream: Upstream;
  const urlOf = (module: FixtureModule, kind: 'info' | 'mod' | 'zip' = 'zip') =>
    fileUrl(service.url, module.path, module.version, kind);
  beforeAll(async () => {
    const modules = [slow, dripping, early, late, polite, ...bombs];
    world = await setUp('slow', modules, { FETCH_TIMEOUT: '3s', LIST_TTL: '0s' });
    ({ service, upstream } = world);
  });
  afterAll(async () => {
    await service.kill();
    await upstream.close();
  });

  test('slow, but not silent: served', async () => {
    for (const kind of ['info', 'mod', 'zip']) upstream.setFault(matcher(slow, kind), { kind: 'delay', ms: 200 });
    expect((await get(urlOf(slow))).status).toBe(200);
  });

  test('dripping for longer than clients wait: they time out, are never told that it is missing, and get it later', async () => {
    upstream.setFault(matcher(dripping, 'zip'), { kind: 'drip', bytes: 4000, ms: 300 });
    expectSentence(await get(urlOf(dripping)), 'timed-out', /^timed out: .*still being fetched/);
    const answers = await askUntil(urlOf(dripping), 200);
    expect(answers.map(answer => answer.status).filter(each => each !== 200 && each !== 504)).toEqual([]);
    expect(upstream.requests.count(matcher(dripping, 'zip'))).toBe(1);
    expect(await damagedFiles(world.dataDir, 'published', dripping)).toEqual([]);
  });

  test('down: what is published is served, lists too; the rest is unavailable until it is up again', async () => {
    expect((await get(urlOf(early))).status).toBe(200);
    await upstream.down();
    expectSentence(await get(urlOf(late)), 'unavailable', /does not answer|can't be connected to/);
    for (const kind of ['info', 'mod', 'zip'] as const) expect((await get(urlOf(early, kind))).status).toBe(200);
    expect(await get(`${service.url}/example.com/down/@v/list`)).toMatchObject({ status: 200, text: 'v1.0.0\n' });
    expect((await get(`${service.url}/example.com/down/@latest`)).text).toContain('"v1.0.0"');
    expect((await get(`${service.admin}/readyz`)).status).toBe(200);
    await upstream.up();
    const answers = await askUntil(urlOf(late), 200);
    expect(answers.map(answer => answer.status)).not.toContain(404);
  });

  test('asks for a pause by Retry-After: it gets one, and clients are told how long', async () => {
    const info = matcher(polite, 'info');
    upstream.setFault(info, status(429, { 'retry-after': '2' }), 1);
    const started = performance.now();
    const [first] = await askUntil(urlOf(polite), 200);
    expect(performance.now() - started).toBeGreaterThan(1900);
    expect([200, 503, 504]).toContain(first?.status);
    const times = upstream.requests.log.filter(({ path }) => path === info).map(({ at }) => at);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1900);
  });

  // 600 MiB of zeros, honest and not: more than the 500 MiB that a module may have.
  test.skipIf(!hasProc)('gives zip bombs: refused, within bounded memory (needs /proc)', async () => {
    const [honest, lying] = bombs;
    if (honest === undefined || lying === undefined) throw new Error('no bombs');
    const bytes = 600 << 20;
    upstream.setFault(matcher(honest, 'zip'), { kind: 'bomb', bytes });
    upstream.setFault(matcher(lying, 'zip'), { kind: 'bomb', bytes, declared: 1 << 20 });
    await Promise.all(bombs.map(each => fetch(`${upstream.url}${matcher(each, 'zip')}`).then(got => got.bytes())));
    await resetPeak(service.pid);
    const before = await resident(service.pid);
    for (const bomb of bombs) {
      const [, refused] = [await askUntil(urlOf(bomb), 403), await get(urlOf(bomb))];
      expectSentence(refused, 'refused', /^refused: zip-well-formed: /);
      expect(await kindsOf(world.dataDir, 'published', bomb)).toEqual([]);
    }
    const growth = (await peak(service.pid)) - before;
    console.log(`two bombs of 600 MiB: resident memory grew by ${growth.toFixed(1)} MB`);
    expect(growth).toBeLessThan(60);
    await untilIdle(service.admin);
    expect(await unfinished(world.dataDir)).toEqual([]);
    expect(await filesOf(world.dataDir, 'quarantine')).toEqual([]);
  });
});
