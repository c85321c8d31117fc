import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { PubSub } from '@google-cloud/pubsub';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Messaging } from '../../services/messaging/index.ts';
import { createPubsubClient } from '../../services/messaging/pubsub/client.ts';
import { allSubscriptions, createPubsubMessaging } from '../../services/messaging/pubsub.ts';
import { subscriptions } from '../../services/messaging/topics.ts';
import { type MessagingEmulator, startMessaging } from '../emulators/messaging.ts';
import { createTopics } from '../emulators/topics.ts';
import { messagingContract } from './contract.ts';

const hasGo = spawnSync('go', ['version']).status === 0;

describe.skipIf(!hasGo)('Pub/Sub (needs Go)', () => {
  let server: MessagingEmulator;
  let projects = 0;
  beforeAll(async () => {
    server = await startMessaging();
  });
  afterAll(() => server?.close());

  messagingContract('Pub/Sub', async () => {
    const project = `contract-${projects++}`;
    const clients: Messaging[] = [];
    let made: Promise<void> | undefined;
    const make = (backoff = { first: 2, max: 10 }) => {
      made ??= createTopics(server.address, project, { backoff });
      return made;
    };
    return {
      async open({ maxAttempts = 3, lease = 5000, backoff, ...options } = {}) {
        await make(backoff);
        const place = { project, emulator: server.address, reads: allSubscriptions };
        const client = await createPubsubMessaging({ ...place, maxAttempts, lease, ...options });
        clients.push(client);
        return client;
      },
      async store(subscription, text) {
        const pubsub = createPubsubClient(project, server.address);
        // Pub/Sub takes no message that is quite empty.
        await pubsub
          .topic(subscriptions[subscription])
          .publishMessage({ data: Buffer.from(text), attributes: { a: 'b' } });
        await pubsub.close();
      },
      async close() {
        await Promise.all(clients.map(client => client.close()));
      },
    };
  });

  describe('at the start', () => {
    let project: string;
    let pubsub: PubSub;
    beforeEach(() => {
      project = `start-${projects++}`;
      pubsub = createPubsubClient(project, server.address);
    });
    afterEach(() => pubsub.close());

    const open = () =>
      createPubsubMessaging({ project, emulator: server.address, reads: ['processor'], maxAttempts: 5, lease: 10_000 });
    const deadLetterPolicy = () => ({
      deadLetterTopic: `projects/${project}/topics/processor.dead`,
      maxDeliveryAttempts: 5,
    });
    const topics = (...names: string[]) => Promise.all(names.map(name => pubsub.createTopic(name)));

    test('a missing subscription is a sentence that says what to create', async () => {
      await expect(open()).rejects.toThrow(
        `there is no subscription processor in project ${project}: create it on module.requested, or correct MESSAGING`,
      );
    });

    test('a subscription of another topic is a sentence that names both', async () => {
      await topics('module.fetched', 'processor.dead');
      await pubsub.createSubscription('module.fetched', 'processor', { deadLetterPolicy: deadLetterPolicy() });
      await expect(open()).rejects.toThrow(
        /the subscription processor is of projects\/.*\/topics\/module\.fetched, not of module\.requested: delete it/,
      );
    });

    test('a subscription of a topic that was deleted is told so', async () => {
      await topics('module.requested', 'processor.dead');
      await pubsub.createSubscription('module.requested', 'processor', { deadLetterPolicy: deadLetterPolicy() });
      await pubsub.topic('module.requested').delete();
      await expect(open()).rejects.toThrow('the subscription processor is of a topic that was deleted, not of');
    });

    test('one without dead letters would break a promise', async () => {
      await topics('module.requested');
      await pubsub.createSubscription('module.requested', 'processor');
      await expect(open()).rejects.toThrow('the subscription processor does not give dead letters to processor.dead');
    });

    test.each([
      ['nobody listens', true, /^Pub\/Sub can’t be reached at 127\.0\.0\.1:\d+ \(ECONNREFUSED\): is it there/],
      [
        'nobody answers',
        false,
        /^Pub\/Sub (takes too long to answer|can’t be reached) at 127\.0\.0\.1:\d+.*: is it there/,
      ],
    ])(
      'an address at which %s is told of within seconds, with what to check',
      async (_, closed, sentence) => {
        const silent = createServer(socket => void socket.on('error', () => {}).unref());
        await once(silent.listen(0, '127.0.0.1'), 'listening');
        const emulator = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
        if (closed) await once(silent.close(), 'close');
        const place = { project, emulator, reads: ['processor'] as const, maxAttempts: 5, lease: 10_000 };
        const opening = createPubsubMessaging(place);
        await expect(opening).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringMatching(sentence) });
        silent.close();
      },
      30_000,
    );

    test('subscriptions of other services are no concern of a process', async () => {
      await createTopics(server.address, project);
      await pubsub.subscription('validator').delete();
      const messaging = await open();
      await messaging.ready();
      await messaging.close();
    });
  });
});
