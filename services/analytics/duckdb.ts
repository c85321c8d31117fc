import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue, listValue } from '@duckdb/node-api';
import { Fault } from '../errors.ts';
import type { Analytics } from './index.ts';
import { byPeople, type Dialect, isDownload, type ParameterType, type QuestionName, questions } from './questions.ts';
import { type Column, columns, moduleKinds } from './row.ts';
import { spooled } from './spool.ts';

/**
 * The embedded analytics on DuckDB: takes the spool's files into the table of requests and its daily roll-up, and
 * answers questions. One process at a time may have the database open, which is ui-backend's. DuckDB works on threads of
 * its own, so nothing here holds up the event loop.
 */
export interface DuckdbOptions {
  /** The database, or `:memory:`. */
  file: string;
  /** Where the proxies' download logs lie. */
  spool: string;
  /** Milliseconds between looks into the spool; 0 looks only when `take` is called. */
  interval?: number;
  /** Milliseconds that rows are kept; roll-ups are kept for ever. */
  kept: number;
  onError(error: Error): void;
}

export interface DuckdbAnalytics extends Analytics {
  /** Takes what the spool holds. Says how many files it took. */
  take(): Promise<number>;
  /** Writes the rows of these days to a Parquet file. */
  exportParquet(file: string, days: { from: string; to: string }): Promise<void>;
}

/** A file of the spool larger than this is somebody else's. */
const maxFile = 256 << 20;

