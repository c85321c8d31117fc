import { Fault } from '../errors.ts';
import { type DuckdbOptions, isHeld } from './duckdb.ts';
import type { Analytics } from './index.ts';
import { joinOrOpen, socketOf } from './open.ts';
import { Ended, openAnalyticsProcess } from './process.ts';
import { isGone } from './socket.ts';

/** Longest wait, in milliseconds, for a process that holds the database but does not answer yet, or not any more. */
const patience = 20_000;

/**
 * The embedded analytics of a service that may have others of its kind beside it on one folder: the first has the database
 * open and the others ask it; when it ends, the next question of another takes its place. Throws `unavailable` when neither
 * can be.
 */
export async function openSharedAnalytics(options: DuckdbOptions): Promise<Analytics> {
  const socket = socketOf(options.file);
  let closed = false;
  let current = open();

  function open(): Promise<Analytics> {
    return joinOrOpen(socket, patience, async () => {
      if (closed) throw ended();
      return openAnalyticsProcess({ ...options, lockPatience: 0 });
    });
  }

  /** Opens anew unless another question has done so since; a failed opening is tried again by the next question. */
  function instead(of: Promise<Analytics>): Promise<Analytics> {
    if (current !== of) return current;
    current = of
      .then(
        analytics => analytics.close(),
        () => {}, // it never opened
      )
      .then(open);
    return current;
  }

  async function call<T>(act: (analytics: Analytics) => Promise<T>): Promise<T> {
    const asked = current;
    const analytics = await asked.catch(() => undefined);
    try {
      if (analytics !== undefined) return await act(analytics);
    } catch (error) {
      // The last is of a process that was started again, and found that another has taken its place.
      if (!isGone(error) && !(error instanceof Ended) && !isHeld(error)) throw error;
    }
    if (closed) throw ended();
    return act(await instead(asked));
  }

  await current;
  return {
    ask: (question, parameters) => call(analytics => analytics.ask(question, parameters)),
    exportParquet: (target, days, more) => call(analytics => analytics.exportParquet(target, days, more)),
    ready: () => call(analytics => analytics.ready()),
    async close() {
      closed = true;
      await current.then(
        analytics => analytics.close(),
        () => {}, // it never opened
      );
    },
  };
}

const ended = () => new Fault('unavailable', 'the analytics are closed');
