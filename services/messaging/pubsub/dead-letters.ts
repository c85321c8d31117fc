import { setTimeout as sleep } from 'node:timers/promises';
import { type PubSub, v1 } from '@google-cloud/pubsub';
import pLimit from 'p-limit';
import type { DeadLetter } from '../index.ts';
import { type SubscriptionName, subscriptions } from '../topics.ts';
import { callOptions } from './client.ts';
import { attempt } from './faults.ts';
import { attribute, deadName } from './names.ts';
import type { Publisher } from './publisher.ts';

/** Dead letters that are looked at in one go at most, in bounded memory: 1 MiB each at worst, a few hundred bytes mostly. */
const longestList = 10_000;
const pageSize = 1000;
/** An empty answer does not mean that there is nothing; so many in a row do. */
const emptyAnswers = 3;
/** Milliseconds between them. */
const pause = 50;

/** What Pub/Sub says of a dead letter that it has forwarded itself: the process that had it last died, or never finished. */
const forwarded = {
  error: 'its handlers died or did not finish in time',
  attempts: 'CloudPubSubDeadLetterSourceDeliveryCount',
  published: 'CloudPubSubDeadLetterSourceTopicPublishTime',
};

interface Pulled {
  ackId: string;
  data: Buffer;
  letter: DeadLetter;
}

/**
 * Dead letters are ordinary messages of the subscription `<subscription>.dead`. To list them is to take and give back: for that
 * moment another process that lists them sees none, and one that dies meanwhile hides them until their deadline.
 */
export function createDeadLetters(pubsub: PubSub, publisher: Publisher) {
  let client: Promise<v1.SubscriberClient> | undefined;
  const one = pLimit(1);
  const connect = () => {
    client ??= pubsub
      .getClientConfig()
      .then(config => new v1.SubscriberClient(config as ConstructorParameters<typeof v1.SubscriberClient>[0]));
    return client;
  };

  const nameOf = (name: SubscriptionName) => `projects/${pubsub.projectId}/subscriptions/${deadName(name)}`;

  /** Runs `use` on all dead letters, oldest first; what it does not return the ackId of is given back. */
  function withLetters<T>(name: SubscriptionName, use: (pulled: Pulled[], settle: Settle) => Promise<T>): Promise<T> {
    return one(() =>
      attempt(`reading dead letters of ${name}`, async () => {
        const subscription = nameOf(name);
        const subscriber = await connect();
        const pulled: Pulled[] = [];
        const settled = new Set<string>();
        try {
          for (let empty = 0; empty < emptyAnswers && pulled.length < longestList; ) {
            const request = { subscription, maxMessages: pageSize, returnImmediately: true };
            const [{ receivedMessages }] = await subscriber.pull(request, callOptions);
            const found = receivedMessages ?? [];
            for (const { ackId, message } of found) if (ackId && message) pulled.push(read(ackId, message));
            empty = found.length === 0 ? empty + 1 : 0;
            if (found.length === 0 && empty < emptyAnswers) await sleep(pause);
          }
          pulled.sort((a, b) => a.letter.publishedAt.getTime() - b.letter.publishedAt.getTime());
          return await use(pulled, async ackIds => {
            for (const ids of pages(ackIds)) await subscriber.acknowledge({ subscription, ackIds: ids }, callOptions);
            for (const id of ackIds) settled.add(id);
          });
        } finally {
          const rest = pulled.map(({ ackId }) => ackId).filter(id => !settled.has(id));
          for (const ackIds of pages(rest)) {
            await subscriber.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 0 }, callOptions);
          }
        }
      }),
    );
  }

  return {
    list: (name: SubscriptionName, limit: number): Promise<DeadLetter[]> =>
      withLetters(name, async pulled => pulled.slice(0, limit).map(({ letter }) => letter)),

    /** Published again before it is acknowledged: a crash in between makes two of it, never none. */
    replay: (name: SubscriptionName, id: string | undefined): Promise<number> =>
      withLetters(name, async (pulled, settle) => {
        const chosen = pulled.filter(({ letter }) => id === undefined || letter.id === id);
        const attributes = { [attribute.onlyFor]: name };
        await Promise.all(chosen.map(({ data }) => publisher.publish(subscriptions[name], { data, attributes })));
        await settle(chosen.map(({ ackId }) => ackId));
        return chosen.length;
      }),

    async close(): Promise<void> {
      await (await client)?.close();
    },
  };
}

type Settle = (ackIds: string[]) => Promise<void>;

interface Raw {
  messageId?: string | null;
  data?: Uint8Array | string | null;
  attributes?: Record<string, string> | null;
  publishTime?: { seconds?: unknown; nanos?: number | null } | null;
}

function read(ackId: string, { messageId, data, attributes, publishTime }: Raw): Pulled {
  const told = attributes ?? {};
  const bytes = Buffer.from(data ?? '');
  const published = told[attribute.published] ?? told[forwarded.published];
  const arrived = Number(publishTime?.seconds ?? 0) * 1000 + Math.floor((publishTime?.nanos ?? 0) / 1e6);
  return {
    ackId,
    data: bytes,
    letter: {
      id: messageId ?? '',
      message: parse(bytes.toString()),
      publishedAt: new Date(published ?? arrived),
      attempts: Number(told[attribute.attempts] ?? told[forwarded.attempts] ?? 0),
      error: told[attribute.error] ?? forwarded.error,
    },
  };
}

/** A message that is no JSON is shown as the text that it is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A request takes 512 KiB of ack IDs at most. */
function* pages(ids: readonly string[]): Generator<string[]> {
  for (let start = 0; start < ids.length; start += pageSize) yield ids.slice(start, start + pageSize);
}
