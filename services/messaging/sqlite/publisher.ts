import { Fault } from '../../errors.ts';
import { databaseFault, isBusy, longestWait } from './database.ts';
import type { Store } from './store.ts';

/** Messages of one commit: about 3 ms of the event loop. */
const largestBatch = 200;
/** Messages that wait for their commit. */
const mostWaiting = 20_000;

interface Waiting {
  body: string;
  published: number;
  subscriptions: string[];
  since: number;
  done: PromiseWithResolvers<void>;
}

export interface Publisher {
  /** Resolves when the message is on the disk. */
  publish(body: string, published: number, subscriptions: string[]): Promise<void>;
  /** Waits for what has been given to `publish`. */
  close(): Promise<void>;
}

/** Writes the messages of one turn of the event loop with one commit, as an fsync takes longer than all the rest. */
export function createPublisher(store: Store, published: (subscriptions: Iterable<string>) => void): Publisher {
  let waiting: Waiting[] = [];
  let scheduled = false;
  let closing: PromiseWithResolvers<void> | undefined;

  function flush(): void {
    scheduled = false;
    const batch = waiting.slice(0, largestBatch);
    const outcome = write(batch);
    if (outcome === 'locked') {
      schedule(5 + Math.random() * 20);
      return;
    }
    waiting = waiting.slice(batch.length);
    for (const { done } of batch) {
      if (outcome instanceof Fault) done.reject(outcome);
      else done.resolve();
    }
    if (outcome === 'written') published(new Set(batch.flatMap(({ subscriptions }) => subscriptions)));
    schedule(0);
  }

  function write(batch: readonly Waiting[]): 'written' | 'locked' | Fault {
    try {
      store.publish(batch);
      return 'written';
    } catch (error) {
      const since = batch[0]?.since ?? 0;
      return isBusy(error) && performance.now() - since < longestWait ? 'locked' : databaseFault(error);
    }
  }

  function schedule(delay: number): void {
    if (waiting.length === 0) closing?.resolve();
    else if (!scheduled) {
      scheduled = true;
      if (delay > 0) setTimeout(flush, delay);
      else setImmediate(flush);
    }
  }

  return {
    async publish(body, published, subscriptions) {
      if (closing !== undefined) throw new Fault('unavailable', 'the queue is closed');
      if (waiting.length >= mostWaiting) throw new Fault('unavailable', 'too many messages wait to be written');
      const done = Promise.withResolvers<void>();
      waiting.push({ body, published, subscriptions, since: performance.now(), done });
      schedule(0);
      await done.promise;
    },

    async close() {
      closing ??= Promise.withResolvers();
      schedule(0);
      await closing.promise;
    },
  };
}
