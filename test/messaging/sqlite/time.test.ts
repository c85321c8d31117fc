import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Delivery, Messaging } from '../../../services/messaging/index.ts';
import { createSqliteMessaging, type SqliteOptions } from '../../../services/messaging/sqlite.ts';
import { createGate, requested, until } from '../helpers.ts';

/** All clients share this clock, so that a lease ends without waiting for it and nobody is there to extend it. */
let time = 0;
let folder = '';
const clients: Messaging[] = [];

beforeEach(async () => {
  time = Date.UTC(2026, 10, 1);
  folder = await mkdtemp(`${tmpdir()}/messaging-`);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close()));
  await rm(folder, { recursive: true });
});

async function open(options: Partial<SqliteOptions> = {}) {
  const timing = { now: () => time, lease: 30_000, poll: 5, random: () => 1 };
  const client = await createSqliteMessaging({ file: `${folder}/queue.db`, maxAttempts: 3, ...timing, ...options });
  clients.push(client);
  return client;
}

/** Resolves after others have looked for messages several times. */
async function looks(): Promise<void> {
  const end = performance.now() + 50;
  await until(() => performance.now() > end);
}

test.each(['fails', 'succeeds'])(
  'a lease that nobody extends ends on time: others get the message, nothing changes when the first %s late',
  async result => {
    const [first, second] = [await open(), await open()];
    const [late, ending] = [createGate(), createGate()];
    const attempts: number[] = [];
    const stalled = async (_: unknown, { attempt }: Delivery) => {
      attempts.push(attempt);
      await late.opened;
      if (result === 'fails') throw new Error('late');
    };
    first.subscribe('processor', stalled, { concurrency: 1 });
    await first.publish('module.requested', requested('v1.0.0'));
    await until(() => attempts.length === 1);
    const handler = async (_: unknown, { attempt }: Delivery) => {
      attempts.push(attempt);
      await ending.opened;
    };
    second.subscribe('processor', handler, { concurrency: 2 });
    time += 29_999;
    await looks();
    expect(attempts).toEqual([1]);
    time += 1;
    await until(() => attempts.length === 2);
    late.open();
    await first.close();
    await looks();
    expect((await second.backlog('processor')).depth).toBe(1);
    ending.open();
    await until(async () => (await second.backlog('processor')).depth === 0);
    expect(attempts).toEqual([1, 2]);
  },
);

test('a message whose handlers never finish is a dead letter after maxAttempts, too', async () => {
  const messaging = await open({ maxAttempts: 2 });
  const gate = createGate();
  const attempts: number[] = [];
  const handler = async (_: unknown, { attempt }: Delivery) => {
    attempts.push(attempt);
    await gate.opened;
  };
  messaging.subscribe('processor', handler, { concurrency: 5 });
  await messaging.publish('module.requested', requested('v1.0.0'));
  await until(() => attempts.length === 1);
  time += 30_000;
  await until(() => attempts.length === 2);
  time += 30_000;
  await until(async () => (await messaging.backlog('processor')).dead === 1);
  const [letter] = await messaging.deadLetters('processor');
  expect(letter).toMatchObject({ attempts: 2, error: expect.stringContaining('never finished') });
  gate.open();
  await looks();
  expect((await messaging.backlog('processor')).dead).toBe(1);
  expect(attempts).toEqual([1, 2]);
});

test('the back-off is first·2^(n-1), at most max, the upper half of it jitter', async () => {
  for (const [random, part] of [
    [() => 1, 1],
    [() => 0, 0.5],
  ] as const) {
    const messaging = await open({ maxAttempts: 6, backoff: { first: 1000, max: 5000 }, random });
    const attempts: number[] = [];
    const handler = async (_: unknown, { attempt }: Delivery) => {
      attempts.push(attempt);
      throw new Error('again');
    };
    const subscriber = messaging.subscribe('processor', handler, { concurrency: 1 });
    await messaging.publish('module.requested', requested('v1.0.0'));
    await until(() => attempts.length === 1);
    for (const delay of [1000, 2000, 4000, 5000, 5000]) {
      const { length } = attempts;
      time += delay * part - 1;
      await looks();
      expect(attempts).toHaveLength(length);
      time += 1;
      await until(() => attempts.length === length + 1);
    }
    await subscriber.close();
    expect((await messaging.backlog('processor')).depth).toBe(0);
  }
});

test('the age of the backlog is that of its oldest message, in seconds', async () => {
  const messaging = await open();
  await messaging.publish('module.requested', requested('v1.0.0'));
  time += 1500;
  await messaging.publish('module.requested', requested('v1.1.0'));
  time += 1000;
  expect(await messaging.backlog('processor')).toEqual({ depth: 2, oldestAge: 2.5, dead: 0 });
});
