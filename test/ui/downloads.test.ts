import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDownloadCounts } from '../../services/analytics/counts.ts';
import { type DuckdbAnalytics, openDuckdb } from '../../services/analytics/duckdb.ts';
import { line } from '../analytics/contract.ts';
import { published } from '../catalogue/facts.ts';
import { type Pages, startPages } from './start.ts';

const now = new Date('2026-06-15T12:00:00Z');
/** Downloads a day, from a number of days ago to another; `ci` are those of CI, `mirrors` of mirrors. */
interface Said {
  module: string;
  version?: string;
  from: number;
  to: number;
  people?: number;
  ci?: number;
  mirrors?: number;
}
const said: Said[] = [
  // As much as ever, and most of all.
  { module: 'demo.example/steady', from: 29, to: 0, people: 20 },
  // A tenth of that, but eight times what it was.
  { module: 'demo.example/rising', version: 'v1.0.0', from: 13, to: 7, people: 1 },
  { module: 'demo.example/rising', version: 'v1.1.0', from: 6, to: 0, people: 8, ci: 2, mirrors: 1 },
  // New, but asked for by machines alone.
  { module: 'demo.example/machines', from: 6, to: 0, ci: 90, mirrors: 30 },
  // Used no more.
  { module: 'demo.example/falling', from: 13, to: 7, people: 50 },
  // Not in the catalogue.
  { module: 'demo.example/nowhere', from: 6, to: 0, people: 500 },
];

/** Lines of the proxy's log. */
function* lines(): Generator<string> {
  for (const { module, version = 'v1.0.0', from, to, people = 0, ci = 0, mirrors = 0 } of said) {
    for (let ago = from; ago >= to; ago--) {
      const at = (second: number) => new Date(now.getTime() - ago * 86_400_000 - second * 1000).toISOString();
      for (let i = 0; i < people + ci + mirrors; i++) {
        const client = i < people + ci ? 'go' : 'athens';
        yield line({ time: at(i), module, version, client, ci: i >= people && i < people + ci });
      }
      // What is no download: other files, and what was not there.
      for (const other of [{ kind: 'mod' }, { kind: 'info' }, { status: 404 }])
        yield line({ time: at(0), module, version, ...other });
    }
  }
}

let folder: string;
let analytics: DuckdbAnalytics;
let pages: Pages;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gocenter-downloads-'));
  const options = { file: ':memory:', spool: folder, interval: 0, kept: 400 * 86_400_000 };
  analytics = await openDuckdb({ ...options, onError: () => {} });
  await writeFile(join(folder, 'a.ndjson'), [...lines()].join(''));
  expect(await analytics.take()).toBe(1);
  const facts = [
    ...['steady', 'machines', 'falling', 'quiet'].map(name => published(`demo.example/${name}@v1.0.0`)),
    published('demo.example/rising@v1.0.0'),
    published('demo.example/rising@v1.1.0'),
  ];
  pages = await startPages({ facts, downloads: createDownloadCounts(analytics), now: () => now });
});
afterAll(async () => {
  await pages?.close();
  await analytics?.close();
  await rm(folder, { recursive: true });
});

const text = (markup: string) =>
  markup
    .replace(/<wbr\/?>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

describe('what was downloaded', () => {
  test('is on the first page: how much in a week, and what rises before what is merely used', async () => {
    const { body } = await pages.get('/');
    // 20 × 7 + 11 × 7 + 120 × 7 + 500 × 7.
    expect(text(body)).toContain('Downloads in 7 days 4,557');
    const [, trending = ''] = /Trending this week(.*?)<\/ol>/s.exec(body) ?? [];
    expect([...trending.matchAll(/class="ranked-name" href="\/([^"]+)"/g)].map(([, module]) => module)).toEqual([
      'demo.example/rising',
    ]);
    expect(text(trending)).toContain('× 8.0');
  });

  test('is told by the API: of people apart, the most downloaded first', async () => {
    const { body } = await pages.ask('top', { period: 'week' });
    expect(body.items.map(({ module, period }) => [module, period.people, period.all])).toEqual([
      ['demo.example/steady', 140, 140],
      ['demo.example/rising', 56, 77],
      ['demo.example/machines', 0, 840],
    ]);
    const month = await pages.ask('top', { period: 'month' });
    expect(month.body.items.map(({ module, period }) => [module, period.people])).toEqual([
      ['demo.example/steady', 600],
      ['demo.example/falling', 350],
      ['demo.example/rising', 63],
      ['demo.example/machines', 0],
    ]);
  });

  test('is drawn on the page of a module: a bar a day, and the versions below', async () => {
    const { body } = await pages.get('/demo.example/rising?tab=downloads&days=30');
    expect(body.match(/<rect class="bar people"/g)).toHaveLength(30);
    expect(body).toContain('15 Jun 2026: 8 by people, 11 in all');
    expect(body).toContain('9 Jun 2026: 8 by people, 11 in all');
    expect(body).toContain('8 Jun 2026: 1 by people, 1 in all');
    expect(body).toContain('1 Jun 2026: 0 by people, 0 in all');
    expect(text(body)).toContain('by people 63 by mirrors and CI 21 in all 84');
    expect(text(body)).toMatch(/v1\.1\.0 56 77 .*v1\.0\.0 7 7 /);
    const version = await pages.get('/demo.example/rising@v1.0.0?tab=downloads&days=30');
    expect(text(version.body)).toContain('by people 7 by mirrors and CI 0 in all 7');
  });

  test('is said to be nothing where it is nothing', async () => {
    expect((await pages.get('/demo.example/quiet?tab=downloads')).body).toContain('No downloads yet');
  });
});

describe('while what counts downloads hangs', () => {
  let hanging: Pages;
  beforeAll(async () => {
    const never = () => new Promise<never>(() => {});
    const facts = [published('demo.example/steady@v1.0.0'), published('demo.example/steady@v1.1.0')];
    const downloads = { byDay: never, byVersion: never, byModule: never, total: never };
    hanging = await startPages({ facts, downloads, now: () => now });
  });
  afterAll(() => hanging?.close());

  test.each([
    ['/', 'Downloads in 7 days not known just now'],
    ['/demo.example/steady', 'Published here'],
    ['/demo.example/steady@v1.0.0', 'Published here'],
    ['/demo.example/steady?tab=versions', 'Downloads are not known just now'],
    ['/demo.example/steady?tab=downloads', 'Downloads are not known just now'],
  ])('the page %s comes within seconds and says what is not known', async (url, said) => {
    const begun = performance.now();
    const { status, body } = await hanging.get(url);
    expect(status).toBe(200);
    expect(text(body)).toContain(said);
    expect(performance.now() - begun).toBeLessThan(4000);
  });
});
