import { Subscription } from '@pulumi/gcp/pubsub/subscription.js';
import { SubscriptionIAMMember } from '@pulumi/gcp/pubsub/subscriptionIAMMember.js';
import { Topic } from '@pulumi/gcp/pubsub/topic.js';
import { TopicIAMMember } from '@pulumi/gcp/pubsub/topicIAMMember.js';
import { all, each, ifKnown, some } from './check.ts';
import { cloudPolicy, stackPolicy } from './define.ts';
import { integer, text } from './settings.ts';
import type { CloudResource, Stack } from './stack.ts';

/** Dead-letter subscriptions have no dead letter of their own; these are told by the end of their name. */
const dead = text('.dead', 'How the names of subscriptions of dead letters end.');

export const subscriptionDeadLetter = cloudPolicy(Subscription, {
  name: 'subscription-dead-letter',
  description: 'Checks that a message which can’t be handled is put aside after a few attempts.',
  settings: { dead, most: integer(20, 'Most attempts.') },
  check(subscription, say, { settings }) {
    if (subscription.name?.endsWith(settings.dead)) return;
    const policy = subscription.deadLetterPolicy;
    if (!policy || !('deadLetterTopic' in policy)) {
      say(
        'deadLetterPolicy',
        'one bad message is delivered for ever',
        'write a deadLetterTopic and maxDeliveryAttempts',
      );
    } else if ((policy.maxDeliveryAttempts ?? 5) > settings.most) {
      const wrong = `is ${policy.maxDeliveryAttempts}`;
      say('deadLetterPolicy.maxDeliveryAttempts', wrong, `write at most ${settings.most}`);
    }
  },
});

export const subscriptionRetry = cloudPolicy(Subscription, {
  name: 'subscription-retry',
  description: 'Checks that a message which failed is delivered again with back-off, not at once.',
  settings: { dead },
  check(subscription, say, { settings }) {
    if (subscription.name?.endsWith(settings.dead) || subscription.retryPolicy?.maximumBackoff) return;
    say('retryPolicy', 'failures are repeated at once', 'write a minimumBackoff and a maximumBackoff');
  },
});

export const subscriptionExpiry = cloudPolicy(Subscription, {
  name: 'subscription-expiry',
  description: 'Checks that no subscription is deleted because nobody has read it for a while.',
  check(subscription, say) {
    if (subscription.expirationPolicy?.ttl === '') return;
    const wrong = `is ${subscription.expirationPolicy?.ttl ?? '31 days unless it is given'}`;
    say('expirationPolicy.ttl', wrong, "write '', which is never");
  },
});

export const subscriptionRetention = cloudPolicy(Subscription, {
  name: 'subscription-retention',
  description: 'Checks that messages wait for their reader longer than a long weekend.',
  settings: { days: integer(4, 'Least days.') },
  check(subscription, say, { settings }) {
    // Not given, it is 7 days.
    const duration = subscription.messageRetentionDuration ?? `${7 * 86_400}s`;
    if (Number.parseInt(duration, 10) >= settings.days * 86_400) return;
    const least = `write at least ${settings.days * 86_400}s, which is ${settings.days} days`;
    say('messageRetentionDuration', `is ${duration}`, least);
  },
});

const on = (stack: Stack, { resource }: CloudResource<Topic>) =>
  stack
    .ofType(Subscription)
    .filter(subscription => stack.refers(subscription.resource, 'topic', () => subscription.props.topic, resource));

const readersOf = (stack: Stack, { resource }: CloudResource<Subscription>) =>
  stack
    .ofType(SubscriptionIAMMember)
    .filter(
      grant =>
        grant.props.role === 'roles/pubsub.subscriber' &&
        stack.refers(grant.resource, 'subscription', () => grant.props.subscription, resource),
    );

export const topicSubscribed = stackPolicy({
  name: 'topic-subscribed',
  description: 'Checks that every topic has a subscription; without one its messages are lost.',
  check(stack, say) {
    each(stack.ofType(Topic), topic => {
      if (on(stack, topic).length > 0) return;
      say(topic.resource, '', 'has no subscription, so that its messages are lost', 'declare one');
    });
  },
});

/** The subscriptions with dead letters, each with its dead-letter topic. */
function deadLetters(stack: Stack) {
  return stack.ofType(Subscription).flatMap(subscription => {
    const target = subscription.props.deadLetterPolicy;
    if (!target) return [];
    const topic = stack
      .ofType(Topic)
      .find(({ resource }) =>
        stack.refers(subscription.resource, 'deadLetterPolicy', () => target.deadLetterTopic, resource),
      );
    return [{ subscription, topic }];
  });
}

export const deadLetterRead = stackPolicy({
  name: 'dead-letter-read',
  description: 'Checks that dead letters are kept by a subscription that somebody may read.',
  check(stack, say) {
    each(deadLetters(stack), ({ subscription, topic }) => {
      const path = 'deadLetterPolicy.deadLetterTopic';
      if (!topic) return say(subscription.resource, path, 'the stack has no such topic', 'name one of its topics');
      const kept = on(stack, topic);
      if (kept.length === 0) {
        return say(topic.resource, '', 'dead letters are lost, for it has no subscription', 'declare one on it');
      }
      if (some(kept, subscription => readersOf(stack, subscription).length > 0)) return undefined;
      const instead = 'grant roles/pubsub.subscriber on it to those who replay dead letters';
      return say(kept[0]?.resource, '', 'nobody may read these dead letters', instead);
    });
  },
});

const agent = /^serviceAccount:service-[^@]*@gcp-sa-pubsub\.iam\.gserviceaccount\.com$/;

/** A service agent's address holds the project's number, which a preview may not know. */
const isAgent = (read: () => string | undefined) => {
  const member = ifKnown(read);
  return member === undefined || agent.test(member);
};

export const deadLetterRights = stackPolicy({
  name: 'dead-letter-rights',
  description: 'Checks that Pub/Sub itself may forward dead letters: publish them there and acknowledge them here.',
  check(stack, say) {
    each(deadLetters(stack), ({ subscription, topic }) =>
      all(
        () => {
          const publishes = stack
            .ofType(TopicIAMMember)
            .some(
              grant =>
                grant.props.role === 'roles/pubsub.publisher' &&
                topic !== undefined &&
                stack.refers(grant.resource, 'topic', () => grant.props.topic, topic.resource) &&
                isAgent(() => grant.props.member),
            );
          if (publishes || !topic) return;
          const instead =
            'grant roles/pubsub.publisher on it to service-<number>@gcp-sa-pubsub.iam.gserviceaccount.com';
          say(topic.resource, '', 'Pub/Sub may not publish dead letters to it', instead);
        },
        () => {
          if (readersOf(stack, subscription).some(grant => isAgent(() => grant.props.member))) return;
          const instead =
            'grant roles/pubsub.subscriber on it to service-<number>@gcp-sa-pubsub.iam.gserviceaccount.com';
          say(subscription.resource, '', 'Pub/Sub may not take dead letters out of it', instead);
        },
      ),
    );
  },
});

export const subscriptionRead = stackPolicy({
  name: 'subscription-read',
  description: 'Checks that somebody besides Pub/Sub may read every subscription.',
  check(stack, say) {
    each(stack.ofType(Subscription), subscription => {
      const readers = readersOf(stack, subscription).filter(
        grant => !agent.test(ifKnown(() => grant.props.member) ?? ''),
      );
      if (readers.length > 0) return;
      say(subscription.resource, '', 'nobody may read it', 'grant roles/pubsub.subscriber on it to its service');
    });
  },
});
