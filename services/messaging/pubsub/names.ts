import type { SubscriptionName } from '../topics.ts';

/** The topic that dead letters of a subscription go to, and the subscription that keeps them there. */
export const deadName = (subscription: SubscriptionName) => `${subscription}.dead`;

/** Attributes of messages. What Pub/Sub adds itself when it forwards a dead letter begins with `CloudPubSubDeadLetter`. */
export const attribute = {
  /** The only subscription that a replayed message is for; the others of its topic have had it. */
  onlyFor: 'for',
  /** Of a dead letter: the last failure, how often it was delivered, when it was first published (RFC 3339). */
  error: 'error',
  attempts: 'attempts',
  published: 'published',
} as const;