export async function openDuckdb(options: DuckdbOptions): Promise<DuckdbAnalytics> {
  const { file, spool, interval = 5000, kept, onError } = options;
  await mkdir(spool, { recursive: true });
  if (file !== ':memory:') await mkdir(dirname(file), { recursive: true });
  const instance = await openInstance(file);
  const writer = await instance.connect();
  const reader = await instance.connect();
  await writer.run(schemaSql);

  let closed = false;
  let work: Promise<unknown> = Promise.resolve();
  /** One after the other: there is one connection that writes. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const result = work.then(act);
    work = result.catch(() => {});
    return result;
  };
  const take = () =>
    inTurn(async () => {
      let taken = 0;
      for (const path of await spooled(spool)) {
        if (closed) break;
        await takeFile(writer, path, onError);
        taken += 1;
      }
      return taken;
    });
  const forget = () =>
    inTurn(() =>
      writer.run(`DELETE FROM requests WHERE timestamp < now()::TIMESTAMP - INTERVAL ${kept / 1000} SECOND`),
    );
  const guarded = (act: () => Promise<unknown>) => void act().catch(onError);
  const timers =
    interval === 0
      ? []
      : [setInterval(guarded, interval, take).unref(), setInterval(guarded, 86_400_000, forget).unref()];
  if (interval !== 0) guarded(forget);

  return {
    take,
    async ask(name, parameters) {
      return ask(reader, name, new Map(Object.entries(parameters))) as never;
    },
    async exportParquet(target, { from, to }) {
      await reader.run(
        `COPY (SELECT * FROM requests WHERE CAST(timestamp AS DATE) BETWEEN CAST($from AS DATE) AND CAST($to AS DATE)
          ORDER BY timestamp) TO '${target.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`,
        { from, to },
      );
    },
    async ready() {
      await reader.run('SELECT 1');
    },
    async close() {
      closed = true;
      for (const timer of timers) clearInterval(timer);
      await work;
      reader.closeSync();
      writer.closeSync();
      instance.closeSync();
    },
  };
}

/** Longest wait for a database that is still held, as by what was killed a moment ago, in milliseconds. */
const lockPatience = 10_000;

async function openInstance(file: string): Promise<DuckDBInstance> {
  const end = performance.now() + lockPatience;
  for (;;) {
    try {
      return await DuckDBInstance.create(file, { memory_limit: '512MB', threads: '2' });
    } catch (cause) {
      const { message } = cause as Error;
      if (!message.includes('Conflicting lock') || performance.now() > end) {
        throw new Fault('unavailable', `${file} can't be opened: ${message}`, { cause });
      }
      await delay(100);
    }
  }
}

const types: Readonly<Record<Column['type'], string>> = {
  timestamp: 'TIMESTAMP',
  string: 'VARCHAR',
  integer: 'BIGINT',
  float: 'DOUBLE',
  boolean: 'BOOLEAN',
};

const schemaSql = `
CREATE TABLE IF NOT EXISTS requests (${Object.entries(columns)
  .map(([name, { type }]) => `${name} ${types[type]}`)
  .join(', ')});
CREATE TABLE IF NOT EXISTS downloads_daily (
  day DATE, module VARCHAR, version VARCHAR, downloads BIGINT, people BIGINT, PRIMARY KEY (day, module, version));
CREATE TABLE IF NOT EXISTS taken (file VARCHAR PRIMARY KEY);`;

/**
 * All of a file or nothing, and once: its name is kept in the same transaction until the file is gone. Lines that are
 * no request's, or torn, are passed over.
 */
async function takeFile(db: DuckDBConnection, path: string, onError: (error: Error) => void): Promise<void> {
  const name = basename(path);
  const size = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  if (size > 0 && size <= maxFile) {
    await db.run('BEGIN');
    try {
      const seen = await db.runAndReadAll('SELECT 1 FROM taken WHERE file = $name', { name });
      if (seen.currentRowCount === 0) {
        await db.run(`CREATE OR REPLACE TEMP TABLE arrived AS ${selectSql(path)}`);
        await db.run('INSERT INTO requests SELECT * FROM arrived');
        await db.run(rollUpSql);
        await db.run('INSERT INTO taken VALUES ($name)', { name });
      }
      await db.run('COMMIT');
    } catch (error) {
      await db.run('ROLLBACK').catch(() => {});
      throw error;
    }
  } else if (size > maxFile) {
    onError(new Error(`${path} is larger than any download log and was passed over`));
  }
  await rm(path, { force: true });
  await db.run('DELETE FROM taken WHERE file = $name', { name });
}

function selectSql(path: string): string {
  const logged = Object.entries<Column>(columns).map(([name, { type, logged = name }]) => ({ name, type, logged }));
  const read = logged.map(({ logged, type }) => `${logged}: '${types[type]}'`).join(', ');
  const picked = logged.map(({ name, logged, type }) =>
    type === 'string'
      ? `COALESCE(${logged}, '') AS ${name}`
      : type === 'boolean'
        ? `COALESCE(${logged}, false) AS ${name}`
        : `${logged} AS ${name}`,
  );
  return `SELECT ${picked.join(', ')} FROM read_json('${path.replaceAll("'", "''")}', format = 'newline_delimited',
  ignore_errors = true, maximum_object_size = 65536, columns = {${read}})
WHERE time IS NOT NULL AND module <> '' AND kind IN (${moduleKinds.map(kind => `'${kind}'`).join(', ')})`;
}

const rollUpSql = `INSERT INTO downloads_daily
SELECT CAST(timestamp AS DATE), module, version, COUNT(*), COUNT(*) FILTER (${byPeople})
FROM arrived WHERE ${isDownload} GROUP BY ALL
ON CONFLICT DO UPDATE SET downloads = downloads + excluded.downloads, people = people + excluded.people`;

const casts: Readonly<Record<ParameterType, string>> = {
  day: 'DATE',
  string: 'VARCHAR',
  integer: 'BIGINT',
  strings: 'VARCHAR[]',
};

const text = (pattern: string) => `'${pattern.replaceAll("'", "''")}'`;

export const duckdbDialect: Dialect = {
  table: name => name,
  parameter: (name, type) => `CAST($${name} AS ${casts[type]})`,
  day: expression => `CAST(${expression} AS DATE)`,
  matches: (expression, pattern) => `regexp_matches(${expression}, ${text(pattern)})`,
  without: (expression, pattern) => `regexp_replace(${expression}, ${text(pattern)}, '', 'g')`,
  among: (expression, parameter) => `${expression} IN (SELECT UNNEST(CAST($${parameter} AS VARCHAR[])))`,
  ratio: (numerator, denominator) => `(${numerator}) / NULLIF(${denominator}, 0)::DOUBLE`,
};

async function ask(db: DuckDBConnection, name: QuestionName, parameters: ReadonlyMap<string, unknown>) {
  const question = questions[name];
  const bound: Record<string, DuckDBValue> = {};
  for (const [key, { optional }] of Object.entries<{ optional?: true }>(question.parameters)) {
    const value = parameters.get(key);
    if (value === undefined && optional) continue;
    if (value === undefined) throw new Fault('invalid', `the question ${name} needs ${key}`);
    bound[key] = Array.isArray(value) ? listValue(value) : (value as DuckDBValue);
  }
  const sql = question.sql(duckdbDialect, new Set(Object.keys(bound)));
  try {
    const result = await db.runAndReadAll(sql, bound);
    return result.getRowObjects().map(row => mapValues(row, plain));
  } catch (cause) {
    throw new Fault('unavailable', `the downloads can't be asked: ${(cause as Error).message}`, { cause });
  }
}

/** What JavaScript programs expect: numbers instead of bigints, days as `YYYY-MM-DD`. */
function plain(value: DuckDBValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value !== null && typeof value === 'object') {
    const text = value.toString();
    return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  }
  return value;
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
