import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../errors.ts';
import type { Messaging } from '../messaging/index.ts';
import { outcomeFault, outcomeKey, readOutcome, versionKey } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';

/**
 * Gets versions that are not published yet: asks the processor by message, then watches the store until the version
 * is published or its outcome changes. All clients of a version share one message and one watch.
 */
export interface Waiter {
  /**
   * Resolves when the version is published. Throws the outcome's fault when it can't be, `timed-out` after `timeout`,
   * `unavailable` when draining or when too many versions are awaited. An aborted `signal` ends this client's wait.
   */
  obtain(module: string, version: string, options: { hops: number; signal: AbortSignal }): Promise<void>;
  /** Ends every wait with `unavailable`, and all that come later. */
  drain(): void;
}

interface Watch {
  clients: number;
  done: Promise<void>;
  stop: AbortController;
}

/** Versions awaited at once; each costs a look at the store every quarter of a second. */
const maxWatches = 10_000;
/** Looks begin this soon after the message and grow by half up to the last: a fetch is seldom faster or slower. */
const firstLook = 4;
const lastLook = 250;

export function createWaiter(deps: {
  published: Storage;
  records: Storage;
  messaging: Messaging;
  /** Milliseconds. */
  timeout: number;
}): Waiter {
  const { published, records, messaging } = deps;
  const watches = new Map<string, Watch>();
  const draining = new AbortController();

  async function watch(module: string, version: string, hops: number, stop: AbortSignal): Promise<void> {
    const outcome = outcomeKey(module, version);
    const info = `${versionKey(module, version)}.info`;
    // Only an outcome written after this look answers this request; comparing objects needs no clocks to agree.
    let seen = (await records.stat(outcome))?.etag;
    const standing = seen === undefined ? undefined : await readOutcome(records, module, version);
    if (standing !== undefined) throw outcomeFault(standing);
    const requestedAt = new Date().toISOString();
    await messaging.publish('module.requested', { v: 1, module, version, by: 'proxy', requestedAt, hops });
    for (let pause = firstLook; !stop.aborted; pause = Math.min(lastLook, pause * 1.5)) {
      await delay(pause, undefined, { signal: stop }).catch(() => {});
      if ((await published.stat(info)) !== undefined) return;
      const etag = (await records.stat(outcome))?.etag;
      if (etag === seen) continue;
      seen = etag;
      const now = await readOutcome(records, module, version);
      if (now !== undefined) throw outcomeFault(now);
    }
  }

  function join(module: string, version: string, hops: number): Watch {
    const key = versionKey(module, version);
    let found = watches.get(key);
    if (found === undefined) {
      if (watches.size >= maxWatches) {
        throw new Fault('unavailable', 'too many versions are being fetched right now', { retryAfter: 5 });
      }
      const stop = new AbortController();
      const done = watch(module, version, hops, stop.signal).finally(() => {
        if (watches.get(key) === found) watches.delete(key);
      });
      done.catch(() => {}); // each client hears of it through its own race
      found = { clients: 0, done, stop };
      watches.set(key, found);
    }
    found.clients += 1;
    return found;
  }

  function leave(key: string, watch: Watch): void {
    watch.clients -= 1;
    if (watch.clients > 0) return;
    watch.stop.abort();
    if (watches.get(key) === watch) watches.delete(key);
  }

  return {
    async obtain(module, version, { hops, signal }) {
      const joined = join(module, version, hops);
      const { promise: interrupted, reject } = Promise.withResolvers<never>();
      const onAbort = () => reject(new Fault('unavailable', 'the client has gone'));
      const onDrain = () =>
        reject(new Fault('unavailable', 'this server is shutting down; try again', { retryAfter: 1 }));
      const timer = setTimeout(() => {
        const seconds = deps.timeout / 1000;
        const message = `${module}@${version} is still being fetched after ${seconds} s; try again`;
        reject(new Fault('timed-out', message, { retryAfter: 10 }));
      }, deps.timeout);
      signal.addEventListener('abort', onAbort);
      draining.signal.addEventListener('abort', onDrain);
      try {
        if (signal.aborted) onAbort();
        if (draining.signal.aborted) onDrain();
        await Promise.race([joined.done, interrupted]);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        draining.signal.removeEventListener('abort', onDrain);
        leave(versionKey(module, version), joined);
      }
    },
    drain: () => draining.abort(),
  };
}
