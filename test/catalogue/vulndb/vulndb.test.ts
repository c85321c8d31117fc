import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Finding, Vulnerability } from '../../../services/catalogue/index.ts';
import { createVulndb } from '../../../services/catalogue/vulndb/index.ts';
import { faultOf, startServer, type TestServer } from '../../processor/world.ts';

const entry = (id: string, modified = '2026-01-01T00:00:00Z', more = {}) => ({
  ...{ schema_version: '1.3.1', id, modified, published: '2025-12-01T00:00:00Z', aliases: ['CVE-2026-1'] },
  ...{ summary: 'It leaks', details: 'Much.', references: [{ type: 'FIX', url: 'https://a.test/fix' }] },
  affected: [
    {
      package: { name: 'a.test/m', ecosystem: 'Go' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.2.0' }] }],
      ecosystem_specific: { imports: [{ path: 'a.test/m/p', symbols: ['F'] }] },
    },
    { package: { name: 'left-pad', ecosystem: 'npm' }, ranges: [] },
  ],
  ...more,
});

const finding: Finding = { id: 'GO-1', module: 'a.test/m', summary: 'It leaks', versions: ['v1.0.0'], fixed: 'v1.2.0' };

function follow(database: string, fail = false) {
  const kept: Vulnerability[][] = [];
  const sent: unknown[] = [];
  const state = { failing: fail, changes: 0, told: 0 };
  const vulndb = createVulndb({
    ...{ database, interval: 60_000, log: pino({ level: 'silent' }), now: () => new Date('2026-02-02T00:00:00Z') },
    changed: () => {
      state.changes += 1;
    },
    catalogue: {
      async setVulnerabilities(entries) {
        kept.push([...entries]);
        return kept.length === 1 ? [finding] : [];
      },
      async markTold(findings) {
        state.told += findings.length;
      },
    },
    messaging: {
      async publish(_topic, message) {
        if (state.failing) throw new Error('no messages');
        sent.push(message);
      },
    },
  });
  return { vulndb, kept, sent, state };
}

describe('a vulnerability database at an address', () => {
  let server: TestServer;
  const etags: (string | undefined)[] = [];
  const serve = (entries: { id: string; modified: string }[], etag: string) => {
    server.answers.set('/index/vulns.json', (request, response) => {
      const known = request.headers['if-none-match'];
      etags.push(known);
      if (known === etag) response.writeHead(304).end();
      else response.writeHead(200, { etag }).end(JSON.stringify(entries.map(({ id, modified }) => ({ id, modified }))));
    });
    for (const each of entries) server.answers.set(`/ID/${each.id}.json`, JSON.stringify(each));
  };
  beforeEach(async () => {
    server = await startServer();
    etags.length = 0;
  });
  afterEach(() => server.close());

  test('is read whole, then only what has changed, and what is found is told once', async () => {
    serve([entry('GO-1'), entry('GO-2')], '"1"');
    const { vulndb, kept, sent, state } = follow(`${server.url}/`);
    expect(await vulndb.refresh()).toEqual([finding]);
    expect(kept[0]?.[0]).toEqual({
      ...{ id: 'GO-1', aliases: ['CVE-2026-1'], summary: 'It leaks', details: 'Much.', withdrawn: undefined },
      ...{ published: '2025-12-01T00:00:00Z', modified: '2026-01-01T00:00:00Z' },
      references: [{ type: 'FIX', url: 'https://a.test/fix' }],
      affected: [
        {
          ...{ module: 'a.test/m', events: [{ introduced: '0' }, { fixed: '1.2.0' }] },
          packages: [{ path: 'a.test/m/p', symbols: ['F'] }],
        },
      ],
    });
    expect(sent).toEqual([{ v: 1, ...finding, foundAt: '2026-02-02T00:00:00.000Z' }]);

    expect(await vulndb.refresh()).toBeUndefined();
    expect(etags).toEqual([undefined, '"1"']);
    serve([entry('GO-1'), entry('GO-2', '2026-03-03T00:00:00Z'), entry('GO-3')], '"2"');
    await vulndb.refresh();
    expect(kept[1]?.map(({ id }) => id)).toEqual(['GO-1', 'GO-2', 'GO-3']);
    expect([1, 2, 3].map(n => server.count(`/ID/GO-${n}.json`))).toEqual([1, 2, 1]);
    expect([sent.length, state.changes]).toEqual([1, 2]);
  });

  test('leaves everything as it was when any of it can’t be read, and says why', async () => {
    serve([entry('GO-1')], '"1"');
    server.answers.set('/ID/GO-1.json', 500);
    const { vulndb, kept } = follow(server.url);
    expect(await faultOf(vulndb.refresh())).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/GO-1.json answered 500/),
    });
    for (const bad of ['no json', '{"id":1}', JSON.stringify(entry('../../x'))]) {
      server.answers.set('/ID/GO-1.json', bad);
      expect((await faultOf(vulndb.refresh())).kind).toBe('bad-origin');
    }
    server.answers.set('/index/vulns.json', '[{"id":"../up","modified":""}]');
    expect((await faultOf(vulndb.refresh())).kind).toBe('bad-origin');
    expect(kept).toEqual([]);
  });

  test('has what was found told later when it can’t be told now', async () => {
    serve([entry('GO-1')], '"1"');
    const { vulndb, sent, state } = follow(server.url, true);
    await faultOf(vulndb.refresh());
    expect(state.told).toBe(0);
    state.failing = false;
    expect(await vulndb.refresh()).toBeUndefined();
    expect([sent.length, state.told]).toEqual([1, 1]);
  });

  test('that is down is a concern until it is back', async () => {
    serve([entry('GO-1')], '"1"');
    server.answers.set('/index/vulns.json', 503);
    const { vulndb, kept } = follow(server.url);
    await vulndb.ready();
    vulndb.start();
    await expect
      .poll(async () =>
        vulndb.ready().then(
          () => 'ok',
          () => 'failed',
        ),
      )
      .toBe('failed');
    await vulndb.close();
    expect(kept).toEqual([]);
  });
});

