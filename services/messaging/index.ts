import type { Message, SubscribedMessage, SubscriptionName, TopicName } from './topics.ts';

/**
 * The messaging port: topics with subscriptions, with Pub/Sub's semantics.
 *
 * Promised by every adapter, proven by test/messaging/contract.ts:
 * - When `publish` has resolved, each subscription of the topic gets the message at least once, whatever is killed.
 * - A handler that resolves acknowledges; one that throws gives the message back, to be delivered again after a
 *   back-off that grows with the attempts; after `maxAttempts` it becomes a dead letter, kept until it is replayed.
 * - A message is leased while it is handled and the lease is extended as long as its handler runs (`maxHandling` at
 *   most); a process that dies loses its leases after `lease` and others get its messages. That was an attempt, too.
 * - A message that does not fit its topic's schema, or exceeds 1 MiB as JSON, is refused by `publish` (`invalid`), and
 *   becomes a dead letter at once when it is found stored.
 * - `close` stops taking, waits for the handlers that run, and gives back nothing that is being handled. They may still
 *   publish; later calls throw `unavailable`.
 *
 * Every method throws `unavailable` when the backend fails. Failures in the background are tried again.
 */
export interface Messaging {
  publish<T extends TopicName>(topic: T, message: Message<T>): Promise<void>;

  subscribe<S extends SubscriptionName>(
    subscription: S,
    handler: Handler<SubscribedMessage<S>>,
    options: SubscribeOptions,
  ): Subscriber;

  backlog(subscription: SubscriptionName): Promise<Backlog>;

  /** Dead letters, oldest first; 1000 at most unless `limit` says otherwise. */
  deadLetters(subscription: SubscriptionName, options?: { limit?: number }): Promise<DeadLetter[]>;

  /** Makes dead letters deliverable again, attempts counted afresh: the one with this id, or all. Says how many. */
  replay(subscription: SubscriptionName, id?: string): Promise<number>;

  /** Closes every subscriber, then the backend. */
  close(): Promise<void>;
}

export type Handler<M> = (message: M, delivery: Delivery) => Promise<void>;

export interface Delivery {
  id: string;
  /** 1 on the first delivery. */
  attempt: number;
  /** True when another failure makes it a dead letter. */
  lastAttempt: boolean;
  publishedAt: Date;
  /** Aborted when the lease was lost: someone else may be handling the message. */
  signal: AbortSignal;
}

export interface SubscribeOptions {
  /** Messages handled at once by this subscriber, ≥ 1. */
  concurrency: number;
}

export interface Subscriber {
  /** Stops taking messages and waits for the handlers that run. */
  close(): Promise<void>;
}

export interface Backlog {
  /** Messages waiting or being handled; dead letters not counted. */
  depth: number;
  /** Seconds since the oldest of them was published; 0 when there is none. */
  oldestAge: number;
  dead: number;
}

export interface DeadLetter {
  id: string;
  message: unknown;
  publishedAt: Date;
  attempts: number;
  /** The last failure, in a sentence. */
  error: string;
}
