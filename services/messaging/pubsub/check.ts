import type { PubSub } from '@google-cloud/pubsub';
import { Fault } from '../../errors.ts';
import { lacksCredentials, noCredentials } from '../../google.ts';
import { type SubscriptionName, subscriptions } from '../topics.ts';
import { callOptions } from './client.ts';
import { codeOf, queueFault, rpc } from './faults.ts';
import { deadName } from './names.ts';

/**
 * The deliveries after which Pub/Sub itself makes a dead letter of the subscription's messages. Throws a sentence that
 * says what to do when the subscription is missing, may not be seen, or is not as the port needs it.
 */
export async function checkSubscription(pubsub: PubSub, name: SubscriptionName): Promise<number> {
  const topic = subscriptions[name];
  const { topic: actual, deadLetterPolicy } = await lookAt(pubsub, name);
  if (actual?.split('/').at(-1) !== topic) {
    const found = actual === '_deleted-topic_' ? 'a topic that was deleted' : actual;
    throw new Fault(
      'unavailable',
      `the subscription ${name} is of ${found}, not of ${topic}: delete it and create it on ${topic}`,
    );
  }
  if (deadLetterPolicy?.deadLetterTopic?.split('/').at(-1) !== deadName(name)) {
    throw new Fault(
      'unavailable',
      `the subscription ${name} does not give dead letters to ${deadName(name)}: set its dead letter policy so`,
    );
  }
  return deadLetterPolicy.maxDeliveryAttempts ?? 5;
}

async function lookAt(pubsub: PubSub, name: SubscriptionName) {
  try {
    const [metadata] = await pubsub.subscription(name).getMetadata(callOptions);
    return metadata;
  } catch (error) {
    const because = (sentence: string) => new Fault('unavailable', sentence, { cause: error });
    const code = codeOf(error);
    if (code === rpc.notFound) {
      throw because(
        `there is no subscription ${name} in project ${pubsub.projectId}: create it on ${subscriptions[name]}, or correct MESSAGING`,
      );
    }
    if (code === rpc.permissionDenied || code === rpc.unauthenticated) {
      throw because(
        `the subscription ${name} may not be seen: grant this service’s identity roles/pubsub.viewer and roles/pubsub.subscriber on it`,
      );
    }
    if (lacksCredentials(error)) {
      throw because(noCredentials);
    }
    if (code === rpc.unavailable || code === rpc.deadlineExceeded) {
      const at = pubsub.options.apiEndpoint ?? 'pubsub.googleapis.com';
      const why = /\bE(?:CONN|NOT|AI_|HOST|NET|TIMED)\w+/.exec(String(error))?.[0];
      const what = code === rpc.unavailable ? 'can’t be reached' : 'takes too long to answer';
      throw because(
        `Pub/Sub ${what} at ${at}${why === undefined ? '' : ` (${why})`}: is it there, and the network open to it? Otherwise correct MESSAGING`,
      );
    }
    throw queueFault(error, `looking at the subscription ${name}`);
  }
}
