import { Fault } from '../errors.ts';
import { encodeMessage, subscriptionsOf } from './codec.ts';
import type { DeadLetter, Messaging } from './index.ts';
import { openDatabase, untilFree } from './sqlite/database.ts';
import { createPublisher } from './sqlite/publisher.ts';
import { createStore, type Row } from './sqlite/store.ts';
import { createSubscriber, type LocalSubscriber, type Settings } from './sqlite/subscriber.ts';

export type SqliteOptions = Pick<Settings, 'maxAttempts' | 'lease'> & Partial<Settings> & { file: string };

/**
 * Messaging in one SQLite file, which any number of processes of one machine may share (not on a network file system).
 * A subscriber learns at once of what its own process publishes, of the rest within `poll`. By default 1 s to 60 s of
 * back-off, 250 ms of `poll`, an hour of `maxHandling`.
 */
export async function createSqliteMessaging(options: SqliteOptions): Promise<Messaging & { ready(): Promise<void> }> {
  const settings: Settings = {
    backoff: { first: 1000, max: 60_000 },
    maxHandling: 3_600_000,
    poll: 250,
    now: Date.now,
    random: Math.random,
    onError: () => {},
    ...options,
  };
  const { now } = settings;
  const store = createStore(await openDatabase(options.file));
  const subscribers = new Map<string, Set<LocalSubscriber>>();
  const wake = (subscription: string) => {
    for (const subscriber of subscribers.get(subscription) ?? []) subscriber.wake();
  };
  const publisher = createPublisher(store, woken => [...woken].forEach(wake));
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    await Promise.all([...subscribers.values()].flatMap(each => [...each]).map(each => each.close()));
    await publisher.close(); // handlers publish until they end
    store.close();
  }

  /** Reads or changes the database outside of the ways of publishing and handling. */
  async function ask<T>(run: () => T): Promise<T> {
    if (closed !== undefined) throw new Fault('unavailable', 'the queue is closed');
    return untilFree(run);
  }

  return {
    async publish(topic, message) {
      const body = encodeMessage(topic, message);
      const names = subscriptionsOf(topic);
      if (names.length > 0) await publisher.publish(body, now(), names);
    },

    subscribe(subscription, handler, { concurrency }) {
      if (closed !== undefined) throw new Fault('unavailable', 'the queue is closed');
      if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
        throw new Fault('invalid', `a subscriber can’t handle ${concurrency} messages at once`);
      }
      const subscriber = createSubscriber(store, subscription, handler, concurrency, settings);
      const others = subscribers.get(subscription) ?? new Set();
      subscribers.set(subscription, others.add(subscriber));
      return {
        close: () => subscriber.close().then(() => void others.delete(subscriber)),
      };
    },

    backlog: subscription => ask(() => store.backlog(subscription, now())),

    deadLetters: (subscription, { limit = 1000 } = {}) =>
      ask(() => store.deadLetters(subscription, limit).map(deadLetter)),

    async replay(subscription, id) {
      if (id !== undefined && !/^\d{1,15}$/.test(id)) return 0;
      const count = await ask(() => store.replay(subscription, id === undefined ? undefined : Number(id), now()));
      wake(subscription);
      return count;
    },

    close() {
      closed ??= close();
      return closed;
    },

    /** Throws `unavailable` unless the database can be written and read. */
    ready: () => ask(() => store.check()),
  };
}

function deadLetter({ message, body, published, attempts, error }: Row): DeadLetter {
  let content: unknown = body;
  try {
    content = JSON.parse(body);
  } catch {
    // A message that is no JSON is shown as the text that it is.
  }
  return {
    id: String(message),
    message: content,
    publishedAt: new Date(published),
    attempts,
    error: error ?? '',
  };
}
