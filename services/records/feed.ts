import { escapePath, escapeVersion, unescapePath, unescapeVersion } from '../gomod/escape.ts';
import type { Storage } from '../storage/index.ts';

/**
 * The feed of what is published, in the order of publishing: empty objects whose keys say everything,
 *
 *     index/<YYYY-MM-DD>/<RFC 3339 time>=<escaped module, its slashes as commas>@<escaped version>
 *
 * One folder a day keeps reading from a given time cheap, and one file an entry (rather than a folder a module) keeps
 * writing cheap. Neither `=` nor `,` occurs in module paths. Times are of milliseconds and each is given once by a
 * process, so paging by `since`, which is inclusive as at index.golang.org, always gets on.
 */
export interface FeedEntry {
  Path: string;
  Version: string;
  /** RFC 3339. */
  Timestamp: string;
}

export interface FeedWriter {
  /**
   * Appends an entry. `record` is told its key first and keeps it, so that a repeat can look whether the entry was
   * written. Entries of one writer appear in the order of their times: a reader that saw one has seen all before it.
   * (Of several processes, the entries of one may appear behind those of another by as long as a write takes.)
   */
  append(module: string, version: string, record: (key: string, time: string) => Promise<void>): Promise<void>;
}

const root = 'index/';

export function createFeedWriter(records: Storage, now: () => Date): FeedWriter {
  let lastTime = 0;
  let written: Promise<unknown> = Promise.resolve();
  return {
    async append(module, version, record) {
      lastTime = Math.max(lastTime + 1, now().getTime());
      const time = new Date(lastTime).toISOString();
      const key = entryKey(time, module, version);
      const before = written;
      const { promise: done, resolve } = Promise.withResolvers<void>();
      written = before.then(() => done);
      try {
        await record(key, time);
        await before;
        await records.put(key, Buffer.alloc(0), { ifAbsent: true });
      } finally {
        resolve();
      }
    },
  };
}

export interface FeedQuery {
  /** Inclusive; without it from the beginning. */
  since?: Date | undefined;
  /** Entries at most. */
  limit: number;
  /** Leaves out what it does not accept, which does not count. */
  accept?: (entry: FeedEntry) => boolean;
}

/** Entries in the order of publishing. */
export async function readFeed(records: Storage, { since, limit, accept }: FeedQuery): Promise<FeedEntry[]> {
  const entries: FeedEntry[] = [];
  if (limit < 1 || (since !== undefined && since > lastDate)) return entries;
  const after = since && { after: `${dayFolder(since.toISOString())}${since.toISOString()}` };
  for await (const { key } of records.list(root, after)) {
    const entry = parseKey(key);
    if (entry === undefined || accept?.(entry) === false) continue;
    entries.push(entry);
    if (entries.length >= limit) break;
  }
  return entries;
}

/** Years of more digits would not sort behind it. */
const lastDate = new Date('9999-12-31T23:59:59.999Z');

const dayFolder = (time: string) => `${root}${time.slice(0, 10)}/`;

/** File systems hold names of 255 bytes at most: longer ones go on in a folder, after `/,`. */
const pieceLength = 200;

function entryKey(time: string, module: string, version: string): string {
  const name = `${time}=${escapePath(module).replaceAll('/', ',')}@${escapeVersion(version)}`;
  const pieces = name.match(new RegExp(`.{1,${pieceLength}}`, 'g')) ?? [];
  return dayFolder(time) + pieces.join('/,');
}

/** Undefined for a file that somebody else has put there. */
function parseKey(key: string): FeedEntry | undefined {
  const name = key.slice(dayFolder(key.slice(root.length)).length).replaceAll('/,', '');
  const [, time, module, version] = /^([^=]+)=([^@]+)@([^@]+)$/.exec(name) ?? [];
  if (time === undefined || module === undefined || version === undefined) return undefined;
  return { Path: unescapePath(module.replaceAll(',', '/')), Version: unescapeVersion(version), Timestamp: time };
}
