import type { SubscriptionName } from '../../services/messaging/topics.ts';
import { namespaceName } from './names.ts';

/** Requests a second that a service answers, all pods together. */
export const requestQuery = (): string => `sum(rate(gocenter_requests_total{namespace="${namespaceName}"}[1m]))`;

/** What waits in a subscription. Every pod of every service measures the same, so the largest is taken. */
export function queueQueries(subscription: SubscriptionName): { depth: string; age: string } {
  const labels = `namespace="${namespaceName}",subscription="${subscription}"`;
  return { depth: `max(gocenter_queue_depth{${labels}})`, age: `max(gocenter_queue_oldest_age_seconds{${labels}})` };
}
