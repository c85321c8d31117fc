import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Fault } from '../errors.ts';
import type { IndexReader } from '../origin/index.ts';
import { parseTime } from '../origin/time.ts';
import { readJson } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Asker, Target } from './ask.ts';
import type { DiscoveryStats } from './stats.ts';

export interface FollowerDeps {
  /** Its name, as in parseFeedAddress. */
  feed: string;
  reader: IndexReader;
  records: Storage;
  asker: Pick<Asker, 'ask'>;
  accepts: (target: Target) => Promise<boolean>;
  /** RFC 3339; where a feed begins that was never followed. Empty: now. */
  since: string;
  /** Milliseconds between two readings of a feed that has no more. */
  interval: number;
  stats: DiscoveryStats;
  now: () => Date;
  random?: () => number;
  /** Entries of a page. */
  pageSize?: number;
}

/** How far a feed was followed: `discovery/feeds/<hash of its name>.json`. */
interface Position {
  feed: string;
  /** All that stands in the feed before this time was seen to. */
  time: string;
}

/** index.golang.org gives no more at once. */
const defaultPageSize = 2000;
/**
 * Each reading begins so much before the position, in ms: where several processes write a feed, an entry may appear
 * behind younger ones. What was seen to is remembered, or found published.
 */
const overlap = 60_000;
const maxSeen = 20_000;
/** Pages follow one another this slowly, in ms, and the position is kept after so many entries. */
const pagePause = 500;
const keepEvery = 200;
/** A clock may be wrong by this much, in ms. A time beyond would hide all that comes before it. */
const future = 3_600_000;

/** Follows one feed: a step reads one page and says in how many milliseconds the next is due. A restart goes on. */
export function createFollower(deps: FollowerDeps): (signal: AbortSignal) => Promise<number> {
  const { feed, reader, records, asker, accepts, interval, stats, now, random = Math.random } = deps;
  const { pageSize = defaultPageSize } = deps;
  const key = `discovery/feeds/${createHash('sha256').update(feed).digest('hex').slice(0, 24)}.json`;
  const seen = new LRUCache<string, true>({ max: maxSeen });
  /** Where the page to be read begins; undefined between two readings. */
  let cursor: string | undefined;

  const keep = (time: string) =>
    records.put(key, Buffer.from(`${JSON.stringify({ feed, time } satisfies Position)}\n`));

  async function position(): Promise<string> {
    const kept = await readJson<Position>(records, key);
    if (kept !== undefined) return kept.time;
    const first = deps.since === '' ? now().toISOString() : deps.since;
    await keep(first);
    return first;
  }

  return async signal => {
    let reached = await position();
    cursor ??= new Date(ms(reached) - overlap).toISOString();
    const from = cursor;
    const { entries, more } = await reader.index(feed, { since: from, limit: pageSize }, { signal });
    let newest = from;
    let handled = 0;
    for (const { module, version, time } of entries) {
      if (ms(time) > now().getTime() + future)
        throw new Fault('bad-origin', `${feed} has the time ${time}, in the future`);
      const name = `${time} ${module}@${version}`;
      if (!seen.has(name)) {
        const target = { module, version };
        if (await accepts(target)) await asker.ask(target, { source: 'index', signal });
        seen.set(name, true);
      }
      if (isLater(time, newest)) newest = time;
      handled += 1;
      if (isLater(newest, reached) && (handled % keepEvery === 0 || handled === entries.length)) {
        await keep(newest);
        reached = newest;
      }
    }
    if (!more) {
      cursor = undefined;
      stats.read(feed, now());
      return interval * (0.9 + random() / 5);
    }
    // More entries of one instant than a page holds can't be read: the next instant can.
    cursor = isLater(newest, from) ? newest : new Date(ms(from) + 1).toISOString();
    return pagePause;
  };
}

const ms = (time: string) => parseTime(time) ?? 0;

/** By nanoseconds, where two times are of the same millisecond. */
function isLater(a: string, b: string): boolean {
  if (ms(a) !== ms(b)) return ms(a) > ms(b);
  return fraction(a) > fraction(b);
}

const fraction = (time: string) => (/\.(\d+)/.exec(time)?.[1] ?? '').padEnd(9, '0');
