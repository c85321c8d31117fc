import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VersionFacts, Vulnerability } from '../../services/catalogue/index.ts';
import { RunLog, versionKey, writeAlarm } from '../../services/records/index.ts';
import { base, type EndpointName, endpointNames, endpoints } from '../../services/ui-backend/endpoints.ts';
import { published, rejected } from '../catalogue/facts.ts';
import { type Started, startUiBackend } from './start.ts';

/** Every name, text and number of the private module has this in it, or is one that nothing else has. */
const secret = 'hushhush';
const module = `corp.example/${secret}`;
const absent = 'corp.example/nothing';
const version = 'v1.0.0';

const facts: VersionFacts[] = [
  published('a.example/open@v1.0.0', { synopsis: 'Package open is for everybody.' }),
  published('a.example/other@v1.0.0', { requires: ['a.example/open@v1.0.0'] }),
  published(`${module}@v1.0.0`, {
    synopsis: `Package ${secret} is for open few.`,
    readme: secret,
    requires: ['a.example/open@v1.0.0'],
    at: '2026-03-09T00:00:00.000Z',
  }),
  published(`${module}@v1.1.0`, { requires: ['a.example/open@v1.0.0'], at: '2026-03-09T01:00:00.000Z' }),
  rejected(`${module}@v1.2.0`),
  published(`${module}/v2@v2.0.0`, { requires: ['a.example/open@v1.0.0'] }),
];

const vulnerability: Vulnerability = {
  id: 'GO-2026-0001',
  aliases: [],
  summary: 'It panics',
  details: '',
  published: '2026-02-01T00:00:00Z',
  modified: '2026-02-02T00:00:00Z',
  withdrawn: undefined,
  affected: [module, 'a.example/open'].map(affected => ({
    module: affected,
    events: [{ introduced: '0' }],
    packages: [],
  })),
  references: [],
};

const basic = (token: string) => `Basic ${Buffer.from(`x:${token}`).toString('base64')}`;
const token = (name: string, modules: string[]) => ({
  name,
  sha256: createHash('sha256').update(name).digest('hex'),
  modules,
});
const insider = basic('insider');
const outsider = basic('outsider');

let here: Started;
let inclusion: string;
let watch = '';
beforeAll(async () => {
  const counted = [
    { module, all: 1000, people: 1000 },
    { module: 'a.example/open', all: 10, people: 10 },
  ];
  here = await startUiBackend({
    facts,
    vulnerabilities: [vulnerability],
    environment: { PRIVATE_MODULES: 'corp.example' },
    tokens: [token('insider', ['corp.example']), token('outsider', ['other.example']), token('part', [`${module}/v2`])],
    downloads: {
      byDay: async () => [],
      byVersion: async () => [{ version, all: 1, people: 1 }],
      byModule: async ({ modules }) => counted.map(one => (modules === undefined ? one : { ...one, people: 1 })),
      total: async () => ({ all: 0, people: 0 }),
    },
    origin: { latest: async () => ({ Version: version }) },
  });
  await here.published.put(`${versionKey(module, version)}.info`, Buffer.from('{}'));
  await new RunLog('processor').write(here.records, module, version, `fetched ${secret}`);
  const at = '2026-03-01T00:00:00Z';
  await writeAlarm(here.records, { at, module, version, reason: 'changed-bytes', message: secret });
  inclusion = ((await here.ask('include', { module, version }, insider)).body as { id: string }).id;
  const webhook = 'https://hooks.example/a';
  watch = (await here.ask('watch', { module, webhook }, insider)).body.watch.id;
});
afterAll(() => here.close());

/** Ways to ask each endpoint about a module, or about everything. A new endpoint has to be added here. */
const questions: { [N in EndpointName]: (module: string) => Record<string, unknown>[] } = {
  search: name => [
    { q: name },
    { q: secret },
    { q: 'open' },
    { q: 'hushhus' },
    {},
    { limit: '1' },
    { order: 'newest' },
  ],
  suggest: () => [{ q: secret }, { q: 'hush' }, { q: 'corp' }, { q: 'o' }],
  module: name => [{ module: name }, { module: `${name}/v2` }, { module: 'a.example/open' }],
  versions: name => [{ module: name }],
  version: name => [{ module: name }, { module: name, version }],
  readme: name => [{ module: name }, { module: name, version }],
  packages: name => [{ module: name }, { module: name, version }],
  goMod: name => [{ module: name }, { module: name, version }],
  requirements: name => [{ module: name }, { module: name, version }],
  usedBy: name => [
    { module: name },
    { module: 'a.example/open' },
    { module: 'a.example/open', all: 'true', limit: '1' },
  ],
  compare: name => [{ module: name, from: 'v1.0.0', to: 'v1.1.0' }],
  vulnerabilities: name => [{ module: name }, { module: name, version }, { module: 'a.example/open' }],
  downloads: name => [{ module: name }, { module: name, version }],
  log: name => [{ module: name }, { module: name, version }],
  top: () => [{}],
  trending: () => [{}],
  newest: () => [{}, { limit: '1' }],
  numbers: () => [{}],
  status: () => [{}],
  doctor: name => [{ text: `require ${name} v1.0.0` }, { text: `${name} v1.0.0 h1:${'A'.repeat(43)}=` }],
  include: name => [{ module: name }, { module: name, version }],
  inclusion: () => [{ id: inclusion }],
  inclusions: () => [{}],
  watch: name => [{ module: name, webhook: 'https://hooks.example/a' }],
  watched: () => [{ id: watch }],
  unwatch: () => [{ id: '0'.repeat(32) }],
};

