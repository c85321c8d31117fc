import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { escapePath } from '../gomod/escape.ts';
import { readFeed } from '../records/feed.ts';
import type { Storage } from '../storage/index.ts';
import type { HotCache } from './hot.ts';

/**
 * Keeps lists and `@latest` in memory from hiding what was published meanwhile: at once what this process hears of, and
 * within a second what others have published, by the feed.
 */
export interface News {
  /** A version of the module is published: what is held of it is out of date. */
  published(module: string): void;
  /** Whether an answer about the module that was begun at `since` (performance.now()) may be held until `until`. */
  mayHold(module: string, since: number, until: number): boolean;
  /** Looks at the feed; what is done every second while anything is held. */
  look(): Promise<void>;
  close(): void;
}

/** Milliseconds between two looks at the feed; one that takes long is followed by a longer rest. */
const interval = 1000;
const share = 20;
/** A version stands in the feed a moment before its commit mark, in ms: nothing is held of its module meanwhile. */
const settling = 10_000;
/** Entries of several processes may come out of order by this much, and clocks may differ by so much at the start; ms. */
const overlap = 10_000;
const skew = 60_000;
const entriesAtOnce = 1000;
const maxRounds = 20;
const maxModules = 50_000;

export function createNews(deps: { records: Storage; hot: Pick<HotCache, 'delete'>; now?: () => number }): News {
  const { records, hot, now = () => performance.now() } = deps;
  const closing = new AbortController();
  /** When each module was last heard of. */
  const changed = new LRUCache<string, number>({ max: maxModules });
  const seen = new LRUCache<string, true>({ max: maxModules });
  /** Until when something is held at all. */
  let heldUntil = 0;
  let since: Date | undefined;
  let following = false;

  function published(module: string): void {
    changed.set(module, now());
    const path = escapePath(module);
    hot.delete(`/${path}/@v/list`);
    hot.delete(`/${path}/@latest`);
  }

  async function look(): Promise<void> {
    since ??= new Date(Date.now() - skew);
    let from = since;
    for (let round = 0; round < maxRounds; round++) {
      const entries = await readFeed(records, { since: from, limit: entriesAtOnce });
      for (const { Path, Version, Timestamp } of entries) {
        const entry = `${Timestamp} ${Path}@${Version}`;
        if (!seen.has(entry)) published(Path);
        seen.set(entry, true);
        from = new Date(Timestamp);
      }
      if (entries.length < entriesAtOnce) break;
    }
    since = new Date(Math.max(since.getTime(), from.getTime() - overlap));
  }

  async function follow(): Promise<void> {
    following = true;
    since = undefined;
    while (now() < heldUntil && !closing.signal.aborted) {
      const started = now();
      await look().catch(() => {}); // what is held expires; the next look may do
      const rest = Math.max(interval, share * (now() - started));
      await delay(rest, undefined, { signal: closing.signal, ref: false }).catch(() => {});
    }
    following = false;
  }

  return {
    published,
    look,
    mayHold(module, begun, until) {
      const heard = changed.get(module);
      if (heard !== undefined && (heard >= begun || now() - heard < settling)) return false;
      heldUntil = Math.max(heldUntil, until);
      if (!following) void follow();
      return true;
    },
    close: () => closing.abort(),
  };
}
