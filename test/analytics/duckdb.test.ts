import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDuckdb } from '../../services/analytics/duckdb.ts';
import { tables } from '../../services/analytics/row.ts';
import { openSpool } from '../../services/analytics/spool.ts';
import { analyticsContract, line, november } from './contract.ts';

let folder: string;
const fail = (error: Error) => {
  throw error;
};
const open = (onError: (error: Error) => void = fail) =>
  openDuckdb({ file: join(folder, 'd.duckdb'), spool: join(folder, 'spool'), interval: 0, kept: 4e10, onError });
const total = async (db: Awaited<ReturnType<typeof open>>) => (await db.ask('total', november))[0]?.all;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'analytics-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

analyticsContract('DuckDB', async () => {
  const spool = () => openSpool({ folder: join(folder, 'spool'), interval: 1e8, onError: fail });
  let log = await spool();
  const analytics = await open();
  return {
    log: { write: lines => log.write(lines), dropped: 0, close: () => log.close() },
    analytics,
    async settle() {
      await log.close();
      await analytics.take();
      log = await spool();
    },
    async close() {
      await log.close();
      await analytics.close();
    },
  };
});

describe('the spool', () => {
  it('is counted once although its file is found again after a crash before it was removed', async () => {
    const db = await open();
    const name = join(folder, 'spool', '2026-a.ndjson');
    writeFileSync(name, line());
    await db.take();
    await db.close();
    const again = await open();
    expect(await total(again)).toBe(1);
    expect(readdirSync(join(folder, 'spool'))).toEqual([]);
    await again.close();
  });

  it('of a process that was killed is taken when it has not grown for a minute, but for its torn last line', async () => {
    const db = await open();
    const file = join(folder, 'spool', '2026-b.open');
    appendFileSync(file, line() + line() + line().slice(0, 40));
    expect(await db.take()).toBe(0);
    const past = new Date(Date.now() - 61_000);
    utimesSync(file, past, past);
    expect(await db.take()).toBe(1);
    expect(await total(db)).toBe(2);
    await db.close();
  });

  it('drops and counts lines when too much waits, and never fails a download', async () => {
    const errors: Error[] = [];
    const log = await openSpool({
      folder: join(folder, 'spool'),
      interval: 1e8,
      maxBytes: 100,
      onError: e => errors.push(e),
    });
    log.write(line() + line());
    await log.close();
    const second = await openSpool({ folder: join(folder, 'spool'), interval: 1e8, maxBytes: 100, onError: fail });
    second.write(line() + line() + line());
    expect(second.dropped).toBe(3);
    await second.close();
    expect(errors).toEqual([]);
  });

  it('on a disk that refuses is counted as dropped, told of, and tried again', async () => {
    const errors: Error[] = [];
    const spool = join(folder, 'spool');
    const log = await openSpool({ folder: spool, interval: 1e8, onError: e => errors.push(e) });
    rmSync(spool, { recursive: true });
    log.write(line());
    await log.close();
    expect(log.dropped).toBe(1);
    expect(errors).toHaveLength(1);
  });
});

