import { appendFileSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDuckdb } from '../../services/analytics/duckdb.ts';
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
  it('can’t be opened by two processes: the second is told', async () => {
    writeFileSync(join(folder, 'd.duckdb'), 'this is no database');
    await expect(open()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('gives the rows of some days as Parquet', async () => {
    const db = await open();
    writeFileSync(join(folder, 'spool', '2026-c.ndjson'), line() + line({ time: '2025-01-01T00:00:00.000Z' }));
    await db.take();
    const file = join(folder, "it's.parquet");
    await db.exportParquet(file, november);
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const reader = await (await DuckDBInstance.create(':memory:')).connect();
    const rows = await reader.runAndReadAll(`SELECT module, kind FROM '${file.replaceAll("'", "''")}'`);
    expect(rows.getRowObjects()).toEqual([{ module: 'a.example/m', kind: 'zip' }]);
    await db.close();
  });
});
