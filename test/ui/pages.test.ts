import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { missing, published, rejected } from '../catalogue/facts.ts';
import { type Pages, startPages } from './start.ts';

const kit = 'demo.example/kit';
const facts = [
  published(`${kit}@v1.0.0`, { synopsis: 'Package kit runs programs.', readme: '# Kit\n\nRuns **programs**.' }),
  published(`${kit}@v1.1.0`, {
    synopsis: 'Package kit runs programs.',
    readme: '# Kit\n\nRuns **programs**.',
    requires: ['demo.example/log@v1.0.0', 'demo.example/nowhere@v0.1.0', 'demo.example/far@v1.0.0//'],
    retracts: ['v1.0.0'],
  }),
  rejected(`${kit}@v1.2.0`),
  missing(`${kit}@v1.3.0`),
  published(`${kit}/v2@v2.0.0`, { synopsis: 'Package kit, better.' }),
  published('demo.example/log@v1.0.0', { synopsis: 'Package log writes lines.' }),
  published('demo.example/old@v0.1.0', { synopsis: 'Package old.', deprecated: 'use kit', licence: '' }),
];
const vulnerability = {
  id: 'GO-2026-0001',
  aliases: ['CVE-2026-1'],
  summary: 'Kit loops for ever',
  details: 'A crafted input.',
  published: '2026-02-01T00:00:00Z',
  modified: '2026-02-01T00:00:00Z',
  withdrawn: undefined,
  affected: [{ module: kit, events: [{ introduced: '0' }, { fixed: '1.1.0' }], packages: [] }],
  references: [
    { type: 'FIX', url: 'https://fix.example/1' },
    { type: 'WEB', url: 'javascript:alert(1)' },
  ],
};
const days = (from: string, to: string) =>
  [from, to].map((day, index) => ({ day, all: 50 + index, people: 20 + index }));
const downloads = {
  byDay: async ({ from, to }: { from: string; to: string }) => days(from, to),
  byVersion: async () => [{ version: 'v1.1.0', all: 70, people: 30 }],
  byModule: async () => [],
  total: async () => ({ all: 1234, people: 567 }),
};

let pages: Pages;
beforeAll(async () => {
  pages = await startPages({ facts, vulnerabilities: [vulnerability], downloads });
});
afterAll(() => pages.close());

const all: Record<string, [url: string, text: string]> = {
  home: ['/', 'go env -w GOPROXY=http://localhost:8080'],
  results: ['/search?q=kit', 'Package kit runs programs.'],
  'results without a query': ['/search', 'All modules'],
  'no results': ['/search?q=zzzzqqqq', 'No module is found'],
  'no results with filters': ['/search?q=kit&licence=ISC', 'Search without filters'],
  module: [`/${kit}`, '<strong>programs</strong>'],
  version: [`/${kit}@v1.0.0`, 'retracted'],
  versions: [`/${kit}?tab=versions`, 'it is too young'],
  packages: [`/${kit}?tab=packages`, 'What it does'],
  requirements: [`/${kit}?tab=requirements`, 'not here'],
  'used by': ['/demo.example/log?tab=used-by', kit],
  'used by nobody': [`/${kit}?tab=used-by`, 'Nobody here requires it'],
  downloads: [`/${kit}?tab=downloads`, '<svg'],
  security: [`/${kit}@v1.0.0?tab=security`, 'CVE-2026-1'],
  'no vulnerability': [`/${kit}?tab=security`, 'No known vulnerability'],
  checks: [`/${kit}?tab=checks`, 'zip-well-formed'],
  'go.mod': [`/${kit}?tab=go-mod`, `module ${kit}`],
  'rejected version': [`/${kit}@v1.2.0`, 'Why it was refused'],
  'missing version': [`/${kit}@v1.3.0`, 'Ask for it again'],
  'deprecated module': ['/demo.example/old', 'This module is deprecated'],
  comparison: [`/compare?module=${kit}&from=v1.0.0&to=v1.1.0`, 'demo.example/nowhere'],
  doctor: ['/doctor', 'The text of a go.mod or go.sum'],
  include: ['/include?module=a.example/b', 'value="a.example/b"'],
  watch: ['/watch?module=a.example/b', 'value="a.example/b"'],
  'watch of a search': ['/watch?q=yaml', 'Whatever this search finds'],
  status: ['/status', 'Everything works.'],
  API: ['/api', '/api/v1/search'],
};

