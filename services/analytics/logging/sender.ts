import { randomBytes } from 'node:crypto';
import type { LoggingClient } from './client.ts';
import { callOptions } from './client.ts';
import { type Entry, readEntry } from './entries.ts';
import { loggingFault } from './faults.ts';

/** Entries of one request, and characters of the lines that they are made of: a request may have 10 MB. */
const batchEntries = 1000;
const batchChars = 1 << 20;
/** A longer line is dropped: an entry may have 256 KB. */
const longestLine = 128 << 10;
/** Milliseconds that a line waits for others at most. */
const batchTime = 1000;
/** Requests at once. */
const concurrency = 4;
/** Milliseconds for one attempt, and for a batch with all its attempts; what is not taken until then is dropped. */
const patience = { each: 10_000, total: 300_000 };

/** What became of some lines. */
export interface Settled {
  /** Characters and lines that need not be kept any more. */
  chars: number;
  lines: number;
  /** Of those, the ones that could not be kept. */
  dropped: number;
  /** Why; undefined when Cloud Logging has taken all that it was given. */
  failure?: string;
}

export interface SenderOptions {
  client: LoggingClient;
  project: string;
  onSettled(settled: Settled): void;
  /** As above, for tests. */
  batchTime?: number;
  patience?: { each: number; total: number };
}

export interface Sender {
  /** Whole lines. Bounding how many wait is up to who gives them. */
  push(lines: string): void;
  /** Resolves when all is handed over or dropped. */
  drain(): Promise<void>;
}

interface Batch {
  entries: Entry[];
  chars: number;
  lines: number;
  dropped: number;
}

/** The request's log name: infra's sink reads it. */
export const logNameOf = (project: string) => `projects/${project}/logs/downloads`;
export const resourceOf = (project: string) => ({ type: 'global', labels: { project_id: project } });

/**
 * Makes entries of lines and hands them to Cloud Logging in batches. An entry has the same id in every attempt, by which
 * Cloud Logging, and BigQuery behind it, tell a repeat from another request.
 */
export function createSender(options: SenderOptions): Sender {
  const { client, project, onSettled } = options;
  const call = callOptions(options.patience ?? patience);
  const ids = `${randomBytes(9).toString('base64url')}-`;
  let nextId = 0;
  /** Lines that wait, and where in the first of them the next line begins. */
  const queue: string[] = [];
  let offset = 0;
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  /** What waits has waited long enough. */
  let due = false;
  const running = new Set<Promise<void>>();

  function send(): void {
    while (running.size < concurrency && waiting > 0 && (due || waiting >= batchChars)) {
      const sent = hand(takeBatch()).finally(() => {
        running.delete(sent);
        send();
      });
      running.add(sent);
    }
    if (waiting === 0) {
      due = false;
      clearTimeout(timer);
      timer = undefined;
    } else if (!due) {
      timer ??= setTimeout(() => {
        timer = undefined;
        due = true;
        send();
      }, options.batchTime ?? batchTime);
    }
  }

  function takeBatch(): Batch {
    const batch: Batch = { entries: [], chars: 0, lines: 0, dropped: 0 };
    while (batch.entries.length < batchEntries && batch.chars < batchChars) {
      const chunk = queue[0];
      if (chunk === undefined) break;
      const found = chunk.indexOf('\n', offset);
      const end = found < 0 ? chunk.length : found + 1;
      take(batch, chunk.slice(offset, end));
      if (found >= 0) batch.lines += 1;
      offset = end;
      if (end < chunk.length) continue;
      queue.shift();
      offset = 0;
    }
    waiting -= batch.chars;
    return batch;
  }

  function take(batch: Batch, line: string): void {
    batch.chars += line.length;
    if (line.length > longestLine) {
      batch.dropped += 1;
      return;
    }
    const entry = readEntry(line, ids + nextId.toString(36));
    if (entry === undefined) return;
    nextId += 1;
    batch.entries.push(entry);
  }

  async function hand({ entries, chars, lines, dropped }: Batch): Promise<void> {
    try {
      if (entries.length > 0) {
        const request = { logName: logNameOf(project), resource: resourceOf(project), entries, partialSuccess: true };
        await client.writeLogEntries(request, call);
      }
      onSettled({ chars, lines, dropped });
    } catch (error) {
      // With partialSuccess some of them may have been taken; which ones is not worth knowing.
      onSettled({ chars, lines, dropped: dropped + entries.length, failure: loggingFault(error, project).message });
    }
  }

  return {
    push(lines) {
      if (lines === '') return;
      queue.push(lines);
      waiting += lines.length;
      send();
    },
    async drain() {
      due = true;
      send();
      while (running.size > 0) await Promise.race(running);
    },
  };
}
