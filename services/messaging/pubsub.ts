import { Fault } from '../errors.ts';
import { encodeMessage } from './codec.ts';
import type { Messaging } from './index.ts';
import { createFigures } from './pubsub/backlog.ts';
import { checkSubscription } from './pubsub/check.ts';
import { createPubsubClient } from './pubsub/client.ts';
import { createDeadLetters } from './pubsub/dead-letters.ts';
import { deadName } from './pubsub/names.ts';
import { createPublisher } from './pubsub/publisher.ts';
import { type CloudSubscriber, createSubscriber, type Settings } from './pubsub/subscriber.ts';
import { type SubscriptionName, subscriptions } from './topics.ts';

export interface PubsubOptions extends Partial<Settings> {
  project: string;
  /** `host:port` of an emulator, which is also asked for the backlog; Google's own without one. */
  emulator?: string;
  /** The subscriptions that this process reads: they are looked at at the start, and by `ready`. */
  reads: readonly SubscriptionName[];
  maxAttempts: number;
  lease: number;
}

/** Milliseconds that Cloud Monitoring's figures, which are minutes old, are kept. */
const figuresKept = 30_000;

/**
 * Messaging by Pub/Sub. Topics and subscriptions are there already, with the ids of topics.ts, and for each subscription a topic
 * and a subscription `<subscription>.dead`; they are never made here. The back-off after a failure is that of the
 * subscription's retry policy. Dead letters are made by the subscriber, which knows why, and by Pub/Sub where it has
 * died. A backlog is Cloud Monitoring's, minutes old, or what this process sees, when that is more
 * (docs/decisions/0020-the-backlog-of-pubsub.md).
 */
export async function createPubsubMessaging(options: PubsubOptions): Promise<Messaging & { ready(): Promise<void> }> {
  const { project, emulator = '', reads, maxAttempts, lease, maxHandling = 3_600_000, onError = () => {} } = options;
  const pubsub = createPubsubClient(project, emulator);
  const limits = new Map<SubscriptionName, number>();
  const check = async (name: SubscriptionName) => void limits.set(name, await checkSubscription(pubsub, name));
  try {
    await Promise.all(reads.map(check));
  } catch (error) {
    await pubsub.close();
    throw error;
  }
  const publisher = createPublisher(pubsub);
  const dead = createDeadLetters(pubsub, publisher);
  const figures = createFigures({
    project,
    url: emulator === '' ? 'https://monitoring.googleapis.com' : `http://${emulator}`,
    headers: async url => (emulator === '' ? pubsub.auth.getRequestHeaders(url) : {}),
    cache: emulator === '' ? figuresKept : 0,
  });
  const subscribers = new Map<SubscriptionName, Set<CloudSubscriber>>();
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    await Promise.all([...subscribers.values()].flatMap(each => [...each]).map(each => each.close()));
    await publisher.close(); // handlers publish until they end
    await dead.close();
    await pubsub.close();
  }

  function refuseClosed(): void {
    if (closed !== undefined) throw new Fault('unavailable', 'the queue is closed');
  }

  return {
    async publish(topic, message) {
      const text = encodeMessage(topic, message);
      // While it closes, the handlers that still run may publish.
      if (closed !== undefined && !isHandling()) refuseClosed();
      await publisher.publish(topic, { data: Buffer.from(text) });
    },

    subscribe(name, handler, { concurrency }) {
      refuseClosed();
      if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
        throw new Fault('invalid', `a subscriber can’t handle ${concurrency} messages at once`);
      }
      if (!reads.includes(name)) throw new Fault('internal', `${name} is not among the subscriptions that are read`);
      const attempts = Math.min(maxAttempts, limits.get(name) ?? maxAttempts);
      const settings = { maxAttempts: attempts, lease, maxHandling, onError };
      const subscriber = createSubscriber(pubsub, publisher, name, handler, concurrency, settings);
      const others = subscribers.get(name) ?? new Set();
      subscribers.set(name, others.add(subscriber));
      return { close: () => subscriber.close().then(() => void others.delete(subscriber)) };
    },

    async backlog(name) {
      refuseClosed();
      const [waiting, buried] = await Promise.all([figures(name), figures(deadName(name))]);
      const held = [...(subscribers.get(name) ?? [])].flatMap(each => each.held());
      const oldest = Math.min(...held.map(date => date.getTime()));
      return {
        depth: Math.max(waiting.depth, held.length),
        oldestAge: Math.max(waiting.oldestAge, held.length > 0 ? (Date.now() - oldest) / 1000 : 0),
        dead: buried.depth,
      };
    },

    async deadLetters(name, { limit = 1000 } = {}) {
      refuseClosed();
      return dead.list(name, limit);
    },

    async replay(name, id) {
      refuseClosed();
      return dead.replay(name, id);
    },

    close() {
      closed ??= close();
      return closed;
    },

    /** Throws `unavailable` when a subscription can't be seen, or the last message could not be published. */
    async ready() {
      refuseClosed();
      const failure = publisher.failure();
      if (failure !== undefined) throw failure;
      await Promise.all(reads.map(check));
    },
  };

  function isHandling(): boolean {
    return [...subscribers.values()].some(each => [...each].some(subscriber => subscriber.held().length > 0));
  }
}

/** All subscriptions there are: those of a process that runs every service. */
export const allSubscriptions = Object.keys(subscriptions) as SubscriptionName[];
