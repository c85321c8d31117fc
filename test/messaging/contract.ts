import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery, Messaging } from '../../services/messaging/index.ts';
import type { Message } from '../../services/messaging/topics.ts';
import { kindOf } from '../storage/helpers.ts';
import { failureContract } from './contract-failure.ts';
import { type Backend, createGate, fetched, requested, until, versions } from './helpers.ts';

/** What the messaging port promises; every adapter runs it. */
export function messagingContract(name: string, makeBackend: () => Promise<Backend>): void {
  describe(`messaging contract: ${name}`, { timeout: 60_000 }, () => {
    let backend: Backend | undefined;
    beforeEach(async () => {
      backend = await makeBackend();
    });
    afterEach(() => backend?.close());
    const use = (): Backend => {
      if (backend === undefined) throw new Error('the backend was not made');
      return backend;
    };
    deliveryContract(use);
    closingContract(use);
    failureContract(use);
  });
}

const idle = async (messaging: Messaging) => (await messaging.backlog('processor')).depth === 0;

function deliveryContract(use: () => Backend): void {
  describe('delivery', () => {
    test('gives a message as it was published, with what is known of it, once it is handled never again', async () => {
      const messaging = await use().open();
      const seen: [Message<'module.requested'>, Delivery][] = [];
      messaging.subscribe('processor', async (message, delivery) => void seen.push([message, delivery]), {
        concurrency: 3,
      });
      const message = { ...requested('v1.0.0'), recheck: true, hops: 3, module: 'example.com/é😀"\\\n' };
      const before = Date.now();
      await messaging.publish('module.requested', message);
      await until(() => seen.length > 0);
      const [got, delivery] = seen[0] ?? [];
      expect(got).toEqual(message);
      expect(delivery).toMatchObject({ attempt: 1, lastAttempt: false });
      expect(delivery?.id).not.toBe('');
      expect(delivery?.signal.aborted).toBe(false);
      expect(Math.abs((delivery?.publishedAt.getTime() ?? 0) - before)).toBeLessThan(5000);
      await until(() => idle(messaging));
      expect(seen).toHaveLength(1);
    });

    test('waits for a subscriber, survives the client, and reaches other clients', async () => {
      const publisher = await use().open();
      await publisher.publish('module.requested', requested('v1.0.0'));
      await publisher.close();
      const [second, third] = [await use().open(), await use().open()];
      const seen: string[] = [];
      second.subscribe('processor', async ({ version }) => void seen.push(version), { concurrency: 1 });
      await until(() => seen.length === 1);
      await third.publish('module.requested', requested('v2.0.0'));
      await until(() => seen.length === 2);
      expect(seen).toEqual(['v1.0.0', 'v2.0.0']);
    });

    test('keeps a message for the subscriptions of its topic only, and for none when the topic has none', async () => {
      const messaging = await use().open();
      await messaging.publish('module.fetched', fetched('v1.0.0'));
      await messaging.publish('module.rejected', { ...fetched('v1'), rejectedAt: '2026-11-01T00:00:00Z', reasons: [] });
      expect(await messaging.backlog('processor')).toEqual({ depth: 0, oldestAge: 0, dead: 0 });
      expect((await messaging.backlog('validator')).depth).toBe(1);
      const seen: string[] = [];
      messaging.subscribe('processor', async ({ version }) => void seen.push(`processor ${version}`), {
        concurrency: 1,
      });
      messaging.subscribe('validator', async ({ version }) => void seen.push(`validator ${version}`), {
        concurrency: 1,
      });
      await until(async () => (await messaging.backlog('validator')).depth === 0);
      expect(seen).toEqual(['validator v1.0.0']);
    });

    test('is shared by all subscribers of all clients, loses nothing, keeps within each one’s concurrency', async () => {
      const clients = [await use().open(), await use().open()];
      const seen = new Set<string>();
      const peaks = [0, 0, 0, 0];
      peaks.forEach((_, i) => {
        let now = 0;
        const handler = async ({ version }: Message<'module.requested'>) => {
          now++;
          peaks[i] = Math.max(peaks[i] ?? 0, now);
          await new Promise(resolve => setTimeout(resolve, 1));
          seen.add(version);
          now--;
        };
        clients[i % 2]?.subscribe('processor', handler, { concurrency: 1 + i });
      });
      const all = versions(400);
      await Promise.all(all.map((version, i) => clients[i % 2]?.publish('module.requested', requested(version))));
      await until(() => seen.size === all.length);
      expect(seen).toEqual(new Set(all));
      for (const [i, peak] of peaks.entries()) expect(peak).toBeLessThanOrEqual(1 + i);
      for (const client of clients) await until(() => idle(client));
    });

    test('is refused when the message does not fit its topic, is too large, or there is no such topic', async () => {
      const messaging = await use().open();
      const good = requested('v1.0.0');
      const bad: unknown[] = [
        ...[
          { ...good, v: 2 },
          { ...good, version: 1 },
          { ...good, by: 'nobody' },
          { ...good, hops: -1 },
          {},
          null,
          'text',
        ],
        ...[{ ...good, requestedAt: 'x'.repeat(1 << 20) }, { ...good, module: undefined }, undefined, [good]],
      ];
      for (const message of bad) {
        expect(await kindOf(messaging.publish('module.requested', message as typeof good))).toBe('invalid');
      }
      expect(await kindOf(messaging.publish('module.unknown' as 'module.requested', good))).toBe('invalid');
      expect((await messaging.backlog('processor')).depth).toBe(0);
    });

    test('counts in the backlog what waits and what is handled, and the age of the oldest', async () => {
      const messaging = await use().open();
      for (const version of versions(5)) await messaging.publish('module.requested', requested(version));
      const { depth, oldestAge, dead } = await messaging.backlog('processor');
      expect([depth, dead]).toEqual([5, 0]);
      await until(async () => (await messaging.backlog('processor')).oldestAge > oldestAge);
      const gate = createGate();
      messaging.subscribe('processor', () => gate.opened, { concurrency: 2 });
      await messaging.publish('module.requested', requested('v2.0.0'));
      expect((await messaging.backlog('processor')).depth).toBe(6);
      gate.open();
      await until(() => idle(messaging));
      expect(await messaging.backlog('processor')).toEqual({ depth: 0, oldestAge: 0, dead: 0 });
    });
  });
}

