import type { PubSub, Topic } from '@google-cloud/pubsub';
import { asFault, Fault } from '../../errors.ts';
import { callOptions } from './client.ts';
import { attempt } from './faults.ts';

/** Milliseconds after which a failure says nothing of the present. */
const remembered = 60_000;
/** Messages that wait for Pub/Sub's answer at most; what publishes more is told to come again. */
const longestQueue = 10_000;

export interface Outgoing {
  data: Buffer;
  attributes?: Record<string, string>;
  /** Messages of one key go to one subscriber, in order: what it does once for several of them is done once by all. */
  key?: string;
}

export interface Publisher {
  /** Resolves when Pub/Sub has kept the message. */
  publish(topic: string, message: Outgoing): Promise<void>;
  /** A failure of the last minute, while nothing has been published since; undefined when all is well. */
  failure(): Fault | undefined;
  /** Waits for what is on its way. */
  close(): Promise<void>;
}

/** Sends what comes at once in one request, by key where there is one. */
export function createPublisher(pubsub: PubSub): Publisher {
  const topics = new Map<string, Topic>();
  let waiting = 0;
  let failed: { fault: Fault; at: number } | undefined;

  function topicOf(name: string): Topic {
    const known = topics.get(name);
    if (known !== undefined) return known;
    const topic = pubsub.topic(name, {
      // Messages of different keys can't share a request, so a longer wait would only delay them.
      batching: { maxMessages: 100, maxMilliseconds: 1 },
      gaxOpts: callOptions,
      messageOrdering: true,
    });
    topics.set(name, topic);
    return topic;
  }

  return {
    async publish(name, { data, attributes = {}, key }) {
      if (waiting >= longestQueue) {
        throw new Fault('unavailable', `${waiting} messages wait to be published; try again`, { retryAfter: 5 });
      }
      const topic = topicOf(name);
      waiting++;
      try {
        const message = { data, attributes, ...(key !== undefined && { orderingKey: key }) };
        await attempt(`publishing to ${name}`, () => topic.publishMessage(message));
        failed = undefined;
      } catch (error) {
        if (key !== undefined) topic.resumePublishing(key); // whose messages are refused after a failure until then
        failed = { fault: asFault(error), at: performance.now() };
        throw error;
      } finally {
        waiting--;
      }
    },
    failure: () => (failed && performance.now() - failed.at < remembered ? failed.fault : undefined),
    async close() {
      await Promise.allSettled([...topics.values()].map(topic => topic.flush()));
    },
  };
}
