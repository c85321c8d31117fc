import type { Days, QuestionName, Questions } from './questions.ts';

/**
 * The analytics port: one row a request to the proxy (row.ts), and named questions about them (questions.ts).
 *
 * Promised by every adapter, proven by test/analytics/contract.ts:
 * - `write` returns at once, whatever becomes of the lines: a download never waits for its log. What can't be kept is
 *   dropped and counted.
 * - A line that was kept is counted once, whatever is killed; a torn or foreign line is nothing.
 * - A question has the same answer on every adapter for the same rows.
 */
export interface DownloadLog {
  /** Whole lines of the proxy's request log, a batch at a time. */
  write(lines: string): void;
  /** Lines that could not be kept since the start. */
  readonly dropped: number;
  /** Hands over what waits. */
  close(): Promise<void>;
}

export interface ExportOptions {
  /** Takes the place of what is there. */
  replace?: boolean;
}

export interface Analytics {
  /** Rows of the answer. Throws `unavailable` when the backend fails, `invalid` for parameters that can't be. */
  ask<Q extends QuestionName>(question: Q, parameters: Questions[Q]['parameters']): Promise<Questions[Q]['row'][]>;

  /**
   * Writes the requests of these days, the columns of `downloads` (row.ts), as Parquet: a file on this machine where the
   * downloads are kept here, `gs://<bucket>/<path>` where they are kept in BigQuery. All of it is there afterwards, or
   * nothing. Throws `invalid` for a target of the other kind or days that can't be, `conflict` when it is there already,
   * `unavailable` when it can't be written.
   */
  exportParquet(target: string, days: Days, options?: ExportOptions): Promise<void>;

  /** Throws `unavailable`, with the reason, when questions can't be answered. */
  ready(): Promise<void>;
  close(): Promise<void>;
}
