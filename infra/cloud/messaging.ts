import { Subscription, SubscriptionIAMMember, Topic, TopicIAMMember } from '@pulumi/gcp/pubsub/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import { schema } from '../../services/config.ts';
import type { Variable } from '../../services/env.ts';
import { type SubscriptionName, subscriptions, type TopicName, topics } from '../../services/messaging/topics.ts';
import { mapValues } from '../map-values.ts';
import type { ServiceName } from '../services.ts';

/** Who says what. Every topic has an entry, so that a new one does not compile before its publishers are named. */
export const publishers: Readonly<Record<TopicName, readonly ServiceName[]>> = {
  'module.requested': ['proxy', 'validator', 'discovery', 'ui-backend'],
  'module.fetched': ['processor'],
  'module.published': ['validator'],
  'module.rejected': ['validator'],
  'vulnerability.found': ['ui-backend'],
};

/** A subscription's service is what stands before the dot of its name. */
type Reader<S extends string> = S extends `${infer Service}.${string}` ? Service : S;

/** Does not compile when a subscription belongs to no service. */
export const readerOf = (subscription: SubscriptionName): ServiceName =>
  subscription.split('.')[0] as Reader<SubscriptionName>;

export interface MessagingArgs {
  /** IAM members of the services, `serviceAccount:…`. */
  members: Readonly<Record<ServiceName, Input<string>>>;
  /** IAM members of those who request modules by hand, read dead letters and replay them; usually one group. */
  operators: readonly Input<string>[];
  /** IAM member of Pub/Sub itself (its service agent), which forwards dead letters. */
  serviceAgent: Input<string>;
  /** Regions that messages may be stored in. */
  regions: readonly Input<string>[];
  /** Days that a message waits for its reader, 1–31. */
  retentionDays: number;
  labels: Readonly<Record<string, string>>;
}

/** Days that Pub/Sub keeps a message at most: how long a dead letter can wait to be replayed. */
const longestRetention = 31;
const days = (count: number) => `${count * 86_400}s`;

const defaultOf = <T>(variable: Variable<T>): T => variable.parse(variable.default ?? '');

/**
 * Pub/Sub topics and subscriptions, derived from services/messaging/topics.ts so that the two can't disagree; ids are the
 * names there. Each subscription has a dead-letter topic and, so that what arrives there is kept, a subscription on it;
 * both are called `<subscription>.dead`.
 */
export class Messaging extends ComponentResource {
  /** Full names, `projects/<project>/topics/<id>`. */
  readonly topics: Readonly<Record<TopicName, Output<string>>>;
  /** Full names, `projects/<project>/subscriptions/<id>`. */
  readonly subscriptions: Readonly<Record<SubscriptionName, Output<string>>>;
  /** Of each subscription, the one that keeps its dead letters. */
  readonly deadLetters: Readonly<Record<SubscriptionName, Output<string>>>;

  readonly #name: string;
  readonly #args: MessagingArgs;

  constructor(name: string, args: MessagingArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Messaging', name, {}, opts);
    this.#name = name;
    this.#args = args;
    const declared = mapValues(topics, (_, id) => {
      const topic = this.#topic(id);
      for (const service of publishers[id]) this.#publisher(topic, id, service, args.members[service]);
      args.operators.forEach((member, index) => void this.#publisher(topic, id, `operators-${index}`, member));
      return topic;
    });
    const kept = mapValues(subscriptions, (topic, id) => this.#keep(id, declared[topic]));

    this.topics = mapValues(declared, topic => topic.id);
    this.subscriptions = mapValues(kept, ({ subscription }) => subscription.id);
    this.deadLetters = mapValues(kept, ({ dead }) => dead.id);
    this.registerOutputs({ topics: this.topics, subscriptions: this.subscriptions, deadLetters: this.deadLetters });
  }

  /** A subscription with its dead letters and all rights on both. */
  #keep(id: SubscriptionName, topic: Topic) {
    const { members, operators, serviceAgent, retentionDays } = this.#args;
    const deadId = `${id}.dead`;
    const deadTopic = this.#topic(deadId);
    const dead = this.#subscription(deadId, deadTopic, { messageRetentionDuration: days(longestRetention) });
    const subscription = this.#subscription(id, topic, {
      messageRetentionDuration: days(retentionDays),
      retryPolicy: { minimumBackoff: '1s', maximumBackoff: '600s' },
      deadLetterPolicy: { deadLetterTopic: deadTopic.id, maxDeliveryAttempts: defaultOf(schema.MAX_ATTEMPTS) },
    });
    const service = readerOf(id);
    this.#subscriber(subscription, id, service, members[service]);
    this.#viewer(subscription, id, service, members[service]);
    operators.forEach((member, index) => void this.#subscriber(dead, deadId, `operators-${index}`, member));
    // Pub/Sub forwards a dead letter in two steps and needs a right for each: publish it there, acknowledge it here.
    this.#publisher(deadTopic, deadId, 'agent', serviceAgent);
    // The service makes its dead letters itself where it can, and says why.
    this.#publisher(deadTopic, deadId, service, members[service]);
    this.#subscriber(subscription, id, 'agent', serviceAgent);
    return { subscription, dead };
  }

  #topic(id: string): Topic {
    const { labels, regions } = this.#args;
    const messageStoragePolicy = { allowedPersistenceRegions: [...regions] };
    return new Topic(`${this.#name}-${id}`, { name: id, labels, messageStoragePolicy }, { parent: this });
  }

  #subscription(id: string, topic: Topic, rest: Omit<ConstructorParameters<typeof Subscription>[1], 'topic'>) {
    return new Subscription(
      `${this.#name}-${id}`,
      {
        name: id,
        topic: topic.id,
        labels: this.#args.labels,
        // Otherwise one that nobody reads for 31 days is deleted, with all that waits in it.
        expirationPolicy: { ttl: '' },
        // The client extends it while a handler runs; a dead process's messages go to others after it.
        ackDeadlineSeconds: defaultOf(schema.LEASE) / 1000,
        ...rest,
      },
      { parent: this },
    );
  }

  #publisher(topic: Topic, id: string, who: string, member: Input<string>): void {
    const args = { topic: topic.id, role: 'roles/pubsub.publisher', member };
    new TopicIAMMember(`${this.#name}-${id}-${who}-publishes`, args, { parent: this });
  }

  #subscriber(subscription: Subscription, id: string, who: string, member: Input<string>): void {
    const args = { subscription: subscription.id, role: 'roles/pubsub.subscriber', member };
    new SubscriptionIAMMember(`${this.#name}-${id}-${who}-reads`, args, { parent: this });
  }

  /** To see at the start whether the subscription is there, and whose topic it is on; subscriber does not say so. */
  #viewer(subscription: Subscription, id: string, who: string, member: Input<string>): void {
    const args = { subscription: subscription.id, role: 'roles/pubsub.viewer', member };
    new SubscriptionIAMMember(`${this.#name}-${id}-${who}-sees`, args, { parent: this });
  }
}