const others = (name: string) => [
  ...['version', 'licence', 'downloads', 'vulnerabilities', 'kept'].map(show => `/badge/${name}.svg?show=${show}`),
  `/feeds/${name}.atom`,
  '/feeds/newest.atom',
  `/feeds/search.atom?q=${name}`,
  `/feeds/search.atom?q=open`,
  `${base}/inclusion/events?id=${inclusion}`,
];

async function askAll(name: string, authorization?: string) {
  const answers: { question: string; status: number; body: string }[] = [];
  for (const endpoint of endpointNames) {
    for (const request of questions[endpoint](name)) {
      const { status, body } = await here.ask(endpoint, request, authorization);
      answers.push({ question: `${endpoint} ${JSON.stringify(request)}`, status, body: JSON.stringify(body) });
    }
  }
  for (const url of others(name)) {
    const response = await here.app.inject({ url, headers: authorization === undefined ? {} : { authorization } });
    answers.push({ question: url, status: response.statusCode, body: response.body });
  }
  return answers;
}

/** Cursors are opaque, but anybody can decode them. */
const decoded = (body: string) =>
  body.replaceAll(/"next":"([^"]+)"/g, (_, cursor: string) => Buffer.from(cursor, 'base64url').toString());

describe('a private module', () => {
  for (const [who, authorization] of [
    ['nobody', undefined],
    ['a token of others', outsider],
  ] as const) {
    it(`is for ${who} as if it were not there, whatever is asked`, async () => {
      const ofSecret = await askAll(module, authorization);
      const ofAbsent = await askAll(absent, authorization);
      expect(ofSecret.length).toBe(ofAbsent.length);
      const same = (text: string) =>
        text.replaceAll(module, absent).replaceAll(encodeURIComponent(module), encodeURIComponent(absent));
      const untimed = (text: string) =>
        text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T').replaceAll(/"oldestAge":[\d.]+/g, '');
      for (const [index, answer] of ofSecret.entries()) {
        const twin = ofAbsent[index];
        expect({ ...answer, question: same(answer.question), body: untimed(same(answer.body)) }).toEqual({
          ...twin,
          body: untimed(twin?.body ?? ''),
        });
      }
      // What was not asked for by its name must not be told.
      for (const { question, body } of ofAbsent) expect(decoded(body), question).not.toContain(secret);
    });
  }

  it('is there for a token that may see it', async () => {
    for (const endpoint of endpointNames) {
      if (endpoint === 'numbers') continue; // tells of no module
      const told: string[] = [];
      for (const request of questions[endpoint](module)) {
        const { status, body } = await here.ask(endpoint, request, insider);
        if (status === 200) told.push(JSON.stringify(body));
      }
      expect(told.length, endpoint).toBeGreaterThan(0);
    }
    expect((await here.ask('search', { q: secret }, insider)).body.items).toHaveLength(2);
    expect((await here.ask('top', {}, insider)).body.items[0]?.module).toBe(module);
    expect((await here.ask('status', {}, insider)).body.incidents).toHaveLength(1);
  });

  it('is in no number that anybody is told, nor is it what came last', async () => {
    const open = (await here.ask('newest', {})).body.items[0]?.publishedAt;
    const anonymous = (await here.ask('numbers')).body;
    expect(anonymous).toEqual({ modules: null, versions: null, rejected: null, downloads: null, newest: open });
    expect((await here.ask('numbers', {}, insider)).body.modules).toBeGreaterThan(2);
  });

  it('is kept by no shared cache, and never answered from one reader’s answers to another', async () => {
    const { path } = endpoints.module;
    const ask = (authorization?: string) =>
      here.app.inject({
        url: base + path,
        query: { module },
        headers: authorization === undefined ? {} : { authorization },
      });
    const mine = await ask(insider);
    expect([mine.statusCode, mine.headers['cache-control']]).toEqual([200, 'private, max-age=5']);
    expect(mine.headers.vary).toMatch(/Authorization/);
    expect((await ask()).statusCode).toBe(404);
    expect((await ask(outsider)).statusCode).toBe(404);
    expect((await ask(basic('unknown'))).statusCode).toBe(401);
  });

  it('shows a token that may see one of its major versions nothing of the others', async () => {
    const { body } = await here.ask('module', { module: `${module}/v2` }, basic('part'));
    expect(body.majors.map(major => major.module)).toEqual([`${module}/v2`]);
    expect((await here.ask('module', { module }, basic('part'))).status).toBe(404);
  });

  it('does not count among the users of a public one', async () => {
    expect((await here.ask('module', { module: 'a.example/open' })).body.usedBy).toBe(1);
    expect((await here.ask('usedBy', { module: 'a.example/open' })).body.total).toBe(1);
    expect((await here.ask('usedBy', { module: 'a.example/open' }, insider)).body.total).toBe(3);
  });
});
