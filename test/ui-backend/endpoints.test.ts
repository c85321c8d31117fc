import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VersionFacts, Vulnerability } from '../../services/catalogue/index.ts';
import { RunLog, versionKey, writeAlarm, writeRelease } from '../../services/records/index.ts';
import type { DownloadCounts } from '../../services/ui-backend/answers/downloads.ts';
import { missing, published, rejected } from '../catalogue/facts.ts';
import { noDownloads, type Started, startUiBackend } from './start.ts';
import { parseXml } from './xml.ts';

const now = () => new Date('2026-03-10T12:00:00Z');

const facts: VersionFacts[] = [
  published('a.example/text@v1.0.0', {
    synopsis: 'Package text reads and writes texts.',
    at: '2026-01-10T00:00:00.000Z',
    exported: ['func Parse'],
  }),
  published('a.example/text@v1.1.0', {
    synopsis: 'Package text reads and writes texts.',
    readme: '# Text\n<script>alert(1)</script>',
    requires: ['b.example/tool@v1.0.0', 'c.example@v0.1.0//'],
    at: '2026-01-20T00:00:00.000Z',
    exported: ['func Parse', 'func Format'],
    licence: 'Apache-2.0',
    retracts: ['v1.0.0'],
  }),
  rejected('a.example/text@v1.2.0', '2026-02-01T00:00:00.000Z'),
  missing('a.example/text@v1.3.0'),
  published('a.example/text/v2@v2.0.0', { at: '2026-02-10T00:00:00.000Z' }),
  published('b.example/tool@v1.0.0', { command: true, synopsis: 'Tool does it.', requires: ['a.example/text@v1.0.0'] }),
  published('c.example@v0.1.0', { deprecated: 'use a.example/text', licence: '' }),
];

const vulnerability: Vulnerability = {
  id: 'GO-2026-0001',
  aliases: ['CVE-2026-1'],
  summary: 'It panics',
  details: 'For long.',
  published: '2026-02-01T00:00:00Z',
  modified: '2026-02-02T00:00:00Z',
  withdrawn: undefined,
  affected: [
    {
      module: 'a.example/text',
      events: [{ introduced: '0' }, { fixed: '1.1.0' }],
      packages: [{ path: 'a.example/text', symbols: ['Parse'] }],
    },
  ],
  references: [{ type: 'WEB', url: 'https://vuln.example/1' }],
};

const downloads: DownloadCounts = {
  byDay: async ({ version }) => [{ day: '2026-03-09', all: version === undefined ? 10 : 4, people: 3 }],
  byVersion: async () => [
    { version: 'v1.1.0', all: 6, people: 2 },
    { version: 'v1.0.0', all: 4, people: 1 },
  ],
  byModule: async ({ to }) =>
    to === '2026-03-10'
      ? [
          { module: 'gone.example', all: 90, people: 90 },
          { module: 'a.example/text', all: 30, people: 20 },
          { module: 'b.example/tool', all: 10, people: 10 },
        ]
      : [
          { module: 'a.example/text', all: 30, people: 19 },
          { module: 'b.example/tool', all: 1, people: 1 },
        ],
  total: async () => ({ all: 123, people: 45 }),
};

const text = { module: 'a.example/text' };
let here: Started;
beforeAll(async () => {
  here = await startUiBackend({ facts, vulnerabilities: [vulnerability], downloads, now });
});
afterAll(() => here.close());