test('a vulnerability database in a folder is read when it changes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vulndb-'));
  await mkdir(join(folder, 'index'));
  await mkdir(join(folder, 'ID'));
  const write = (entries: { id: string; modified: string }[]) =>
    Promise.all([
      writeFile(
        join(folder, 'index/vulns.json'),
        JSON.stringify(entries.map(({ id, modified }) => ({ id, modified }))),
      ),
      ...entries.map(each => writeFile(join(folder, `ID/${each.id}.json`), JSON.stringify(each))),
    ]);
  await write([entry('GO-1')]);
  const { vulndb, kept } = follow(folder);
  await vulndb.refresh();
  expect(await vulndb.refresh()).toBeUndefined();
  await write([entry('GO-1'), entry('GO-2', undefined, { withdrawn: '2026-01-05T00:00:00Z' })]);
  await utimes(join(folder, 'index/vulns.json'), new Date(), new Date(Date.now() + 5000));
  await vulndb.refresh();
  expect(kept.map(entries => entries.map(({ withdrawn }) => withdrawn))).toEqual([
    [undefined],
    [undefined, '2026-01-05T00:00:00Z'],
  ]);
  expect((await faultOf(follow(join(folder, 'nothing')).vulndb.refresh())).kind).toBe('unavailable');
  await rm(folder, { recursive: true });
});

test('a folder of OSV files is a vulnerability database too, and is read when one changes, comes or goes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vulndb-'));
  const { vulndb, kept } = follow(folder);
  expect((await faultOf(vulndb.refresh())).kind).toBe('unavailable');
  const write = (id: string, more = {}) =>
    writeFile(join(folder, `${id}.json`), JSON.stringify(entry(id, undefined, more)));
  await Promise.all([write('GO-1'), write('GO-2'), writeFile(join(folder, 'README.json'), 'no entry')]);
  await vulndb.refresh();
  expect(await vulndb.refresh()).toBeUndefined();
  await write('GO-1', { summary: 'It leaks more' });
  await rm(join(folder, 'GO-2.json'));
  await vulndb.refresh();
  expect(kept.map(entries => entries.map(({ id, summary }) => `${id} ${summary}`))).toEqual([
    ['GO-1 It leaks', 'GO-2 It leaks'],
    ['GO-1 It leaks more'],
  ]);
  await rm(folder, { recursive: true });
});
