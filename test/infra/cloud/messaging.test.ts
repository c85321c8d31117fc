import { beforeAll, describe, expect, it } from 'vitest';
import { Messaging, publishers, readerOf } from '../../../infra/cloud/messaging.ts';
import { mapValues } from '../../../infra/map-values.ts';
import { type SubscriptionName, subscriptions, type TopicName, topics } from '../../../services/messaging/topics.ts';
import { type Declared, declare, ofType, one } from './declare.ts';
import { members } from './members.ts';

const topicIds = Object.keys(topics) as TopicName[];
const subscriptionIds = Object.keys(subscriptions) as SubscriptionName[];

describe('Messaging', () => {
  let declared: Declared[];
  const build = (retentionDays = 7) =>
    declare(() => {
      new Messaging('m', {
        members,
        operators: ['group:operators@example.com'],
        serviceAgent: 'serviceAccount:pubsub',
        regions: ['europe-west1'],
        retentionDays,
        labels: { app: 'gocenter' },
      });
    });
  beforeAll(async () => {
    declared = await build();
  });
  const subscription = (id: string) => one(declared, 'gcp:pubsub/subscription:Subscription', `m-${id}`);
  const grants = (kind: 'Topic' | 'Subscription', on: string) =>
    ofType(declared, `gcp:pubsub/${kind.toLowerCase()}IAMMember:${kind}IAMMember`)
      .filter(({ inputs }) => inputs[kind.toLowerCase()] === `m-${on}.id`)
      .map(({ inputs }) => `${String(inputs.role).replace('roles/pubsub.', '')} ${inputs.member}`);

  it('declares the topics and subscriptions that the services name, and a dead-letter pair of each subscription', () => {
    const names = (type: string) => ofType(declared, type).map(({ inputs }) => inputs.name);
    const dead = subscriptionIds.map(id => `${id}.dead`);
    expect(names('gcp:pubsub/topic:Topic').sort()).toEqual([...topicIds, ...dead].sort());
    expect(names('gcp:pubsub/subscription:Subscription').sort()).toEqual([...subscriptionIds, ...dead].sort());
  });

  it('never lets a subscription expire', () => {
    for (const { inputs } of ofType(declared, 'gcp:pubsub/subscription:Subscription')) {
      expect(inputs.expirationPolicy).toEqual({ ttl: '' });
    }
  });

  it.each(subscriptionIds)('%s reads its topic, backs off, and gives up into its dead letters', id => {
    expect(subscription(id)).toMatchObject({
      topic: `m-${subscriptions[id]}.id`,
      ackDeadlineSeconds: 30,
      messageRetentionDuration: '604800s',
      retryPolicy: { minimumBackoff: '1s', maximumBackoff: '600s' },
      deadLetterPolicy: { deadLetterTopic: `m-${id}.dead.id`, maxDeliveryAttempts: 5 },
    });
  });

  it.each(subscriptionIds)('keeps the dead letters of %s for as long as Pub/Sub can', id => {
    expect(subscription(`${id}.dead`)).toMatchObject({
      topic: `m-${id}.dead.id`,
      messageRetentionDuration: '2678400s',
    });
  });

  it.each(subscriptionIds)('lets Pub/Sub move dead letters of %s: publish them there, acknowledge them here', id => {
    expect(grants('Topic', `${id}.dead`)).toContain('publisher serviceAccount:pubsub');
    expect(grants('Subscription', id)).toContain('subscriber serviceAccount:pubsub');
  });

  it.each(subscriptionIds)('lets nobody else but its own service make dead letters of %s', id => {
    const makers = [`publisher ${members[readerOf(id)]}`, 'publisher serviceAccount:pubsub'];
    expect(grants('Topic', `${id}.dead`).sort()).toEqual(makers.sort());
  });

  it.each(topicIds)('lets only those publish on %s who have something to say there', id => {
    const services = publishers[id].map(service => `publisher ${members[service]}`);
    expect(grants('Topic', id).sort()).toEqual([...services, 'publisher group:operators@example.com'].sort());
  });

  it.each(subscriptionIds)('lets only its own service read %s, and only operators its dead letters', id => {
    const reader = members[readerOf(id)];
    expect(grants('Subscription', id).sort()).toEqual(
      [`subscriber ${reader}`, 'subscriber serviceAccount:pubsub', `viewer ${reader}`].sort(),
    );
    expect(grants('Subscription', `${id}.dead`)).toEqual(['subscriber group:operators@example.com']);
  });

  it('keeps messages in the regions given', () => {
    for (const { inputs } of ofType(declared, 'gcp:pubsub/topic:Topic')) {
      expect(inputs.messageStoragePolicy).toEqual({ allowedPersistenceRegions: ['europe-west1'] });
    }
  });

  it('names the services of subscriptions', () => {
    expect(mapValues({ processor: 0 }, (_, id) => readerOf(id))).toEqual({ processor: 'processor' });
  });
});
