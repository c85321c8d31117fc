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
}

export interface Publisher {
  /** Resolves when Pub/Sub has kept the message. */
  publish(topic: string, message: Outgoing): Promise<void>;
  /** A failure of the last minute, while nothing has been published since; undefined when all is well. */
  failure(): Fault | undefined;
  /** Waits for what is on its way. */
  close(): Promise<void>;
}

/** Sends what comes within a few milliseconds in one request. */
export function createPublisher(pubsub: PubSub): Publisher {
  const topics = new Map<string, Topic>();
  let waiting = 0;
  let failed: { fault: Fault; at: number } | undefined;

  function topicOf(name: string): Topic {
    const known = topics.get(name);
    if (known !== undefined) return known;
    const topic = pubsub.topic(name, {
      batching: { maxMessages: 100, maxMilliseconds: 2 },
      gaxOpts: callOptions,
    });
    topics.set(name, topic);
    return topic;
  }

  return {
    async publish(name, { data, attributes = {} }) {
      if (waiting >= longestQueue) {
        throw new Fault('unavailable', `${waiting} messages wait to be published; try again`, { retryAfter: 5 });
      }
      const topic = topicOf(name);
      waiting++;
      try {
        await attempt(`publishing to ${name}`, () => topic.publishMessage({ data, attributes }));
        failed = undefined;
      } catch (error) {
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
