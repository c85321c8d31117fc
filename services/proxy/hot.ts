import { LRUCache } from 'lru-cache';
import type { RequestKind } from './request.ts';

/** An answer held in memory, ready to be written. */
export interface HotObject {
  kind: RequestKind;
  module: string;
  version: string;
  /** Flat name, value, name, value …, as `writeHead` takes them. */
  headers: string[];
  body: Buffer;
  etag: string;
  /** Milliseconds of performance.now(); Infinity for what is immutable. */
  freshUntil: number;
  /** Not for readers without the right to the module. */
  private: boolean;
  /** The request's log line up to the duration, built once. Belongs to the request log. */
  logged?: string;
  /** The head of the answer up to the date, and a small body as text; they belong to the front. */
  head?: string;
  text?: string;
  stamped?: { date: string; head: Buffer };
}

/**
 * Hot objects by request path, bounded in bytes; the least recently used go first. Published objects never change, so
 * nothing of them needs invalidation; lists and queries expire, or are deleted when something new is published (news.ts).
 */
export interface HotCache {
  get(path: string): HotObject | undefined;
  set(path: string, object: HotObject): void;
  delete(path: string): void;
  /** Whether an object of this size is worth holding: one may take an eighth of the memory at most. */
  admits(bytes: number): boolean;
  readonly bytes: number;
}

/** What an entry costs beside its body: path, headers twice, log line, list node, and a small body's text. */
const overhead = 4096;

export function createHotCache(maxBytes: number, now: () => number = () => performance.now()): HotCache {
  if (maxBytes === 0) return { get: () => undefined, set: () => {}, delete: () => {}, admits: () => false, bytes: 0 };
  const cache = new LRUCache<string, HotObject>({
    maxSize: maxBytes,
    sizeCalculation: object => object.body.length + overhead,
  });
  return {
    get(path) {
      const object = cache.get(path);
      if (object !== undefined && object.freshUntil !== Infinity && object.freshUntil <= now()) {
        cache.delete(path);
        return undefined;
      }
      return object;
    },
    set: (path, object) => void cache.set(path, object),
    delete: path => void cache.delete(path),
    admits: bytes => bytes + overhead <= maxBytes / 8,
    get bytes() {
      return cache.calculatedSize ?? 0;
    },
  };
}
