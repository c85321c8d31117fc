import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue, type JS, listValue } from '@duckdb/node-api';
import { Fault } from '../errors.ts';
import { duckdbDialect, duckdbText } from './duckdb-dialect.ts';
import { createTables } from './duckdb-schema.ts';
import { takeFile } from './duckdb-take.ts';
import type { Analytics, ExportOptions } from './index.ts';
import { checkDays, checkParameters } from './parameters.ts';
import { type Days, type QuestionName, questions } from './questions.ts';
import { spooled } from './spool.ts';

/**
 * The embedded analytics on DuckDB: takes the spool's files into the table of requests and its daily sums, and answers
 * questions. One process at a time may have the database open, which is ui-backend's. DuckDB works on threads of its own,
 * so nothing here holds up the event loop.
 */
export interface DuckdbOptions {
  /** The database, or `:memory:`. */
  file: string;
  /** Where the proxies' download logs lie. */
  spool: string;
  /** Milliseconds between looks into the spool; 0 looks only when `take` is called. */
  interval?: number;
  /** Milliseconds that rows are kept; the sums of days are kept for ever. */
  kept: number;
  /** Longest wait for a database that is still held, as by what was killed a moment ago, in milliseconds. */
  lockPatience?: number;
  onError(error: Error): void;
}

export interface DuckdbAnalytics extends Analytics {
  /** Takes what the spool holds. Says how many files it took. */
  take(): Promise<number>;
}

export async function openDuckdb(options: DuckdbOptions): Promise<DuckdbAnalytics> {
  const { file, spool, interval = 5000, kept, lockPatience = 10_000, onError } = options;
  await mkdir(spool, { recursive: true });
  if (file !== ':memory:') await mkdir(dirname(file), { recursive: true });
  const instance = await openInstance(file, lockPatience);
  const writer = await instance.connect();
  const reader = await instance.connect();
  await createTables(writer);

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
      writer.run(`DELETE FROM downloads WHERE timestamp < now()::TIMESTAMP - INTERVAL ${kept / 1000} SECOND`),
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
      return ask(reader, name, checkParameters(name, parameters)) as never;
    },
    async exportParquet(target, days, options) {
      // On a connection of its own: questions don't wait for it.
      const connection = await instance.connect();
      try {
        await exportParquet(connection, target, days, options);
      } finally {
        connection.closeSync();
      }
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

/** Whether this was thrown because another process has the database open. */
export const isHeld = (error: unknown): boolean => error instanceof Fault && error.message.includes('Conflicting lock');

async function openInstance(file: string, patience: number): Promise<DuckDBInstance> {
  const end = performance.now() + patience;
  for (;;) {
    try {
      return await DuckDBInstance.create(file, { memory_limit: '512MB', threads: '2' });
    } catch (cause) {
      const fault = new Fault('unavailable', `${file} can't be opened: ${(cause as Error).message}`, { cause });
      if (!isHeld(fault) || performance.now() > end) throw fault;
      await delay(100);
    }
  }
}

async function ask(db: DuckDBConnection, name: QuestionName, parameters: ReadonlyMap<string, unknown>) {
  const bound: Record<string, DuckDBValue> = {};
  for (const [key, value] of parameters) bound[key] = Array.isArray(value) ? listValue(value) : (value as DuckDBValue);
  const sql = questions[name].sql(duckdbDialect, new Set(parameters.keys()));
  try {
    const result = await db.runAndReadAll(sql, bound);
    return result.getRowObjectsJS().map(row => mapValues(row, plain));
  } catch (cause) {
    throw new Fault('unavailable', `the downloads can't be asked: ${(cause as Error).message}`, { cause });
  }
}

/** Under a name of its own first: whoever finds the file finds all of it. */
async function exportParquet(
  db: DuckDBConnection,
  target: string,
  days: Days,
  { replace = false }: ExportOptions = {},
): Promise<void> {
  checkDays(days);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) {
    throw new Fault('invalid', `the downloads are kept on this machine, in DuckDB: give a file instead of ${target}`);
  }
  const there = await lstat(target).catch(({ code }: NodeJS.ErrnoException) => {
    if (code !== 'ENOENT') throw new Fault('unavailable', `${target} can't be written (${code})`);
  });
  // A rename would put the file into the place of a link or a device instead of writing there.
  if (there !== undefined && !there.isFile()) throw new Fault('invalid', `${target} is no file: give another name`);
  const part = `${target}.${randomBytes(6).toString('hex')}.part`;
  try {
    await db.run(
      `COPY (SELECT * FROM downloads WHERE ${duckdbDialect.duringDays('timestamp', 'from', 'to')} ORDER BY timestamp)
      TO ${duckdbText(part)} (FORMAT parquet, COMPRESSION zstd)`,
      { from: days.from, to: days.to },
    );
    await (replace ? rename(part, target) : link(part, target));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new Fault('conflict', `${target} is there already`, { cause });
    throw new Fault('unavailable', `${target} can't be written: ${message}`, { cause });
  } finally {
    await rm(part, { force: true });
  }
}

/** Numbers instead of bigints, days as `YYYY-MM-DD`. */
function plain(value: JS): unknown {
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Date ? value.toISOString().slice(0, 10) : value;
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
