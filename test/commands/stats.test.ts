import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { analyticsFiles, openForCommand } from '../../services/analytics/open.ts';
import { type Question, questions } from '../../services/analytics/questions.ts';
import type { CommandDeps } from '../../services/commands/command.ts';
import { commands } from '../../services/commands/index.ts';
import { line } from '../analytics/contract.ts';

let folder: string;
const fail = (error: Error) => {
  throw error;
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stats-'));
  const open = await openForCommand({ DATA_DIR: folder, DOWNLOADS_KEPT: 4e10 }, fail);
  await open.close();
  const before = line({ time: '2026-08-01T00:00:00.000Z' });
  writeFileSync(join(analyticsFiles(folder).spool, '2026-a.ndjson'), line() + line({ module: 'b.example/x' }) + before);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(name: string, ...argv: string[]) {
  const said = { out: '', err: '' };
  const into = (where: keyof typeof said) => ({ write: (text: string) => (said[where] += text) });
  const deps = {
    out: into('out'),
    err: into('err'),
    now: () => new Date('2026-11-30T12:00:00Z'),
    openAnalytics: () => openForCommand({ DATA_DIR: folder, DOWNLOADS_KEPT: 4e10 }, fail),
  } as unknown as CommandDeps;
  const exit = await commands.find(command => command.name === name)?.run(deps, argv);
  return { exit, ...said };
}

describe('stats', () => {
  it('answers of the last 90 days, today included', async () => {
    const { exit, out } = await run('stats', 'module-days', '--module', 'a.example/m');
    expect({ exit, out }).toEqual({ exit: 0, out: 'day         all  people\n2026-11-20    1       1\n' });
    const { out: more } = await run('stats', 'total', '--days', '122', '--format', 'csv');
    expect(more).toBe('all,people\r\n3,3\r\n');
    expect((await run('stats', 'total', '--days', '121', '--format', 'csv')).out).toBe('all,people\r\n2,2\r\n');
  });

  it('answers of the days, the modules and as many rows as are asked for', async () => {
    const all = ['stats', 'top-modules', '--from', '2026-08-01', '--to', '2026-11-20', '--format', 'json'] as const;
    expect(JSON.parse((await run(...all)).out)).toHaveLength(2);
    expect(JSON.parse((await run(...all, '--limit', '1')).out)).toEqual([{ module: 'a.example/m', all: 2, people: 2 }]);
    const some = JSON.parse((await run(...all, '--modules', 'b.example/x,c.example')).out);
    expect(some).toEqual([{ module: 'b.example/x', all: 1, people: 1 }]);
  });

  it.each(Object.entries<Question>(questions))('answers %s with its columns', async (name, { parameters, columns }) => {
    const module = 'module' in parameters ? ['--module', 'a.example/m'] : [];
    const { exit, out } = await run('stats', name, ...module, '--format', 'csv');
    expect(exit).toBe(0);
    expect(out.split('\r\n')[0]).toBe(Object.keys(columns).join(','));
  });

  it('says of nothing that there was nothing', async () => {
    const { out } = await run('stats', 'module-days', '--module', 'none.example', '--days', '3');
    expect(out).toBe('day  all  people\nNothing was counted from 2026-11-28 to 2026-11-30.\n');
  });

  it('without a question lists them, each with its options', async () => {
    const { exit, out } = await run('stats');
    expect(exit).toBe(0);
    for (const { about } of Object.values(questions)) expect(out).toContain(`    ${about}\n`);
    expect(out).toContain('module-days --module … [--version …]\n');
  });

  it.each([
    [['nope'], 'there is no question "nope"; there are total, '],
    [['total', 'clients'], 'only one question can be asked'],
    [['module-days'], 'needs module'],
    [['total', '--module', 'a.example/m'], 'takes no module'],
    [['total', '--from', 'yesterday'], 'from must be a day such as'],
    [['total', '--to', '2026-02-30'], 'to must be a day such as'],
    [['total', '--from', '2026-12-01'], 'must not be after'],
    [['total', '--from', '2026-11-01', '--days', '3'], 'give --from or --days, not both'],
    [['total', '--days', '1.5'], '--days must be a whole number'],
    [['top-modules', '--limit', 'many'], 'limit must be a whole number'],
    [['total', '--format', 'xml'], '--format must be one of table, csv, json'],
    [['total', '--colour'], "Unknown option '--colour'"],
  ])('refuses %j with a sentence, on standard error', async (argv, sentence) => {
    const { exit, out, err } = await run('stats', ...argv);
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(err).toMatch(/^stats: .+\nusage: stats .+\n$/);
    expect(err).toContain(sentence);
  });
});

describe('export', () => {
  const file = () => join(folder, 'x.parquet');

  it('writes the requests of the days, and again only with --force', async () => {
    const { exit, out } = await run('export', '--from', '2026-11-01', file());
    expect({ exit, out }).toEqual({ exit: 0, out: `The requests from 2026-11-01 to 2026-11-30 are in ${file()}.\n` });
    const first = readFileSync(file());
    expect(await run('export', '--days', '3', file())).toMatchObject({
      exit: 1,
      err: `export: ${file()} is there already: give --force to replace it\n`,
    });
    expect(readFileSync(file())).toEqual(first);
    expect((await run('export', '--days', '3', '--force', file())).exit).toBe(0);
    expect(readdirSync(folder).filter(name => name.includes('parquet'))).toEqual(['x.parquet']);
  });

  it.each([
    [[], 'the file to write is missing'],
    [['x.parquet'], 'which days?'],
    [['--days', '3', 'x.parquet', 'y.parquet'], 'only one file'],
    [['--days', '3', 'gs://bucket/x.parquet'], 'give a file instead of gs://bucket/x.parquet'],
  ])('refuses %j with a sentence', async (argv, sentence) => {
    const { exit, err } = await run('export', ...argv);
    expect(exit).toBe(2);
    expect(err).toContain(sentence);
  });
});
