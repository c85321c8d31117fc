import { Compile, type Validator } from 'typebox/schema';
import { Fault } from '../errors.ts';
import { type Message, subscriptions, type TopicName, topics } from './topics.ts';

/** Bytes of a message as JSON. */
const longestMessage = 1 << 20;

const validators = new Map<TopicName, Validator>();

/** A message as text, for every adapter alike. Throws `invalid` when it does not fit its topic. */
export function encodeMessage<T extends TopicName>(topic: T, message: Message<T>): string {
  check(topic, message);
  const text = JSON.stringify(message);
  if (Buffer.byteLength(text) > longestMessage) {
    throw new Fault('invalid', `a message of ${topic} is larger than ${longestMessage} bytes`);
  }
  return text;
}

/** The message that a stored text is. Throws `invalid` when it is none of its topic. */
export function decodeMessage<T extends TopicName>(topic: T, text: string): Message<T> {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (error) {
    throw new Fault('invalid', `a message of ${topic} is no JSON`, { cause: error });
  }
  check(topic, message);
  return message as Message<T>;
}

export const subscriptionsOf = (topic: TopicName): string[] =>
  Object.entries(subscriptions).flatMap(([subscription, its]) => (its === topic ? [subscription] : []));

function check(topic: TopicName, message: unknown): void {
  const validator = validatorOf(topic);
  if (validator.Check(message)) return;
  const [, errors] = validator.Errors(message);
  const reasons = errors.slice(0, 5).map(error => `${error.instancePath} ${error.message}`.trim());
  throw new Fault('invalid', `a message of ${topic} does not fit: ${reasons.join(', ')}`);
}

function validatorOf(topic: TopicName): Validator {
  if (!Object.hasOwn(topics, topic)) throw new Fault('invalid', `${JSON.stringify(topic)} is no topic`);
  const known = validators.get(topic) ?? Compile(topics[topic]);
  validators.set(topic, known);
  return known;
}