describe('the database', () => {
  it('has one sum for all names that nobody was given anything of', async () => {
    const db = await open();
    const lines = Array.from({ length: 50 }, (_, i) => line({ module: `m${i}.example`, status: 404, cache: 'none' }));
    writeFileSync(join(folder, 'spool', '2026-c.ndjson'), lines.join('') + line());
    await db.take();
    await db.close();
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const reader = await (await DuckDBInstance.create(join(folder, 'd.duckdb'))).connect();
    const rows = await reader.runAndReadAll('SELECT module, requests FROM downloads_daily ORDER BY module');
    expect(rows.getRowsJson()).toEqual([
      ['', '50'],
      ['a.example/m', '1'],
    ]);
    reader.closeSync();
  });

  it('that is none is told of', async () => {
    writeFileSync(join(folder, 'd.duckdb'), 'this is no database');
    await expect(open()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  describe('exports', () => {
    const target = () => join(folder, 'out', "it's.parquet");
    let db: Awaited<ReturnType<typeof open>>;
    beforeEach(async () => {
      mkdirSync(join(folder, 'out'));
      db = await open();
      writeFileSync(join(folder, 'spool', '2026-c.ndjson'), line() + line({ time: '2026-12-01T00:00:00.000Z' }));
      await db.take();
    });
    afterEach(() => db.close());

    it('the rows of some days, both ends included, as Parquet with the columns of the schema', async () => {
      await db.exportParquet(target(), november);
      const reader = await (await DuckDBInstance.create(':memory:')).connect();
      const rows = await reader.runAndReadAll(`SELECT * FROM '${target().replaceAll("'", "''")}'`);
      expect(rows.columnNames()).toEqual(Object.keys(tables.downloads));
      expect(rows.getRowObjects()).toMatchObject([{ module: 'a.example/m', kind: 'zip', bytes: 10n }]);
      expect(readdirSync(join(folder, 'out'))).toHaveLength(1);
    });

    it('over nothing that is there, unless it is told to', async () => {
      writeFileSync(target(), 'mine');
      await expect(db.exportParquet(target(), november)).rejects.toMatchObject({ kind: 'conflict' });
      expect(readFileSync(target(), 'utf8')).toBe('mine');
      expect(readdirSync(join(folder, 'out'))).toHaveLength(1);
      await db.exportParquet(target(), november, { replace: true });
      expect(readFileSync(target()).subarray(0, 4).toString()).toBe('PAR1');
    });

    it('to files alone: neither over a link nor over a folder, whatever it is told', async () => {
      writeFileSync(join(folder, 'out', 'mine'), 'mine');
      symlinkSync('mine', target());
      for (const path of [target(), join(folder, 'out')]) {
        const exported = db.exportParquet(path, november, { replace: true });
        await expect(exported).rejects.toMatchObject({
          kind: 'invalid',
          message: `${path} is no file: give another name`,
        });
      }
      expect(readdirSync(join(folder, 'out')).sort()).toEqual(["it's.parquet", 'mine']);
    });

    it('nothing where it can’t write, and to no bucket', async () => {
      const nowhere = join(folder, 'out', 'nowhere', 'x.parquet');
      await expect(db.exportParquet(nowhere, november)).rejects.toMatchObject({ kind: 'unavailable' });
      await expect(db.exportParquet('gs://bucket/x', november)).rejects.toMatchObject({ kind: 'invalid' });
      expect(readdirSync(join(folder, 'out'))).toEqual([]);
    });
  });

  it('of version 0.1 becomes this one’s and keeps every count, of requests that are kept and of those that are not', async () => {
    const instance = await DuckDBInstance.create(join(folder, 'd.duckdb'));
    const old = await instance.connect();
    for (const sql of earlier) await old.run(sql);
    old.closeSync();
    instance.closeSync();

    const db = await open();
    const days = (module: string) => db.ask('module-days', { from: '2026-01-01', to: '2026-11-30', module });
    expect(await days('a.example/m')).toEqual([
      { day: '2026-01-05', all: 7, people: 4 },
      { day: '2026-11-20', all: 3, people: 1 },
    ]);
    expect(await db.ask('clients', november)).toEqual([
      { client: 'go', ci: false, requests: 2, downloads: 1 },
      { client: '', ci: true, requests: 1, downloads: 1 },
      { client: 'athens', ci: false, requests: 1, downloads: 1 },
    ]);
    expect(await db.ask('client-versions', { ...november, limit: 1 })).toEqual([
      { client: 'go', version: '2.0', requests: 2 },
    ]);
    writeFileSync(join(folder, 'spool', '2026-d.ndjson'), line());
    await db.take();
    expect(await total(db)).toBe(4);
    await db.close();
    const again = await open();
    expect(await total(again)).toBe(4);
    await again.close();
  });
});

/** The tables of version 0.1, with requests of which some are no longer kept but still summed up. */
const earlier = [
  `CREATE TABLE requests (timestamp TIMESTAMP, module VARCHAR, version VARCHAR, kind VARCHAR, status BIGINT, bytes BIGINT,
    cache VARCHAR, country VARCHAR, client VARCHAR, client_version VARCHAR, ci BOOLEAN, duration DOUBLE)`,
  `CREATE TABLE downloads_daily (day DATE, module VARCHAR, version VARCHAR, downloads BIGINT, people BIGINT,
    PRIMARY KEY (day, module, version))`,
  'CREATE TABLE taken (file VARCHAR PRIMARY KEY)',
  ...['zip', 'mod'].map(
    kind => `INSERT INTO requests VALUES ('2026-11-20 10:00:00', 'a.example/m', 'v1.0.0', '${kind}', 200, 10, 'memory',
    '', 'go', '2.0', false, 0.1)`,
  ),
  `INSERT INTO requests VALUES ('2026-11-20 10:00:00', 'a.example/m', 'v1.0.0', 'zip', 200, 10, 'memory', '', 'athens',
    '', false, 0.1)`,
  "INSERT INTO downloads_daily VALUES ('2026-11-20', 'a.example/m', 'v1.0.0', 3, 1)",
  "INSERT INTO downloads_daily VALUES ('2026-01-05', 'a.example/m', 'v1.0.0', 7, 4)",
];