describe('every page', () => {
  it.each(Object.entries(all))('%s says what it is for, by itself', async (_, [url, text]) => {
    const { status, body } = await pages.get(url);
    expect(status).toBe(200);
    expect(body).toContain(text);
  });

  it.each(Object.entries(all))('%s has one heading of the first rank, a title and a main part', async (_, [url]) => {
    const { body } = await pages.get(url);
    expect(body.match(/<h1/g)).toHaveLength(1);
    expect(body).toMatch(/<title>[^<]*GoCenter<\/title>/);
    expect(body.match(/<main id="main"/g)).toHaveLength(1);
    expect(body).toContain('<a class="skip" href="#main">');
    expect(body.match(/undefined|\[object |NaN/)).toBeNull();
  });

  it.each(Object.entries(all))('%s runs no script and has no style that stands in it', async (_, [url]) => {
    const { body, headers } = await pages.get(url);
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(body.match(/<script(?![^>]* src="\/assets\/)/)).toBeNull();
    expect(body.match(/<style|\sstyle=|\son[a-z]+=/)).toBeNull();
    expect(body.match(/(?:src|<link[^>]* href)="(?!\/)/)).toBeNull();
  });

  it('knows its ids: none stands twice', async () => {
    for (const [url] of Object.values(all)) {
      const { body } = await pages.get(url);
      const ids = [...body.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
      expect(ids, url).toEqual([...new Set(ids)]);
    }
  });
});

describe('a version’s page', () => {
  it('has the synopsis of that version, and says whose downloads it shows', async () => {
    const at = (version: string, synopsis: string) => published(`demo.example/told@${version}`, { synopsis });
    await pages.catalogue.put([at('v1.0.0', 'Package told was small.'), at('v1.1.0', 'Package told is large.')]);
    pages.changed();
    const [old, newest] = [await pages.get('/demo.example/told@v1.0.0'), await pages.get('/demo.example/told')];
    expect(old.body).toContain('<p class="lead">Package told was small.</p>');
    expect(newest.body).toContain('<p class="lead">Package told is large.</p>');
    expect(old.body).toContain('Downloads in 30 days, all versions');
    expect((await pages.get(`/${kit}@v1.2.0`)).body).not.toContain('<p class="lead">');
  });

  it('that is not published leads to its vulnerabilities where it names some', async () => {
    const { body } = await pages.get(`/${kit}@v1.2.0?tab=security`);
    expect(body).toMatch(/aria-current="page">\s*Security/);
  });

  it('says of the checksum database that it was not asked, not that it was passed', async () => {
    const { body } = await pages.get('/demo.example/told?tab=checks');
    expect(body).toMatch(/good">.*?<code>zip-well-formed<\/code>/s);
    const facts = published('demo.example/unasked@v1.0.0');
    facts.content?.provenance?.rules.push('checksum-database');
    await pages.catalogue.put([facts]);
    pages.changed();
    const unasked = await pages.get('/demo.example/unasked?tab=checks');
    expect(unasked.body).toMatch(/<code>checksum-database<\/code> not asked/);
  });

  it('whose zip can’t be read says so', async () => {
    const facts = published('demo.example/damaged@v1.0.0');
    if (facts.content) Object.assign(facts.content, { unreadable: 'its zip can’t be read: not a valid zip' });
    await pages.catalogue.put([facts]);
    pages.changed();
    const { body } = await pages.get('/demo.example/damaged');
    expect(body).toContain('What is shown is of its go.mod: its zip can’t be read: not a valid zip.');
    expect(body).not.toMatch(/no licence found|No README/);
  });
});

it('no link on a page has an empty title', async () => {
  for (const [url] of Object.values(all))
    expect((await pages.get(url)).body, url).not.toMatch(/<link[^>]* title(?:="")?(?: |\/|>)/);
});

describe('addresses', () => {
  it('of a package lead to the module that holds it', async () => {
    const big = published('demo.example/big@v1.0.0');
    const deep = { path: 'demo.example/big/sub/deep', name: 'deep', synopsis: '', internal: false, exported: [] };
    if (big.content !== undefined) big.content.packages.push(deep);
    await pages.catalogue.put([big]);
    pages.changed();
    const { status, headers } = await pages.get('/demo.example/big/sub/deep');
    expect([status, headers.location]).toEqual([302, '/demo.example/big?tab=packages']);
  });

  it('with @latest lead to the module', async () => {
    const { status, headers } = await pages.get(`/${kit}@latest`);
    expect([status, headers.location]).toEqual([302, `/${kit}`]);
  });

  it('of what is not here are 404, and offer to include it', async () => {
    const { status, body } = await pages.get('/demo.example/none@v1.0.0');
    expect(status).toBe(404);
    expect(body).toContain('/include?module=demo.example%2Fnone&amp;version=v1.0.0');
  });

  it('that can be no module are 404 without such an offer', async () => {
    for (const url of ['/nothing', '/a.b/<script>', '/a.b/c@v1@v2', '/%2e%2e/x', '/a.example/x%00y', '/é.example/x']) {
      const { status, body } = await pages.get(url);
      expect([url, status]).toEqual([url, 404]);
      expect(body).not.toContain('Include it');
      expect(body).not.toContain('<script>');
    }
  });

  it('with wrong parameters say what is wrong', async () => {
    const { status, body } = await pages.get('/compare?module=x');
    expect(status).toBe(400);
    expect(body).toContain('A comparison needs');
    expect((await pages.get(`/${kit}?tab=nonsense`)).status).toBe(200);
    expect((await pages.get('/search?kind=nonsense&age=x&order=y')).status).toBe(200);
    expect((await pages.get('/search?cursor=nonsense')).status).toBe(400);
    expect((await pages.get('/inclusions/nonsense-nonsense')).status).toBe(404);
  });
});

describe('what is kept', () => {
  it('a page is answered with 304 while it has not changed', async () => {
    const { headers } = await pages.get(`/${kit}?tab=go-mod`);
    expect(headers['cache-control']).toBe('private, no-cache');
    const again = await pages.get(`/${kit}?tab=go-mod`, { 'if-none-match': String(headers.etag) });
    expect([again.status, again.body]).toEqual([304, '']);
    const other = await pages.get(`/${kit}?tab=go-mod`, {
      'if-none-match': String(headers.etag),
      cookie: 'theme=dark',
    });
    expect(other.status).toBe(200);
  });

  it('a failure is not', async () => {
    expect((await pages.get('/demo.example/none')).headers['cache-control']).toBe('no-store');
  });

  it('files are kept for ever under an address of their content, and compressed', async () => {
    const { body } = await pages.get('/');
    const [, style = ''] = /href="(\/assets\/[^"]*style\.css)"/.exec(body) ?? [];
    const { status, headers } = await pages.get(style, { 'accept-encoding': 'gzip, br' });
    expect([status, headers['content-encoding']]).toEqual([200, 'br']);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const old = await pages.get(style.replace(/assets\/[^/]*/, 'assets/older'));
    expect([old.status, old.headers['cache-control']]).toEqual([200, 'no-cache']);
    expect((await pages.get('/assets/x/none.css')).status).toBe(404);
    expect((await pages.get('/assets/x/..%2Fassets.ts')).status).toBe(404);
  });

  it('pages are compressed', async () => {
    const { headers } = await pages.get(`/${kit}`, { 'accept-encoding': 'br' });
    expect(headers['content-encoding']).toBe('br');
  });
});

describe('a repository without a vulnerability database', () => {
  it('does not say that there is none', async () => {
    const without = await startPages({ facts, environment: { VULNDB: '' } });
    expect((await without.get(`/${kit}?tab=security`)).body).toContain('Vulnerabilities are not looked for');
    const { body } = await without.ask('doctor', { text: `module a.example/b\n\nrequire ${kit} v1.1.0\n` });
    expect(body.numbers.vulnerable).toBeNull();
    await without.close();
  });
});

describe('failures', () => {
  it('of what is needed are no 404, and say when to come again', async () => {
    const unavailable = async () => {
      throw new Fault('unavailable', 'the API can’t be reached');
    };
    const failing = await startPages({ facts, answers: { module: unavailable } });
    const { status, headers, body } = await failing.get(`/${kit}`);
    await failing.close();
    expect([status, headers['retry-after']]).toEqual([503, '10']);
    expect(body).toContain('/status');
  });

  it('of ours tell nothing of their cause, and are logged', async () => {
    const broken = async () => {
      throw new Error('secret detail');
    };
    const failing = await startPages({ facts, answers: { module: broken } });
    const { status, body } = await failing.get(`/${kit}`);
    await failing.close();
    expect(status).toBe(500);
    expect(body).not.toContain('secret');
    expect(failing.logged.at(-1)?.err?.message).toBe('secret detail');
  });

  it('the limit of requests is told with the time to wait', async () => {
    const few = await startPages({ environment: { RATE_LIMIT: '1' } });
    await few.get('/doctor');
    await few.get('/doctor');
    const { status, headers, body } = await few.get('/doctor');
    await few.close();
    expect([status, headers['retry-after']]).toEqual([429, '1']);
    expect(body).toContain('Too many requests');
  });
});

it('the status names what it stands on so, for a service that has no state of its own is not in it', async () => {
  const { body } = await pages.get('/status');
  expect(body).toContain('<h2>What it stands on</h2>');
});

it('an empty repository says how to fill it', async () => {
  const none = await startPages();
  const { status, body } = await none.get('/');
  await none.close();
  expect(status).toBe(200);
  expect(body).toContain('Nothing is here yet');
});
