import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** An answer as value and as text. It is shared: nobody changes it. */
export interface Kept {
  value: unknown;
  json: string;
  /** As in a header, with its quotes. */
  etag: string;
}

/** Remembers answers while they are fresh, within a bound of bytes, and makes each once when many ask. */
export interface KeptAnswers {
  /** `fresh` in seconds; 0 keeps nothing. Failures are not kept. */
  get(key: string, fresh: number, make: () => Promise<unknown>): Promise<Kept>;
  /**
   * Forgets everything, because what answers are made from has changed: at once, but once a second at most, or a
   * thousand versions that are indexed would leave nothing kept.
   */
  clear(): void;
  readonly bytes: number;
}

/** The value beside its text, and the entry itself: about twice the text again. */
const factor = 3;
const overhead = 512;
/** Milliseconds between two times that everything is forgotten. */
const rest = 1000;

export function createKeptAnswers(maxBytes: number, now: () => number = () => performance.now()): KeptAnswers {
  const kept = new LRUCache<string, Kept>({ maxSize: maxBytes, ttlResolution: 10 });
  const pending = new Map<string, Promise<Kept>>();
  let isStale = false;
  let cleared = Number.NEGATIVE_INFINITY;

  function clearWhenDue(): void {
    if (!isStale || now() - cleared < rest) return;
    isStale = false;
    cleared = now();
    kept.clear();
    pending.clear();
  }

  async function make(key: string, fresh: number, answer: () => Promise<unknown>): Promise<Kept> {
    const begun = cleared;
    const value = await answer();
    const json = JSON.stringify(value);
    const etag = `W/"${createHash('sha256').update(json).digest('base64url').slice(0, 22)}"`;
    const entry = { value, json, etag };
    // What was begun before everything was forgotten may be of before.
    if (fresh > 0 && begun === cleared) {
      kept.set(key, entry, { ttl: fresh * 1000, size: factor * (key.length + json.length) + overhead });
    }
    return entry;
  }

  return {
    async get(key, fresh, answer) {
      if (fresh === 0) return make(key, 0, answer);
      clearWhenDue();
      const found = kept.get(key) ?? pending.get(key);
      if (found !== undefined) return found;
      const making = make(key, fresh, answer).finally(() => {
        if (pending.get(key) === making) pending.delete(key);
      });
      pending.set(key, making);
      return making;
    },
    clear() {
      isStale = true;
      clearWhenDue();
    },
    get bytes() {
      return kept.calculatedSize;
    },
  };
}
