import { createPubsubClient } from '../../services/messaging/pubsub/client.ts';
import { type SubscriptionName, subscriptions, topics } from '../../services/messaging/topics.ts';

export interface TopicsOptions {
  /** Deliveries after which Pub/Sub itself makes a dead letter; it takes 5 at least. */
  maxDeliveryAttempts?: number;
  /** Milliseconds. */
  backoff?: { first: number; max: number };
}

/** Creates all topics and subscriptions of a project, with their dead letters, as the stack does on Google Cloud. */
export async function createTopics(address: string, project: string, options: TopicsOptions = {}): Promise<void> {
  const { maxDeliveryAttempts = 5, backoff = { first: 100, max: 10_000 } } = options;
  const pubsub = createPubsubClient(project, address);
  const dead = (Object.keys(subscriptions) as SubscriptionName[]).map(name => `${name}.dead`);
  for (const topic of [...Object.keys(topics), ...dead]) await pubsub.createTopic(topic);
  for (const [name, topic] of Object.entries(subscriptions)) {
    await pubsub.createSubscription(`${name}.dead`, `${name}.dead`, { ackDeadlineSeconds: 10 });
    await pubsub.createSubscription(topic, name, {
      ackDeadlineSeconds: 10,
      retryPolicy: { minimumBackoff: durationOf(backoff.first), maximumBackoff: durationOf(backoff.max) },
      deadLetterPolicy: { deadLetterTopic: `projects/${project}/topics/${name}.dead`, maxDeliveryAttempts },
    });
  }
  await pubsub.close();
}

const durationOf = (milliseconds: number) => ({
  seconds: Math.floor(milliseconds / 1000),
  nanos: (milliseconds % 1000) * 1e6,
});
