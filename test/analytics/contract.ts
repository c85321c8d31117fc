import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Analytics, DownloadLog } from '../../services/analytics/index.ts';

export interface AnalyticsUnderTest {
  log: DownloadLog;
  analytics: Analytics;
  /** Resolves when all that was written can be asked for. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** A line of the proxy's request log. */
export const line = (facts: object = {}) =>
  `${JSON.stringify({
    severity: 'INFO',
    time: '2026-11-20T10:00:00.000Z',
    message: 'request',
    service: 'proxy',
    module: 'a.example/m',
    version: 'v1.0.0',
    kind: 'zip',
    status: 200,
    bytes: 10,
    cache: 'memory',
    durationMs: 0.12,
    country: '',
    client: 'go',
    clientVersion: '2.0',
    ci: false,
    ...facts,
  })}\n`;

export const november = { from: '2026-11-01', to: '2026-11-30' };

/** What every adapter of the analytics port promises. */
export function analyticsContract(name: string, open: () => Promise<AnalyticsUnderTest>): void {
  describe(`analytics on ${name}`, () => {
    let here: AnalyticsUnderTest;
    beforeEach(async () => {
      here = await open();
    });
    afterEach(() => here.close());

    const write = async (...lines: string[]) => {
      here.log.write(lines.join(''));
      await here.settle();
    };

    it('counts zips served with 200 as downloads, and nothing else', async () => {
      const others = ['mod', 'info', 'list', 'latest', 'query'].map(kind => line({ kind }));
      await write(line(), ...others, ...[206, 304, 403, 404, 499, 503].map(status => line({ status })));
      expect(await here.analytics.ask('total', november)).toEqual([{ all: 1, people: 1 }]);
    });

    it('leaves mirrors and CI out of what people downloaded', async () => {
      await write(line(), line({ ci: true }), line({ client: 'athens' }), line({ client: 'artifactory', ci: true }));
      expect(await here.analytics.ask('total', november)).toEqual([{ all: 4, people: 1 }]);
    });

    it('passes over what is torn, foreign, or about no module', async () => {
      await write(line(), '{"time":"2026-11-20T\n', 'hello\n', '{}\n', line({ module: '', kind: 'sumdb' }), line());
      expect(await here.analytics.ask('total', november)).toEqual([{ all: 2, people: 2 }]);
    });

    it('has days of UTC, both ends included', async () => {
      const at = (time: string) => line({ time });
      await write(at('2026-10-31T23:59:59.999Z'), at('2026-11-01T00:00:00.000Z'), at('2026-11-30T23:59:59.999Z'));
      await write(at('2026-12-01T00:00:00.000Z'));
      expect(await here.analytics.ask('module-days', { ...november, module: 'a.example/m' })).toEqual([
        { day: '2026-11-01', all: 1, people: 1 },
        { day: '2026-11-30', all: 1, people: 1 },
      ]);
    });

    it('tells a module’s downloads by day, of all versions or of one', async () => {
      await write(line(), line({ version: 'v1.1.0' }), line({ module: 'b.example/x' }));
      const asked = { ...november, module: 'a.example/m' };
      expect(await here.analytics.ask('module-days', asked)).toEqual([{ day: '2026-11-20', all: 2, people: 2 }]);
      expect(await here.analytics.ask('module-days', { ...asked, version: 'v1.1.0' })).toEqual([
        { day: '2026-11-20', all: 1, people: 1 },
      ]);
    });

    it('tells versions and modules, the most downloaded first, and shares', async () => {
      await write(line(), line({ version: 'v1.1.0' }), line({ version: 'v1.1.0' }), line({ module: 'b.example/x' }));
      const asked = { ...november, limit: 10 };
      expect(await here.analytics.ask('module-versions', { ...asked, module: 'a.example/m' })).toEqual([
        { version: 'v1.1.0', all: 2, people: 2 },
        { version: 'v1.0.0', all: 1, people: 1 },
      ]);
      const modules = await here.analytics.ask('top-modules', asked);
      expect(modules.map(({ module }) => module)).toEqual(['a.example/m', 'b.example/x']);
      expect(await here.analytics.ask('top-modules', { ...asked, limit: 1 })).toHaveLength(1);
      const some = await here.analytics.ask('top-modules', { ...asked, modules: ['b.example/x', 'c.example/none'] });
      expect(some).toEqual([{ module: 'b.example/x', all: 1, people: 1 }]);
      const shares = await here.analytics.ask('version-share', { ...asked, module: 'a.example/m' });
      expect(shares.map(({ version, share }) => [version, share.toFixed(3)])).toEqual([
        ['v1.1.0', '0.667'],
        ['v1.0.0', '0.333'],
      ]);
    });

    it('tells what rises beyond chance: from little to some before from much to a little more', async () => {
      const times = (count: number, facts: object) => Array.from({ length: count }, () => line(facts));
      const before = '2026-10-20T00:00:00.000Z';
      await write(...times(5, { module: 'new.example', time: before }), ...times(40, { module: 'new.example' }));
      await write(...times(200, { module: 'big.example', time: before }), ...times(220, { module: 'big.example' }));
      await write(...times(9, { module: 'falls.example', time: before }), ...times(8, { module: 'falls.example' }));
      await write(...times(4, { module: 'rare.example' }));
      expect(await here.analytics.ask('trending', { ...november, before: '2026-10-01', limit: 10 })).toEqual([
        { module: 'new.example', people: 40, earlier: 5 },
        { module: 'big.example', people: 220, earlier: 200 },
      ]);
    });

    it('tells the major versions of one module apart, and of no other', async () => {
      const modules = [
        'a.example/m',
        'a.example/m/v2',
        'a.example/m/v10',
        'a.example/m/v1x',
        'a.example/mm',
        'a.example/m/v2/sub',
        'gopkg.example/y.v1',
        'gopkg.example/y.v3',
      ];
      await write(...modules.map(module => line({ module })));
      const found = await here.analytics.ask('majors', { ...november, module: 'a.example/m/v2' });
      expect(found.map(({ module }) => module)).toEqual(['a.example/m', 'a.example/m/v10', 'a.example/m/v2']);
      const dotted = await here.analytics.ask('majors', { ...november, module: 'gopkg.example/y.v1' });
      expect(dotted.map(({ module }) => module)).toEqual(['gopkg.example/y.v1', 'gopkg.example/y.v3']);
    });

    it('tells the cache’s part and the bytes that origins were saved', async () => {
      await write(line({ cache: 'fetched', bytes: 100 }), line({ bytes: 100 }), line({ cache: 'store', bytes: 50 }));
      await write(line({ kind: 'list', cache: 'none', bytes: 5 }), line({ status: 404, cache: 'none', bytes: 20 }));
      const [hits] = await here.analytics.ask('cache-hit-ratio', november);
      expect(hits).toEqual({ day: '2026-11-20', requests: 3, ratio: 2 / 3 });
      const [bytes] = await here.analytics.ask('bytes-saved', november);
      expect(bytes).toEqual({ day: '2026-11-20', served: 250, fetched: 100, saved: 150 });
    });

    it('tells clients, their versions and countries', async () => {
      await write(
        line(),
        line({ country: 'DE', kind: 'mod' }),
        line({ client: 'curl', clientVersion: '8.1', ci: true, country: 'DE' }),
      );
      expect(await here.analytics.ask('clients', november)).toEqual([
        { client: 'go', ci: false, requests: 2, downloads: 1 },
        { client: 'curl', ci: true, requests: 1, downloads: 1 },
      ]);
      expect(await here.analytics.ask('client-versions', { ...november, limit: 10 })).toEqual([
        { client: 'go', version: '2.0', requests: 2 },
        { client: 'curl', version: '8.1', requests: 1 },
      ]);
      expect(await here.analytics.ask('countries', november)).toEqual([
        { country: 'DE', requests: 2, downloads: 1 },
        { country: '', requests: 1, downloads: 1 },
      ]);
    });

    it('says of a module that was only asked for, never given, that nobody downloaded it', async () => {
      await write(line({ status: 404, cache: 'none' }), line({ kind: 'list', version: '' }));
      const asked = { ...november, module: 'a.example/m', limit: 10 };
      expect(await here.analytics.ask('top-modules', { ...november, limit: 10 })).toEqual([]);
      expect(await here.analytics.ask('module-versions', asked)).toEqual([]);
      expect(await here.analytics.ask('version-share', asked)).toEqual([]);
      expect(await here.analytics.ask('module-days', { ...november, module: 'a.example/m' })).toEqual([]);
      expect(await here.analytics.ask('majors', { ...november, module: 'a.example/m' })).toEqual([]);
      expect(await here.analytics.ask('total', november)).toEqual([{ all: 0, people: 0 }]);
    });

    it('sums up what was not given without its name, which anybody may invent', async () => {
      const invented = Array.from({ length: 9 }, (_, i) =>
        line({ module: `m${i}.example`, status: 404, cache: 'none' }),
      );
      await write(...invented, line({ country: 'DE' }), line({ status: 404, cache: 'none', country: 'DE' }));
      expect(await here.analytics.ask('countries', november)).toEqual([
        { country: '', requests: 9, downloads: 0 },
        { country: 'DE', requests: 2, downloads: 1 },
      ]);
    });

    it('ranks modules by people’s downloads, not by what mirrors and CI fetch', async () => {
      const fetched = [line({ module: 'b.example/x', client: 'athens' }), line({ module: 'b.example/x', ci: true })];
      await write(...fetched, ...fetched, line({ module: 'b.example/x' }), line(), line());
      expect(await here.analytics.ask('top-modules', { ...november, limit: 10 })).toEqual([
        { module: 'a.example/m', all: 2, people: 2 },
        { module: 'b.example/x', all: 5, people: 1 },
      ]);
      expect(await here.analytics.ask('version-share', { ...november, module: 'b.example/x', limit: 10 })).toEqual([
        { version: 'v1.0.0', share: 1 },
      ]);
    });

    it('has no trend in what mirrors and CI fetch', async () => {
      const many = Array.from({ length: 20 }, (_, i) => line(i % 2 === 0 ? { ci: true } : { client: 'goproxy' }));
      await write(...many);
      expect(await here.analytics.ask('trending', { ...november, before: '2026-10-02', limit: 10 })).toEqual([]);
    });

    it('tells a module’s last 90 days, each with its own count', async () => {
      const day = (back: number) => new Date(Date.UTC(2026, 10, 30 - back)).toISOString();
      const lines = Array.from({ length: 91 }, (_, back) => Array(1 + (back % 3)).fill(line({ time: day(back) })));
      await write(...lines.flat());
      const asked = { from: day(89).slice(0, 10), to: '2026-11-30', module: 'a.example/m' };
      const expected = Array.from({ length: 90 }, (_, i) => 1 + ((89 - i) % 3));
      const found = await here.analytics.ask('module-days', asked);
      expect(found.map(({ all }) => all)).toEqual(expected);
      expect(found[0]?.day).toBe(asked.from);
    });

    it('counts on in a day that was counted before, by each of its dimensions', async () => {
      await write(line(), line({ country: 'DE' }));
      await write(line({ bytes: 5 }), line({ country: 'DE' }), line({ country: 'FR' }));
      expect(await here.analytics.ask('countries', november)).toEqual([
        { country: '', requests: 2, downloads: 2 },
        { country: 'DE', requests: 2, downloads: 2 },
        { country: 'FR', requests: 1, downloads: 1 },
      ]);
      const [bytes] = await here.analytics.ask('bytes-saved', november);
      expect(bytes).toEqual({ day: '2026-11-20', served: 45, fetched: 0, saved: 45 });
    });

    it('takes what a cache before the proxy gave as saved', async () => {
      await write(line({ cache: 'edge', bytes: 30 }), line({ cache: 'fetched', bytes: 10 }));
      expect(await here.analytics.ask('cache-hit-ratio', november)).toEqual([
        { day: '2026-11-20', requests: 2, ratio: 0.5 },
      ]);
      const [bytes] = await here.analytics.ask('bytes-saved', november);
      expect(bytes).toEqual({ day: '2026-11-20', served: 40, fetched: 10, saved: 30 });
    });

    it('refuses to export days that can’t be', async () => {
      const exported = here.analytics.exportParquet('x.parquet', { from: '2026-11-30', to: '2026-11-01' });
      await expect(exported).rejects.toMatchObject({ kind: 'invalid' });
    });

    it('takes whatever is asked as a value, never as a part of the question', async () => {
      await write(line());
      const hostile = "a.example/m' OR '1'='1";
      expect(await here.analytics.ask('module-versions', { ...november, module: hostile, limit: 5 })).toEqual([]);
    });

    it.each([
      ['what it needs', 'module-versions', november, 'needs module'],
      ['a day of the calendar', 'total', { from: '2026-02-30', to: '2026-03-01' }, 'from must be a day'],
      ['days in order', 'total', { from: '2026-03-02', to: '2026-03-01' }, 'must not be after'],
      ['a limit', 'top-modules', { ...november, limit: 0 }, 'limit must be a whole number'],
      ['only what it takes', 'total', { ...november, module: 'a.example/m' }, 'takes no module'],
      ['a name that there is', 'constructor', november, 'there is no question'],
    ] as const)('refuses a question without %s', async (_, question, parameters, sentence) => {
      const asked = here.analytics.ask(question as 'total', parameters);
      await expect(asked).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining(sentence) });
    });
  });
}
