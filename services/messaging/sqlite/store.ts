import { randomBytes } from 'node:crypto';
import type { Backlog } from '../index.ts';
import { type Connections, transaction } from './database.ts';

/** A delivery that is leased to us while its row has our token. */
export interface Claim {
  message: number;
  subscription: string;
  token: string;
  /** 1 on the first delivery. */
  attempt: number;
  body: string;
  published: number;
}

/** What became of a claim. */
export type Settlement = { claim: Claim } & (
  | { result: 'done' }
  | { result: 'again'; error: string; due: number }
  | { result: 'dead'; error: string }
);

export interface Take {
  subscription: string;
  limit: number;
  now: number;
  /** End of the leases. */
  until: number;
  maxAttempts: number;
}

export interface Row {
  message: number;
  body: string;
  published: number;
  attempts: number;
  error: string | null;
}

const perished = 'its last handler never finished: the process died or lost the lease';

export type Store = ReturnType<typeof createStore>;

/** The queue as SQL. All is synchronous and short; every method throws SQLite's errors as they are. */
export function createStore({ durable, quick }: Connections) {
  const instance = randomBytes(9).toString('base64url');
  let claims = 0;

  const insertMessage = durable.prepare('INSERT INTO messages (body, published) VALUES (?, ?)');
  const insertDelivery = durable.prepare('INSERT INTO deliveries (message, subscription, due) VALUES (?, ?, ?)');
  const revive = durable.prepare(
    'UPDATE deliveries SET dead = 0, attempts = 0, error = NULL, due = ? WHERE subscription = ? AND dead = 1',
  );
  const reviveOne = durable.prepare(
    'UPDATE deliveries SET dead = 0, attempts = 0, error = NULL, due = ? WHERE subscription = ? AND dead = 1 AND message = ?',
  );

  const anyDue = quick.prepare('SELECT 1 FROM deliveries WHERE subscription = ? AND dead = 0 AND due <= ? LIMIT 1');
  const due = quick.prepare(
    `SELECT message, body, published, attempts, error FROM deliveries JOIN messages ON id = message
     WHERE subscription = ? AND dead = 0 AND due <= ? ORDER BY due, message LIMIT ?`,
  );
  const lease = quick.prepare(
    'UPDATE deliveries SET due = ?, token = ?, attempts = attempts + 1 WHERE message = ? AND subscription = ?',
  );
  const bury = quick.prepare(
    'UPDATE deliveries SET dead = 1, token = NULL, error = ? WHERE message = ? AND subscription = ?',
  );

  const held = 'WHERE message = ? AND subscription = ? AND token = ? AND dead = 0';
  const extendHeld = quick.prepare(`UPDATE deliveries SET due = ? ${held}`);
  const finishHeld = quick.prepare(`DELETE FROM deliveries ${held}`);
  const returnHeld = quick.prepare(`UPDATE deliveries SET due = ?, token = NULL, error = ? ${held}`);
  const buryHeld = quick.prepare(`UPDATE deliveries SET dead = 1, token = NULL, error = ? ${held}`);
  const forget = quick.prepare(
    'DELETE FROM messages WHERE id = ? AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message = id)',
  );

  const counts = quick.prepare(
    `SELECT depth, published AS oldest,
       (SELECT count(*) FROM deliveries WHERE subscription = ?1 AND dead = 1) AS dead
     FROM (SELECT count(*) AS depth, min(message) AS first FROM deliveries WHERE subscription = ?1 AND dead = 0)
       LEFT JOIN messages ON id = first`,
  );
  const deadRows = quick.prepare(
    `SELECT message, body, published, attempts, error FROM deliveries JOIN messages ON id = message
     WHERE subscription = ? AND dead = 1 ORDER BY message LIMIT ?`,
  );

  function settle(settlement: Settlement): void {
    const { message, subscription, token } = settlement.claim;
    if (settlement.result === 'again') returnHeld.run(settlement.due, settlement.error, message, subscription, token);
    else if (settlement.result === 'dead') buryHeld.run(settlement.error, message, subscription, token);
    else if (finishHeld.run(message, subscription, token).changes === 1) forget.run(message);
  }

  function take({ subscription, limit, now, until, maxAttempts }: Take): Claim[] {
    const taken: Claim[] = [];
    for (const row of due.all(subscription, now, limit) as unknown as Row[]) {
      const { message, body, published, attempts } = row;
      if (attempts >= maxAttempts) {
        bury.run(row.error ?? perished, message, subscription);
        continue;
      }
      const token = `${instance}-${++claims}`;
      lease.run(until, token, message, subscription);
      taken.push({ message, subscription, token, attempt: attempts + 1, body, published });
    }
    return taken;
  }

  return {
    /** Keeps a message for each of the subscriptions, all messages or none. */
    publish(batch: readonly { body: string; published: number; subscriptions: string[] }[]): void {
      transaction(durable, () => {
        for (const { body, published, subscriptions } of batch) {
          const { lastInsertRowid } = insertMessage.run(body, published);
          for (const subscription of subscriptions) insertDelivery.run(lastInsertRowid, subscription, published);
        }
      });
    },

    /** Whether there is something to take; needs no lock. */
    isDue: (subscription: string, now: number) => anyDue.get(subscription, now) !== undefined,

    /** Writes down what became of claims, then takes new ones. Settling a claim that was lost does nothing. */
    work(settlements: readonly Settlement[], wanted?: Take): Claim[] {
      return transaction(quick, () => {
        settlements.forEach(settle);
        return wanted === undefined ? [] : take(wanted);
      });
    },

    /** Moves the end of leases; returns the claims that are no longer ours. */
    extend(held: readonly Claim[], until: number): Claim[] {
      return transaction(quick, () =>
        held.filter(claim => extendHeld.run(until, claim.message, claim.subscription, claim.token).changes === 0),
      );
    },

    backlog(subscription: string, now: number): Backlog {
      const { depth, oldest, dead } = counts.get(subscription) as Record<'depth' | 'oldest' | 'dead', number | null>;
      return {
        depth: depth ?? 0,
        oldestAge: oldest === null ? 0 : Math.max(0, now - oldest) / 1000,
        dead: dead ?? 0,
      };
    },

    deadLetters: (subscription: string, limit: number) => deadRows.all(subscription, limit) as unknown as Row[],

    replay(subscription: string, message: number | undefined, now: number): number {
      const { changes } =
        message === undefined ? revive.run(now, subscription) : reviveOne.run(now, subscription, message);
      return Number(changes);
    },

    /** Throws when the database can't be written or read. */
    check(): void {
      transaction(quick, () => counts.get(''));
    },

    close(): void {
      quick.close();
      durable.close();
    },
  };
}
