import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe } from 'vitest';
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
});
