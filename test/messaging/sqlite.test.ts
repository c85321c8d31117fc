import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import type { Messaging } from '../../services/messaging/index.ts';
import { createSqliteMessaging } from '../../services/messaging/sqlite.ts';
import { messagingContract } from './contract.ts';

messagingContract('sqlite', async () => {
  const folder = await mkdtemp(`${tmpdir()}/messaging-`);
  const file = `${folder}/new/queue.db`;
  const clients: Messaging[] = [];
  return {
    async open(options = {}) {
      const defaults = { maxAttempts: 3, lease: 5000, backoff: { first: 2, max: 10 }, poll: 20 };
      const client = await createSqliteMessaging({ file, ...defaults, ...options });
      clients.push(client);
      return client;
    },
    async store(subscription, text) {
      const db = new DatabaseSync(file, { timeout: 5000 });
      const { lastInsertRowid } = db.prepare('INSERT INTO messages (body, published) VALUES (?, 0)').run(text);
      db.prepare('INSERT INTO deliveries (message, subscription, due) VALUES (?, ?, 0)').run(
        lastInsertRowid,
        subscription,
      );
      db.close();
    },
    async close() {
      await Promise.all(clients.map(client => client.close()));
      await rm(folder, { recursive: true });
    },
  };
});
