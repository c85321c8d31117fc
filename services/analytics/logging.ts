import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Fault } from '../errors.ts';
import { end, lower } from './child.ts';
import type { DownloadLog } from './index.ts';
import type { ProcessOptions, Tells, Told } from './logging/process.ts';
import type { Settled } from './logging/sender.ts';

/**
 * The download log in Cloud Logging: an entry a request in the log `downloads`, from where a sink takes it to BigQuery
 * (infra/cloud/analytics.ts). Making and sending an entry costs several times what serving a download from memory does, so
 * a process of least priority does it: with time to spare on a core the log is complete, without it downloads come first
 * and lines are dropped (docs/decisions/0024-the-download-log-on-google-cloud.md).
 */
export interface CloudLogOptions {
  project: string;
  /** Address of a server that speaks the same and takes no credentials; Google's own without one. */
  endpoint?: string;
  onError(error: Error): void;
}

export interface CloudLog extends DownloadLog {
  /** Of the process that takes lines; undefined while there is none. */
  readonly pid: number | undefined;
  /** Throws `unavailable`, with the reason, while lines are not taken. */
  ready(): Promise<void>;
}

/** Characters of lines that wait to be taken; more are dropped. */
const maxWaiting = 16 << 20;
/** Of those, the ones that the process has; to copy more for it would be in vain. */
const maxGiven = 2 << 20;
/** So many are given at once: each time costs something. */
const giveChars = 128 << 10;
/** Milliseconds that fewer wait for others at most. */
const giveTime = 500;
/** As `nice` counts: least. */
const priority = 19;
/** MiB of the process's heap; when it needs more it ends, and is started again. */
const heap = 160;
/** Milliseconds without anything taken, while lines wait, after which that is told. */
const silence = 20_000;
/** Failures are told of once in so many milliseconds. */
const tellEvery = 60_000;
/** Milliseconds to hand over what waits, at the end, and to end then. */
const closePatience = 3000;
const endPatience = 1000;
/** Milliseconds for the process to start; it looks at the log for a part of them. */
const startPatience = 30_000;
const firstDelay = 500;
const longestDelay = 60_000;

/**
 * Resolves when the log may be written, or can't be reached just now, which readiness tells. Throws `unavailable` with what
 * to do when it may not be written.
 */
export async function openCloudLog(options: CloudLogOptions): Promise<CloudLog> {
  const { project, endpoint = '', onError } = options;
  /** Takes lines. */
  let child: ChildProcess | undefined;
  let closed = false;
  let delay = firstDelay;
  let retry: NodeJS.Timeout | undefined;
  /** Not given yet. */
  let queue: string[] = [];
  /** What is not settled, and the part of it that the process has. */
  let waiting = { chars: 0, lines: 0 };
  let given = 0;
  let dropped = 0;
  let failure: string | undefined;
  let lastTaken = performance.now();
  let lastTold = -tellEvery;
  /** Told at the end when nothing waits any more. */
  let drained = () => {};

  function start(): Promise<void> {
    const file = fileURLToPath(new URL('./logging/process.ts', import.meta.url));
    const started = fork(file, [JSON.stringify({ project, endpoint } satisfies ProcessOptions)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [`--max-old-space-size=${heap}`],
      serialization: 'advanced',
    });
    lower(started, priority);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(() => reject(new Fault('unavailable', 'its process does not start')), startPatience);
    started.on('message', (message: Tells) => {
      if ('look' in message) {
        if (child !== undefined && child !== started) return;
        child = started;
        failure = message.look.failure;
        if (failure !== undefined) tell(new Fault('unavailable', failure));
        return resolve();
      }
      if ('settled' in message) return child === started ? settle(message.settled) : undefined;
      reject(new Fault('unavailable', message.fault));
    });
    started.on('error', error => reject(new Fault('unavailable', `its process fails: ${error.message}`)));
    started.once('exit', (code, signal) => {
      reject(new Fault('unavailable', `its process has ended (${signal ?? code})`));
      if (child === started) ended();
    });
    promise.catch(() => end(started, endPatience));
    return promise.finally(() => clearTimeout(late));
  }

  function settle({ chars, lines, dropped: lost, failure: why }: Settled): void {
    waiting.chars -= chars;
    waiting.lines -= lines;
    given -= chars;
    dropped += lost;
    lastTaken = performance.now();
    failure = why;
    if (why !== undefined) tell(new Fault('unavailable', why));
    if (closed) drain();
    else give(false);
  }

  /** Gives the process what waits: as much as makes it worth while, or all. */
  function give(all: boolean): void {
    while (child?.connected && given < maxGiven && (waiting.chars - given >= giveChars || (all && queue.length > 0))) {
      const some: string[] = [];
      let chars = 0;
      while (chars < giveChars) {
        const text = queue.shift();
        if (text === undefined) break;
        some.push(text);
        chars += text.length;
      }
      given += chars;
      child.send({ lines: some.join('') } satisfies Told, () => {});
    }
  }

  /** Has all handed over without waiting for more. */
  function drain(): void {
    give(true);
    if (waiting.chars === 0) drained();
    else if (child?.connected) child.send('drain' satisfies Told, () => {});
  }

  function tell(fault: Fault): void {
    const now = performance.now();
    if (now - lastTold < tellEvery) return;
    lastTold = now;
    onError(fault);
  }

  /** The process is gone, and what it had with it. */
  function ended(): void {
    child = undefined;
    dropped += waiting.lines;
    waiting = { chars: 0, lines: 0 };
    given = 0;
    queue = [];
    if (closed) return;
    failure = 'the process of the download log has ended; it is started again';
    tell(new Fault('unavailable', failure));
    again();
  }

  function again(): void {
    retry = setTimeout(() => {
      start().then(
        () => {
          delay = firstDelay;
          if (closed && child !== undefined) void end(child, endPatience);
        },
        () => {
          if (!closed) again();
        },
      );
    }, delay).unref();
    delay = Math.min(delay * 2, longestDelay);
  }

  await start();
  const timer = setInterval(give, giveTime, true).unref();
  return {
    write(text) {
      if (child === undefined || !child.connected || closed || waiting.chars + text.length > maxWaiting) {
        dropped += count(text);
        return;
      }
      if (waiting.lines === 0) lastTaken = performance.now();
      waiting.chars += text.length;
      waiting.lines += count(text);
      queue.push(text);
      give(false);
    },
    get pid() {
      return child?.pid;
    },
    get dropped() {
      return dropped;
    },
    async ready() {
      if (failure !== undefined) throw new Fault('unavailable', failure);
      const silent = performance.now() - lastTaken;
      if (waiting.lines > 0 && silent > silence) {
        throw new Fault('unavailable', `Cloud Logging has taken nothing for ${Math.round(silent / 1000)} s`);
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      const before = dropped;
      clearTimeout(retry);
      clearInterval(timer);
      if (child === undefined) return;
      const running = child;
      const { promise, resolve } = Promise.withResolvers<void>();
      drained = resolve;
      running.once('exit', () => resolve());
      const late = setTimeout(resolve, closePatience);
      drain();
      await promise;
      clearTimeout(late);
      await end(running, endPatience);
      const lost = dropped - before;
      if (lost === 0) return;
      const what = lost === 1 ? '1 line of the download log is' : `${lost} lines of the download log are`;
      onError(new Fault('unavailable', `${what} lost: Cloud Logging has not taken them before the end`));
    },
  };
}

function count(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
