import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Fault, type FaultKind } from '../errors.ts';
import { end, lower } from './child.ts';
import type { DuckdbAnalytics, DuckdbOptions } from './duckdb.ts';

/**
 * The embedded analytics in a process of their own with low priority: counting never takes time from downloads, not even
 * on a single core, and neither its memory nor a crash of it are the services'. It is started again when it ends.
 */
export type ProcessOptions = Omit<DuckdbOptions, 'onError'>;

type Method = 'ask' | 'take' | 'exportParquet' | 'ready';

export interface Asked {
  id: number;
  method: Method;
  parameters: unknown[];
}

export interface Answered {
  /** Absent in what is told without being asked. */
  id?: number;
  value?: unknown;
  fault?: string;
  kind?: string;
  /** A failure in the background. */
  background?: string;
}

/** As `nice` counts: 19 is least. */
const priority = 10;
/** Longest time that a question may take, and that the process may take to end, in milliseconds. */
const patience = 30_000;
/** The same of an export, which may be of everything, and of opening a database whose sums have to be made anew. */
const exportPatience = 3_600_000;
const openPatience = 600_000;
const endPatience = 5000;
const firstDelay = 500;
const longestDelay = 60_000;

export interface AnalyticsProcess extends DuckdbAnalytics {
  /** Of the process that runs now; undefined while there is none. */
  readonly pid: number | undefined;
}

/** The process is not there, or has ended before it answered. */
export class Ended extends Fault {
  constructor(message: string) {
    super('unavailable', message);
  }
}

/** Resolves when the database is open; throws `unavailable` when it can't be. */
export async function openAnalyticsProcess(options: DuckdbOptions): Promise<AnalyticsProcess> {
  const { onError, ...plain } = options;
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let child: ChildProcess | undefined;
  let nextId = 1;
  let delay = firstDelay;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  /** Resolves when the database is open. */
  async function start(): Promise<void> {
    const started = fork(fileURLToPath(new URL('duckdb-process.ts', import.meta.url)), [JSON.stringify(plain)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      serialization: 'advanced',
    });
    child = started;
    lower(started, priority);
    started.on('message', answered);
    started.on('error', onError);
    started.once('exit', (code, signal) => {
      if (child === started) child = undefined;
      const gone = new Ended(`the analytics have ended (${signal ?? code}); they are started again`);
      for (const { reject } of waiting.values()) reject(gone);
      waiting.clear();
      if (closed || !opened) return;
      onError(gone);
      retry = setTimeout(() => void start().then(() => (delay = firstDelay), onError), delay).unref();
      delay = Math.min(delay * 2, longestDelay);
    });
    await promise(0, openPatience).catch(error => {
      if (started.connected) started.disconnect();
      throw error;
    });
  }

  function answered({ id, value, fault, kind = 'unavailable', background }: Answered): void {
    if (background !== undefined) onError(new Error(background));
    const asker = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || asker === undefined) return;
    waiting.delete(id);
    if (fault === undefined) asker.resolve(value);
    else asker.reject(new Fault(kind as FaultKind, fault));
  }

  function promise(id: number, patience: number): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    waiting.set(id, { resolve, reject });
    const timer = setTimeout(() => {
      if (waiting.delete(id)) reject(new Fault('timed-out', `the analytics do not answer within ${patience / 1000} s`));
    }, patience);
    return promise.finally(() => clearTimeout(timer));
  }

  async function call(method: Method, ...parameters: unknown[]): Promise<unknown> {
    if (child === undefined || closed) throw new Ended('the analytics do not run just now');
    const id = nextId++;
    const answer = promise(id, method === 'exportParquet' ? exportPatience : patience);
    child.send({ id, method, parameters } satisfies Asked);
    return answer;
  }

  let opened = false;
  await start();
  opened = true;
  return {
    get pid() {
      return child?.pid;
    },
    ask: (question, parameters) => call('ask', question, parameters) as never,
    take: () => call('take') as Promise<number>,
    exportParquet: (target, days, options) => call('exportParquet', target, days, options) as Promise<void>,
    ready: () => call('ready') as Promise<void>,
    async close() {
      closed = true;
      clearTimeout(retry);
      if (child !== undefined) await end(child, endPatience);
    },
  };
}
