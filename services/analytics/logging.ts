import { Worker } from 'node:worker_threads';
import { Fault } from '../errors.ts';
import type { DownloadLog } from './index.ts';
import type { Settled } from './logging/sender.ts';
import type { Tells, ThreadOptions, Told } from './logging/thread.ts';

/**
 * The download log in Cloud Logging: an entry a request in the log `downloads`, from where a sink takes it to BigQuery
 * (infra/cloud/analytics.ts). Making and sending an entry costs more than serving a download from memory, so it is done on
 * a thread of least priority: with a core to spare the log is complete, without one downloads come first and lines are
 * dropped (docs/decisions/0024-the-download-log-on-google-cloud.md).
 */
export interface CloudLogOptions {
  project: string;
  /** Address of a server that speaks the same and takes no credentials; Google's own without one. */
  endpoint?: string;
  onError(error: Error): void;
}

/** Characters of lines that wait to be taken; more are dropped. */
const maxWaiting = 16 << 20;
/** MiB of the thread's heap; with more than that it is ended and started again. */
const heap = 192;
/** Milliseconds without anything taken, while lines wait, after which that is told. */
const silence = 20_000;
/** Failures are told of once in so many milliseconds. */
const tellEvery = 60_000;
/** Milliseconds to hand over what waits, at the end. */
const closePatience = 3000;
const firstDelay = 500;
const longestDelay = 60_000;

/**
 * Resolves when the log may be written, or can't be reached just now, which readiness tells. Throws `unavailable` with what
 * to do when it may not be written.
 */
export async function openCloudLog(options: CloudLogOptions): Promise<DownloadLog & { ready(): Promise<void> }> {
  const { project, endpoint = '', onError } = options;
  let thread: Worker | undefined;
  let closed = false;
  let delay = firstDelay;
  let retry: NodeJS.Timeout | undefined;
  /** What was given to the thread and is not settled. */
  let waiting = { chars: 0, lines: 0 };
  let dropped = 0;
  let failure: string | undefined;
  let lastTaken = performance.now();
  let lastTold = -tellEvery;
  let drained = () => {};

  function start(): Promise<void> {
    const started = new Worker(new URL('./logging/thread.ts', import.meta.url), {
      workerData: { project, endpoint } satisfies ThreadOptions,
      resourceLimits: { maxOldGenerationSizeMb: heap },
      execArgv: [],
    });
    started.unref();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    started.on('message', (message: Tells) => {
      if (message === 'drained') return drained();
      if ('settled' in message) return settle(message.settled);
      if ('fault' in message) return reject(new Fault('unavailable', message.fault));
      thread = started;
      resolve();
    });
    started.once('error', error =>
      reject(new Fault('unavailable', `it has ended: ${error.message}`, { cause: error })),
    );
    started.once('exit', () => {
      reject(new Fault('unavailable', 'it has ended'));
      if (thread === started) ended();
    });
    promise.catch(() => void started.terminate());
    return promise;
  }

  function settle({ chars, lines, dropped: lost, failure: why }: Settled): void {
    waiting.chars -= chars;
    waiting.lines -= lines;
    dropped += lost;
    lastTaken = performance.now();
    failure = why;
    if (why !== undefined) tell(new Fault('unavailable', why));
  }

  function tell(fault: Fault): void {
    const now = performance.now();
    if (now - lastTold < tellEvery) return;
    lastTold = now;
    onError(fault);
  }

  /** The thread is gone, and what it had with it. */
  function ended(): void {
    thread = undefined;
    dropped += waiting.lines;
    waiting = { chars: 0, lines: 0 };
    if (closed) return;
    failure = 'the thread of the download log has ended; it is started again';
    tell(new Fault('unavailable', failure));
    again();
  }

  function again(): void {
    retry = setTimeout(() => {
      start().then(
        () => {
          delay = firstDelay;
          failure = undefined;
        },
        () => {
          if (!closed) again();
        },
      );
    }, delay).unref();
    delay = Math.min(delay * 2, longestDelay);
  }

  await start();
  return {
    write(text) {
      if (thread === undefined || closed || waiting.chars + text.length > maxWaiting) {
        dropped += count(text);
        return;
      }
      if (waiting.lines === 0) lastTaken = performance.now();
      waiting.chars += text.length;
      waiting.lines += count(text);
      thread.postMessage({ lines: text } satisfies Told);
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
      clearTimeout(retry);
      const { promise, resolve } = Promise.withResolvers<void>();
      drained = resolve;
      const timer = setTimeout(resolve, closePatience);
      const running = thread;
      if (running === undefined) resolve();
      else running.once('exit', () => resolve()).postMessage('drain' satisfies Told);
      await promise;
      clearTimeout(timer);
      await running?.terminate();
    },
  };
}

function count(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
