import { type Handlers, moduleOf, orNull, summaryOf, type View } from './handlers.ts';
import { summaryAnswer } from './search.ts';

/** Downloads of a day, a version or a module: all of them, and those of neither mirrors nor CI. */
export interface Counted {
  all: number;
  people: number;
}

/** What is asked of the analytics. Days are of UTC, `YYYY-MM-DD`, both ends included. */
export interface DownloadCounts {
  /** Days without downloads may be left out. */
  byDay(wanted: { module?: string; version?: string; from: string; to: string }): Promise<({ day: string } & Counted)[]>;
  /** Most downloaded first. */
  byVersion(wanted: { module: string; from: string; to: string; limit: number }): Promise<
    ({ version: string } & Counted)[]
  >;
  /** Most downloaded first, by `people`. */
  byModule(wanted: { from: string; to: string; limit: number }): Promise<({ module: string } & Counted)[]>;
}
