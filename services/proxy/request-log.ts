import type { HotObject } from './hot.ts';
import type { RequestKind } from './request.ts';

/** Where an answer came from: memory, the store, an origin (of a version's file the first that is given), or nowhere. */
export type CacheOutcome = 'memory' | 'store' | 'fetched' | 'none';

export interface Served {
  kind: RequestKind;
  module: string;
  version: string;
  status: number;
  /** Body bytes. */
  bytes: number;
  cache: CacheOutcome;
  /** Milliseconds. */
  duration: number;
  /** Who asked, as visitor.ts describes it. */
  visitor: string;
}

/** Longest time that a line waits, in milliseconds. */
const batchTime = 200;

/**
 * Collects lines and hands them to each of `outs` in batches of at least 16 KiB: the stream behind (sonic-boom) counts
 * the bytes of all that waits at every write, which is dear a line at a time.
 */
export function createBatch(outs: readonly { write(lines: string): unknown }[]): {
  write(line: string): void;
  close(): void;
} {
  let lines = '';
  const flush = () => {
    if (lines === '') return;
    for (const out of outs) out.write(lines);
    lines = '';
  };
  const timer = setInterval(flush, batchTime).unref();
  return {
    write(line) {
      lines += line;
      if (lines.length >= 16_384) flush();
    },
    close() {
      clearInterval(timer);
      flush();
    },
  };
}

/** One JSON line a request. Never the client's address, nor its credentials. */
export interface RequestLog {
  write(served: Served): void;
  /** The same for a 200 from memory, with most of the line built once. */
  writeHot(object: HotObject, duration: number, visitor: string): void;
}

/**
 * `out` takes whole lines and batches them (sonic-boom); with a level above info nothing is written. Numbers are
 * written by hand: this runs once a request, and JSON.stringify of the whole would cost a tenth of the throughput.
 */
export function createRequestLog(out: { write(line: string): unknown } | undefined): RequestLog {
  if (out === undefined) return { write: () => {}, writeHot: () => {} };
  let second = 0;
  let prefix = '';
  const stamp = () => {
    const now = Date.now();
    const current = Math.floor(now / 1000);
    if (current !== second) {
      second = current;
      prefix = `{"severity":"INFO","time":"${new Date(now).toISOString().slice(0, 20)}`;
    }
    return `${prefix + String(now % 1000).padStart(3, '0')}Z"`;
  };
  const facts = (served: Omit<Served, 'duration' | 'visitor'>) =>
    `,"message":"request","service":"proxy","module":${JSON.stringify(served.module)},"version":${JSON.stringify(served.version)},"kind":"${served.kind}","status":${served.status},"bytes":${served.bytes},"cache":"${served.cache}","durationMs":`;
  const number = (duration: number) => (Math.round(duration * 1000) / 1000).toString();
  return {
    write: served => void out.write(`${stamp()}${facts(served)}${number(served.duration)}${served.visitor}}\n`),
    writeHot(object, duration, visitor) {
      object.logged ??= facts({ ...object, status: 200, bytes: object.body.length, cache: 'memory' });
      out.write(`${stamp()}${object.logged}${number(duration)}${visitor}}\n`);
    },
  };
}
