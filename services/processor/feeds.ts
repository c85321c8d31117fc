import { Fault } from '../errors.ts';
import type { FeedAddress } from '../origin/feed-address.ts';
import type { IndexEntry, IndexReader } from '../origin/index.ts';
import { parseTime } from '../origin/time.ts';
import type { Web } from './net/web.ts';

/** 2000 entries of ordinary length are a third of it. */
const pageLimit = 4 << 20;

/**
 * Reads the `/index` of other GOPROXYs: one JSON document {Path, Version, Timestamp} a line, in the order of publishing,
 * from a time on, which is inclusive (https://index.golang.org). No address is read but those of INDEX_FEEDS: who asks
 * the processor can't use it as a way out. Throws the faults of the origin port.
 */
export function createFeedReader(deps: {
  feeds: readonly FeedAddress[];
  web: Web;
  /** Longest silence in ms. */
  silence: number;
  /** Aborted when the processor closes. */
  closing: AbortSignal;
}): IndexReader {
  const { feeds, web, silence, closing } = deps;
  return {
    async index(feed, { since, limit }, options = {}) {
      const address = feeds.find(({ name }) => name === feed);
      if (address === undefined) {
        throw new Fault('refused', 'this feed is not among the INDEX_FEEDS of the processor; give both the same');
      }
      if (parseTime(since) === undefined) throw new Fault('invalid', 'since is no time in RFC 3339');
      if (!Number.isInteger(limit) || limit < 1 || limit > 2000) throw new Fault('invalid', 'limit must be 1 to 2000');
      const url = new URL(address.url);
      url.search = new URLSearchParams({ since, limit: String(limit) }).toString();
      const { hops = 0, signal } = options;
      const body = await web.read(url, {
        what: feed,
        limit: pageLimit,
        longest: Math.max(2 * silence, 60_000),
        hops,
        signal: signal === undefined ? closing : AbortSignal.any([signal, closing]),
      });
      const lines = body
        .toString()
        .split('\n')
        .filter(line => line.trim() !== '');
      const entries = lines.flatMap(parseLine);
      if (entries.length === 0 && lines.length > 0) throw new Fault('bad-origin', `${feed} answers with no index`);
      return { entries, more: lines.length >= limit };
    },
  };
}

function parseLine(line: string): IndexEntry[] {
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch {
    return [];
  }
  if (typeof document !== 'object' || document === null) return [];
  const { Path, Version, Timestamp } = document as Record<string, unknown>;
  if (typeof Path !== 'string' || typeof Version !== 'string' || typeof Timestamp !== 'string') return [];
  if (Path.length > 1024 || Version.length > 256 || parseTime(Timestamp) === undefined) return [];
  return [{ module: Path, version: Version, time: Timestamp }];
}
