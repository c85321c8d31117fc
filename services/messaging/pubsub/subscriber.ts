import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Message as Delivered,
  Duration,
  type PubSub,
  type Subscription,
  SubscriptionCloseBehaviors,
} from '@google-cloud/pubsub';
import { asFault, Fault } from '../../errors.ts';
import { decodeMessage } from '../codec.ts';
import type { Handler, Subscriber } from '../index.ts';
import { type SubscribedMessage, type SubscriptionName, subscriptions } from '../topics.ts';
import { queueFault } from './faults.ts';
import { attribute, deadName } from './names.ts';
import type { Publisher } from './publisher.ts';

/** Bytes of a failure that are kept: an attribute has 1024 at most. */
const longestError = 1000;
/** Milliseconds before a stream is opened again that Pub/Sub has ended for good; the client sees to all other ends. */
const reopening = 1000;
/** Milliseconds for acknowledgements to be sent, after the last handler has ended. */
const flushing = 2000;

export interface Settings {
  /** Deliveries before a dead letter: ours, and the subscription's own when that is fewer. */
  maxAttempts: number;
  /** Milliseconds; rounded up to whole seconds. */
  lease: number;
  /** Longest time that a lease is extended, milliseconds. */
  maxHandling: number;
  /** Told of failures in the background; they are tried again. */
  onError: (fault: Fault) => void;
}

export interface CloudSubscriber extends Subscriber {
  /** When the messages that are being handled were published. */
  held(): Date[];
}

/**
 * Takes messages of one subscription by one stream, as many at once as may be handled, none in advance. The client extends
 * the leases; it does not learn of one that Pub/Sub let end early, so handlers are told of `maxHandling` only. While a
 * handler goes on after that, this subscriber takes nothing more.
 */
export function createSubscriber<S extends SubscriptionName>(
  pubsub: PubSub,
  publisher: Publisher,
  name: S,
  handler: Handler<SubscribedMessage<S>>,
  concurrency: number,
  { maxAttempts, lease, maxHandling, onError }: Settings,
): CloudSubscriber {
  const deadline = Duration.from({ seconds: Math.ceil(lease / 1000) });
  const running = new Map<Delivered, Promise<void>>();
  /** Of those, the ones that go on although their message has been given back. */
  const overdue = new Set<Promise<void>>();
  let closing: Promise<void> | undefined;
  let subscription = open();

  function open(): Subscription {
    const opened = pubsub.subscription(name, {
      flowControl: { maxMessages: concurrency, allowExcessMessages: false },
      streamingOptions: {
        maxStreams: 1,
        retryMinBackoff: Duration.from({ milliseconds: 100 }),
        retryMaxBackoff: Duration.from({ seconds: 5 }),
      },
      minAckDeadline: deadline,
      maxAckDeadline: deadline,
      // Ours comes first and gives the message back; theirs would only forget it.
      maxExtensionTime: Duration.from({ milliseconds: maxHandling + 60_000 }),
      // An acknowledgement frees a place: by default they wait for 100 ms, which bounds how many messages a second.
      batching: { maxMessages: Math.min(concurrency, 1000), maxMilliseconds: 5 },
      closeOptions: {
        behavior: SubscriptionCloseBehaviors.WaitForProcessing,
        timeout: Duration.from({ milliseconds: maxHandling }),
      },
    });
    opened.on('message', message => {
      const received = receive(message, opened, () => overdue.add(received)).finally(() => {
        running.delete(message);
        overdue.delete(received);
      });
      running.set(message, received);
    });
    opened.on('error', error => onError(queueFault(error, `taking messages of ${name}`)));
    opened.once('close', () => void reopen(opened));
    return opened;
  }

  /** After the stream’s end, which Pub/Sub has brought about or a handler that is overdue. */
  async function reopen(ended: Subscription): Promise<void> {
    await sleep(reopening, undefined, { ref: false });
    await Promise.all(overdue);
    if (closing === undefined && subscription === ended) subscription = open();
  }

  async function receive(message: Delivered, from: Subscription, onOverdue: () => void): Promise<void> {
    const only = message.attributes[attribute.onlyFor];
    if (only !== undefined && only !== name) return message.ack();
    let content: SubscribedMessage<S>;
    try {
      content = decodeMessage(subscriptions[name], message.data.toString());
    } catch (error) {
      return bury(message, error);
    }
    const controller = new AbortController();
    const timer = setTimeout(() => {
      controller.abort(new Fault('timed-out', 'the message was handled for too long'));
      // Its place is taken as long as it runs, which Pub/Sub can't know: it would give us the message again.
      onOverdue();
      void from.close();
      message.nack();
    }, maxHandling);
    const attempt = Math.max(1, message.deliveryAttempt);
    const lastAttempt = attempt >= maxAttempts;
    const { signal } = controller;
    try {
      const publishedAt = new Date(message.publishTime.getTime());
      await handler(content, { id: message.id, attempt, lastAttempt, publishedAt, signal });
      message.ack(); // does nothing after a nack
    } catch (error) {
      if (lastAttempt && !signal.aborted) await bury(message, error);
      else message.nack();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Makes a dead letter that says why. When that fails, the message comes again, and Pub/Sub itself has the last word. */
  async function bury(message: Delivered, error: unknown): Promise<void> {
    try {
      const attributes = {
        [attribute.error]: sentence(error),
        [attribute.attempts]: String(Math.max(1, message.deliveryAttempt)),
        [attribute.published]: new Date(message.publishTime.getTime()).toISOString(),
      };
      await publisher.publish(deadName(name), { data: message.data, attributes });
      message.ack();
    } catch (failure) {
      onError(asFault(failure));
      message.nack();
    }
  }

  async function close(): Promise<void> {
    // The client waits for its own books, which can keep a message that came after the close and that nobody handles.
    const closed = subscription.close();
    await Promise.race([closed, handled().then(() => sleep(flushing, undefined, { ref: false }))]);
  }

  async function handled(): Promise<void> {
    // A message may have been handed over in the tick of the close.
    await new Promise(resolve => setImmediate(resolve));
    await Promise.all(running.values());
  }

  return {
    held: () => [...running.keys()].map(({ publishTime }) => new Date(publishTime.getTime())),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function sentence(error: unknown): string {
  const bytes = Buffer.from(asFault(error).message);
  return bytes
    .subarray(0, longestError)
    .toString()
    .replace(/\ufffd+$/, '');
}
