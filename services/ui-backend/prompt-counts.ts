import { LRUCache } from 'lru-cache';
import { asFault, Fault } from '../errors.ts';
import { within } from '../within.ts';
import type { DownloadCounts } from './answers/downloads.ts';

/** Milliseconds that whoever asks waits for figures; less when there are some of before, or others wait in vain. */
const patience = 1500;
const shortPatience = 250;
/** Milliseconds that figures may be told of instead of newer ones. */
const age = 600_000;
/** Questions at once; one that hangs is one for as long as the analytics let it. */
const maxPending = 256;
/** Bytes of figures that are kept, about. */
const maxBytes = 32 << 20;
const rowBytes = 200;
/** Failures are told of once in so many milliseconds. */
const tellEvery = 60_000;

interface Pending {
  answer: Promise<unknown>;
  since: number;
}

/**
 * The same counts, soon or not at all: figures go beside what pages are about, so nobody waits long for them. A question
 * that takes longer goes on, and its answer is there for who asks next; until then the one of before is, for ten
 * minutes. Throws `unavailable` where there is none.
 */
export function promptCounts(counts: DownloadCounts, onError: (error: Error) => void): DownloadCounts {
  const kept = new LRUCache<string, { value: unknown }>({
    maxSize: maxBytes,
    ttl: age,
    perf: { now: () => performance.now() },
  });
  const pending = new Map<string, Pending>();
  let lastTold = -tellEvery;

  function failed(error: unknown): void {
    const now = performance.now();
    if (now - lastTold < tellEvery) return;
    lastTold = now;
    onError(asFault(error));
  }

  function begin(key: string, ask: () => Promise<unknown>): Pending {
    const answer = ask().finally(() => pending.delete(key));
    answer.then(value => {
      const rows = Array.isArray(value) ? value.length : 1;
      kept.set(key, { value }, { size: key.length + rows * rowBytes });
    }, failed);
    const begun = { answer, since: performance.now() };
    pending.set(key, begun);
    return begun;
  }

  function waitFor({ since }: Pending, isKnown: boolean): number {
    const now = performance.now();
    const othersWait = [...pending.values()].some(other => now - other.since > patience);
    return Math.max(0, since + (isKnown || othersWait ? shortPatience : patience) - now);
  }

  const soon =
    <Wanted, T>(name: string, ask: (wanted: Wanted) => Promise<T>) =>
    async (wanted: Wanted): Promise<T> => {
      const key = `${name} ${JSON.stringify(wanted)}`;
      const before = kept.get(key) as { value: T } | undefined;
      try {
        if (!pending.has(key) && pending.size >= maxPending) throw notKnown();
        const asked = pending.get(key) ?? begin(key, () => ask(wanted));
        return (await within(waitFor(asked, before !== undefined), asked.answer, notKnown)) as T;
      } catch (error) {
        if (before !== undefined && asFault(error).kind === 'unavailable') return before.value;
        throw error;
      }
    };
  return {
    byDay: soon('byDay', async wanted => counts.byDay(wanted)),
    byVersion: soon('byVersion', async wanted => counts.byVersion(wanted)),
    byModule: soon('byModule', async wanted => counts.byModule(wanted)),
    total: soon('total', async wanted => counts.total(wanted)),
  };
}

/** What is asked beside something else: undefined when it is not known just now. Other failures are thrown. */
export async function ifKnown<T>(asked: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (asFault(error).kind === 'unavailable') return undefined;
    throw error;
  }
}

const notKnown = () =>
  new Fault('unavailable', 'downloads are not known just now; ask again in a moment', { retryAfter: 5 });