describe('the endpoints of the API', () => {
  it('search: by words, with filters, page by page', async () => {
    const { body } = await here.ask('search', { q: 'text' });
    expect(body.items.map(({ module }) => module)).toContain('a.example/text');
    expect(body.items.find(({ module }) => module === 'a.example/text')).toMatchObject({
      newest: 'v1.1.0',
      licences: ['Apache-2.0'],
      synopsis: 'Package text reads and writes texts.',
    });
    const commands = await here.ask('search', { kind: 'command' });
    expect(commands.body.items.map(({ module }) => module)).toEqual(['b.example/tool']);
    const licence = await here.ask('search', { licence: 'Apache-2.0' });
    expect(licence.body.items.map(({ module }) => module)).toEqual(['a.example/text']);
    expect((await here.ask('search', { age: 'week' })).body.items).toEqual([]);
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await here.ask('search', { limit: '1', ...(cursor && { cursor }) });
      seen.push(...page.body.items.map(({ module }) => module));
      cursor = page.body.next;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(4);
  });

  it('suggest: what begins so', async () => {
    const { body } = await here.ask('suggest', { q: 'too' });
    expect(body.items).toMatchObject([{ module: 'b.example/tool', synopsis: 'Tool does it.' }]);
  });

  it('module: what it is, and its other majors', async () => {
    const { body } = await here.ask('module', text);
    expect(body).toMatchObject({
      module: 'a.example/text',
      newest: 'v1.1.0',
      status: 'published',
      versions: 2,
      rejected: 1,
      usedBy: 1,
      firstSeen: '2026-01-10T00:00:00.000Z',
      deprecated: null,
      vulnerabilities: [],
    });
    expect(body.majors.map(({ module }) => module)).toEqual(['a.example/text/v2', 'a.example/text']);
    expect((await here.ask('module', { module: 'c.example' })).body.deprecated).toBe('use a.example/text');
  });

  it('versions: all that is known, newest first, with what is wrong and how often it is downloaded', async () => {
    const { body } = await here.ask('versions', text);
    expect(body.items.map(({ version, status }) => [version, status])).toEqual([
      ['v1.3.0', 'missing'],
      ['v1.2.0', 'rejected'],
      ['v1.1.0', 'published'],
      ['v1.0.0', 'published'],
    ]);
    expect(body.items[3]).toMatchObject({
      retracted: 'it panics',
      vulnerabilities: ['GO-2026-0001'],
      downloads: 1,
      zipSize: 500,
    });
    expect(body.items[1]).toMatchObject({ reasons: [{ rule: 'cooldown', message: 'it is too young' }], zipSize: null });
    const first = await here.ask('versions', { ...text, status: 'published', limit: '1' });
    const second = await here.ask('versions', { ...text, status: 'published', limit: '1', cursor: first.body.next });
    expect([first, second].map(({ body }) => body.items[0]?.version)).toEqual(['v1.1.0', 'v1.0.0']);
    expect(second.body.next).toBeNull();
    expect((await here.ask('versions', { ...text, cursor: 'v9.9.9' })).status).toBe(400);
  });

  it('version: checks and provenance, what the origin says, and what an operator overruled', async () => {
    const info = {
      Version: 'v1.1.0',
      Origin: { VCS: 'git', URL: 'https://user:secret@git.example/text', Hash: 'abc', Ref: 'refs/tags/v1.1.0' },
    };
    await here.published.put(`${versionKey('a.example/text', 'v1.1.0')}.info`, Buffer.from(JSON.stringify(info)));
    const release = { at: '2026-01-19T00:00:00Z', by: 'ada', reason: 'needed', outcome: null };
    await writeRelease(here.records, 'a.example/text', 'v1.1.0', release);
    const { body } = await here.ask('version', text);
    expect(body).toMatchObject({
      version: 'v1.1.0',
      newest: 'v1.1.0',
      status: 'published',
      requirements: 1,
      go: '1.24',
      licenceFiles: [{ file: 'LICENSE', licence: 'Apache-2.0', confidence: 0.99 }],
      provenance: {
        origin: 'https://origin.test',
        hash: 'h1:a.example/text',
        rules: ['zip-well-formed'],
        checksumDatabase: null,
        vcs: { system: 'git', url: 'https://git.example/text', ref: 'refs/tags/v1.1.0', commit: 'abc' },
      },
      release: { at: '2026-01-19T00:00:00Z', by: 'ada', reason: 'needed' },
    });
    here.changed();
    expect((await here.ask('module', text)).body.repository).toBeNull(); // an address with credentials is for nobody
    const refused = await here.ask('version', { ...text, version: 'v1.2.0' });
    expect(refused.body).toMatchObject({ status: 'rejected', provenance: null, size: null });
    expect((await here.ask('version', { ...text, version: 'v9.0.0' })).status).toBe(404);
  });

  it('readme, packages, go.mod: of the newest version or the one that is asked for', async () => {
    expect((await here.ask('readme', text)).body).toEqual({
      version: 'v1.1.0',
      file: 'README.md',
      text: '# Text\n<script>alert(1)</script>',
      truncated: false,
    });
    expect((await here.ask('readme', { ...text, version: 'v1.0.0' })).body.file).toBeNull();
    expect((await here.ask('packages', text)).body.items).toMatchObject([{ path: 'a.example/text', internal: false }]);
    expect((await here.ask('goMod', text)).body.text).toBe('module a.example/text\n');
    expect((await here.ask('readme', { ...text, version: 'v1.2.0' })).status).toBe(404);
  });

  it('requirements: the tree', async () => {
    const { body } = await here.ask('requirements', { ...text, depth: '5' });
    expect(body.nodes.map(({ module, depth, state }) => [module, depth, state])).toEqual([
      ['b.example/tool', 1, 'open'],
      ['a.example/text', 2, 'leaf'],
      ['c.example', 1, 'leaf'],
    ]);
  });

  it('used-by: with versions, and nothing of what is unknown', async () => {
    const { body } = await here.ask('usedBy', text);
    expect(body).toMatchObject({
      total: 1,
      items: [{ module: 'b.example/tool', version: 'v1.0.0', requires: 'v1.0.0', indirect: false, current: true }],
    });
    expect((await here.ask('usedBy', { module: 'c.example', all: 'true' })).body.total).toBe(1);
    expect((await here.ask('usedBy', { module: 'nobody.example' })).status).toBe(404);
  });

  it('compare: two versions', async () => {
    const { body } = await here.ask('compare', { ...text, from: 'v1.0.0', to: 'v1.1.0' });
    expect(body).toMatchObject({
      from: { version: 'v1.0.0', licences: ['MIT'] },
      to: { version: 'v1.1.0', licences: ['Apache-2.0'] },
      licences: [{ file: 'LICENSE', from: 'MIT', to: 'Apache-2.0' }],
      api: { packages: [{ path: 'a.example/text', added: ['func Format'], removed: [] }] },
    });
    expect((await here.ask('compare', { ...text, from: 'v1.0.0', to: 'v1.2.0' })).status).toBe(404);
  });

  it('vulnerabilities: of a version and of any', async () => {
    const { body } = await here.ask('vulnerabilities', { ...text, version: 'v1.0.0' });
    expect(body.items).toEqual([
      {
        id: 'GO-2026-0001',
        aliases: ['CVE-2026-1'],
        summary: 'It panics',
        details: 'For long.',
        published: '2026-02-01T00:00:00Z',
        modified: '2026-02-02T00:00:00Z',
        fixed: 'v1.1.0',
        ranges: [{ introduced: null, fixed: 'v1.1.0' }],
        packages: [{ path: 'a.example/text', symbols: ['Parse'] }],
        versions: ['v1.0.0'],
        references: [{ type: 'WEB', url: 'https://vuln.example/1' }],
      },
    ]);
    expect((await here.ask('vulnerabilities', { ...text, version: 'v1.1.0' })).body.items).toEqual([]);
    expect((await here.ask('vulnerabilities', text)).body.items).toHaveLength(1);
  });

  it('downloads: by day without gaps, and by version', async () => {
    const { body } = await here.ask('downloads', { ...text, days: '3' });
    expect(body).toMatchObject({
      total: { all: 10, people: 3 },
      days: [
        { day: '2026-03-08', all: 0, people: 0 },
        { day: '2026-03-09', all: 10, people: 3 },
        { day: '2026-03-10', all: 0, people: 0 },
      ],
      versions: [{ version: 'v1.1.0', all: 6, people: 2 }, { version: 'v1.0.0' }],
    });
    const one = await here.ask('downloads', { ...text, version: 'v1.0.0' });
    expect(one.body).toMatchObject({ version: 'v1.0.0', total: { all: 4 }, versions: [] });
    expect(one.body.days).toHaveLength(90);
    expect((await here.ask('downloads', { module: 'nobody.example' })).status).toBe(404);
  });

  it('log: what was done with a version, oldest first', async () => {
    const run = new RunLog('processor');
    run.add('got', { address: 'https://origin.test/x', bytes: 12 });
    await run.write(here.records, 'a.example/text', 'v1.1.0', 'fetched from direct');
    const { body } = await here.ask('log', text);
    expect(body.runs).toMatchObject([
      {
        service: 'processor',
        result: 'fetched from direct',
        entries: [{ message: 'got', details: { address: 'https://origin.test/x', bytes: 12 } }],
      },
    ]);
    expect((await here.ask('log', { module: 'c.example' })).status).toBe(404);
  });

  it('top and trending: what is here, by downloads and by growth', async () => {
    const top = await here.ask('top', { period: 'week' });
    expect(top.body.items.map(({ module, period }) => [module, period.people])).toEqual([
      ['a.example/text', 20],
      ['b.example/tool', 10],
    ]);
    const trending = await here.ask('trending', {});
    expect(trending.body.items.map(({ module, growth }) => [module, growth])).toEqual([
      ['b.example/tool', 10],
      ['a.example/text', 1.05],
    ]);
  });

  it('trending: nothing while there is nothing before to compare with', async () => {
    const people = (module: string) => ({ module, all: 50, people: 50 });
    const counted = async ({ modules }: { modules?: readonly string[] }) =>
      modules === undefined ? [people('a.example/text')] : [];
    const young = await startUiBackend({ facts, downloads: { ...noDownloads, byModule: counted }, now });
    expect((await young.ask('trending')).body.items).toEqual([]);
    await young.close();
  });

  it('what is none of the known values is told with those, and an empty one is not given', async () => {
    const refused = async (query: Record<string, string>) => JSON.stringify((await here.ask('search', query)).body);
    expect(await refused({ kind: 'tool' })).toContain('kind must be one of library, command');
    expect(await refused({ age: 'day' })).toContain('age must be one of week, month, year');
    expect((await here.ask('search', { q: '', kind: '', age: '', licence: '', cursor: '' })).status).toBe(200);
    expect(JSON.stringify((await here.ask('module', { module: '' })).body)).toContain('module must not be empty');
    expect(JSON.stringify((await here.ask('doctor', { text: '' })).body)).toContain('text must not be empty');
  });

  it('newest and numbers: what was published last, and how much is here', async () => {
    const { body } = await here.ask('newest', { limit: '1' });
    expect(body.items).toMatchObject([{ module: 'a.example/text/v2', publishedAt: '2026-02-10T00:00:00.000Z' }]);
    const next = await here.ask('newest', { limit: '1', cursor: body.next });
    expect(next.body.items[0]?.module).not.toBe('a.example/text/v2');
    expect((await here.ask('numbers')).body).toMatchObject({ versions: 5, rejected: 1, downloads: 123 });
  });

  it('status: services, queues, origins, objectives and incidents', async () => {
    here.metrics.fetches.inc({ host: 'origin.test', outcome: 'ok' }, 3);
    here.metrics.fetches.inc({ host: 'origin.test', outcome: 'not-found' });
    here.metrics.fetches.inc({ host: 'origin.test', outcome: 'timed-out' });
    const alarm = { module: 'a.example/text', version: 'v1.0.0', reason: 'changed-bytes' as const, message: 'changed' };
    await writeAlarm(here.records, { at: '2026-03-01T00:00:00.000Z', ...alarm });
    await writeAlarm(here.records, { at: '2026-03-02T00:00:00.000Z', ...alarm });
    const { body } = await here.ask('status');
    expect(body).toMatchObject({ state: 'ok', at: '2026-03-10T12:00:00.000Z' });
    expect(body.services.map(({ name, state }) => [name, state])).toEqual([
      ['published', 'ok'],
      ['catalogue', 'ok'],
    ]);
    expect(body.queues.map(({ name }) => name)).toContain('processor');
    expect(body.origins).toMatchObject([{ host: 'origin.test', requests: 5, failures: 1 }]);
    expect(body.incidents.map(({ at }) => at)).toEqual(['2026-03-02T00:00:00.000Z', '2026-03-01T00:00:00.000Z']);
    expect(body.objectives).toMatchObject([{ name: 'published-in-time', target: 0.95 }]);
  });

  it('doctor: a go.mod against what is here', async () => {
    const goMod =
      'module m.example\nrequire (\n\ta.example/text v1.0.0\n\tc.example v0.1.0\n\tnobody.example v1.0.0\n)\n';
    const { body } = await here.ask('doctor', { text: goMod });
    expect(body.lines.map(({ module, findings }) => [module, findings.map(({ kind }) => kind)])).toEqual([
      ['a.example/text', ['retracted', 'vulnerable', 'outdated', 'major']],
      ['c.example', ['deprecated', 'licence']],
      ['nobody.example', ['absent']],
    ]);
    expect(body.fix).toBe('go get a.example/text@v1.1.0');
  });

  it('refuses a file that asks for too much', async () => {
    const lines = Array.from({ length: 5001 }, (_, index) => `a.example/m${index} v1.0.0`).join('\n');
    const { status, body } = await here.ask('doctor', { text: `require (\n${lines}\n)` });
    expect([status, body]).toMatchObject([400, { error: { kind: 'invalid' } }]);
  });

  it('answers in the same process as over HTTP', async () => {
    expect(await here.api.module(text)).toEqual((await here.ask('module', text)).body);
    await expect(here.api.module({ module: 'nobody.example' })).rejects.toMatchObject({ kind: 'not-found' });
    await expect(here.api.search({ limit: 1000 })).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('shows what is new when it is told that something has changed', async () => {
    const before = (await here.ask('module', { module: 'd.example' })).status;
    await here.catalogue.put([published('d.example@v1.0.0')]);
    here.changed();
    expect([before, (await here.ask('module', { module: 'd.example' })).status]).toEqual([404, 200]);
  });
});

describe('badges and feeds', () => {
  it('a badge is an SVG that caches may keep, with a strict policy', async () => {
    const response = await here.app.inject('/badge/a.example/text.svg?show=licence');
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'image/svg+xml; charset=utf-8',
      'cache-control': 'public, max-age=300',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
    expect(parseXml(response.body).find(({ name }) => name === 'title')?.text).toBe('licence: Apache-2.0');
    expect((await here.app.inject('/badge/nobody.example.svg')).body).toContain('not here');
    expect((await here.app.inject('/badge/a.example/text.svg?show=x')).statusCode).toBe(400);
  });

  it('a module’s feed has its versions and refusals, newest first', async () => {
    const response = await here.app.inject('/feeds/a.example/text.atom');
    expect(response.headers['content-type']).toBe('application/atom+xml; charset=utf-8');
    const elements = parseXml(response.body);
    expect(elements.filter(({ name }) => name === 'title').map(({ text }) => text)).toEqual([
      'a.example/text on GoCenter',
      'a.example/text v1.2.0 was refused',
      'a.example/text v1.1.0',
      'a.example/text v1.0.0',
    ]);
    const links = elements.filter(({ name, attributes }) => name === 'link' && attributes.rel === 'alternate');
    expect(links[2]?.attributes.href).toBe('http://localhost:8081/a.example/text@v1.1.0');
    const again = await here.app.inject({
      url: '/feeds/a.example/text.atom',
      headers: { 'if-none-match': String(response.headers.etag) },
    });
    expect(again.statusCode).toBe(304);
    expect((await here.app.inject('/feeds/nobody.example.atom')).statusCode).toBe(404);
  });

  it('a search’s feed has what it finds; its title holds the words harmlessly', async () => {
    const q = '"text"&<>';
    const response = await here.app.inject({ url: '/feeds/search.atom', query: { q } });
    const elements = parseXml(response.body);
    expect(elements.find(({ name }) => name === 'title')?.text).toBe(`“${q}” on GoCenter`);
    const titles = elements.filter(({ name }) => name === 'title').map(({ text }) => text);
    expect(titles).toContain('a.example/text v1.1.0');
    const newest = parseXml((await here.app.inject('/feeds/newest.atom')).body);
    expect(newest.filter(({ name }) => name === 'entry').length).toBeGreaterThanOrEqual(5);
  });
});
