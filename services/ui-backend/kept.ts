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
  /** Forgets everything, because what answers are made from has changed. */
  clear(): void;
  readonly bytes: number;
}

/** The value beside its text, and the entry itself: about twice the text again. */
const factor = 3;
const overhead = 512;

export function createKeptAnswers(maxBytes: number): KeptAnswers {
  const kept = new LRUCache<string, Kept>({ maxSize: maxBytes, ttlResolution: 10 });
  const pending = new Map<string, Promise<Kept>>();

  async function make(key: string, fresh: number, answer: () => Promise<unknown>): Promise<Kept> {
    const value = await answer();
    const json = JSON.stringify(value);
    const etag = `W/"${createHash('sha256').update(json).digest('base64url').slice(0, 22)}"`;
    const entry = { value, json, etag };
    if (fresh > 0) kept.set(key, entry, { ttl: fresh * 1000, size: factor * (key.length + json.length) + overhead });
    return entry;
  }

  return {
    async get(key, fresh, answer) {
      if (fresh === 0) return make(key, 0, answer);
      const found = kept.get(key) ?? pending.get(key);
      if (found !== undefined) return found;
      const making = make(key, fresh, answer).finally(() => {
        if (pending.get(key) === making) pending.delete(key);
      });
      pending.set(key, making);
      return making;
    },
    clear() {
      kept.clear();
      pending.clear();
    },
    get bytes() {
      return kept.calculatedSize;
    },
  };
}