function closingContract(use: () => Backend): void {
  describe('close', () => {
    test('waits for the handlers that run, takes nothing more, and leaves the rest to others', async () => {
      const messaging = await use().open();
      const gate = createGate();
      const begun: string[] = [];
      const ended: string[] = [];
      const handler = async ({ version }: Message<'module.requested'>) => {
        begun.push(version);
        await gate.opened;
        await messaging.publish('module.fetched', fetched(version)); // while it closes
        ended.push(version);
      };
      messaging.subscribe('processor', handler, { concurrency: 2 });
      for (const version of versions(5)) await messaging.publish('module.requested', requested(version));
      await until(() => begun.length === 2);
      let closed = false;
      const closing = messaging.close().then(() => {
        closed = true;
      });
      const other = await use().open();
      expect((await other.backlog('processor')).depth).toBe(5);
      expect(closed).toBe(false);
      gate.open();
      await closing;
      expect(ended).toHaveLength(2);
      expect(begun).toHaveLength(2);
      expect((await other.backlog('processor')).depth).toBe(3);
      expect((await other.backlog('validator')).depth).toBe(2);
      const attempts: number[] = [];
      other.subscribe('processor', async (_, { attempt }) => void attempts.push(attempt), { concurrency: 9 });
      await until(() => idle(other));
      expect(attempts).toEqual([1, 1, 1]);
    });

    test('of one subscriber leaves the others at work; what is published later is theirs', async () => {
      const messaging = await use().open();
      const seen: string[] = [];
      const first = messaging.subscribe('processor', async () => void seen.push('first'), { concurrency: 5 });
      await first.close();
      messaging.subscribe('processor', async () => void seen.push('second'), { concurrency: 5 });
      for (const version of versions(5)) await messaging.publish('module.requested', requested(version));
      await until(() => idle(messaging));
      expect(new Set(seen)).toEqual(new Set(['second']));
      await first.close();
    });

    test('may be called twice; afterwards everything else is unavailable', async () => {
      const messaging = await use().open();
      const publishing = messaging.publish('module.requested', requested('v1.0.0'));
      await Promise.all([messaging.close(), messaging.close()]);
      await publishing;
      await messaging.close();
      const subscribing = async () => messaging.subscribe('processor', async () => {}, { concurrency: 1 });
      expect(await kindOf(messaging.publish('module.requested', requested('v2.0.0')))).toBe('unavailable');
      expect(await kindOf(messaging.backlog('processor'))).toBe('unavailable');
      expect(await kindOf(messaging.replay('processor'))).toBe('unavailable');
      expect(await kindOf(subscribing())).toBe('unavailable');
      expect((await (await use().open()).backlog('processor')).depth).toBe(1);
    });

    test.each([0, -1, 1.5, Number.NaN])(
      'is no matter of a subscriber with a concurrency of %d, which is invalid',
      async n => {
        const messaging = await use().open();
        const subscribing = async () => messaging.subscribe('processor', async () => {}, { concurrency: n });
        expect(await kindOf(subscribing())).toBe('invalid');
      },
    );
  });
}
