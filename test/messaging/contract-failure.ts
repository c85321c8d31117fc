import { describe, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import type { Delivery } from '../../services/messaging/index.ts';
import { type Backend, createGate, published, requested, until, versions } from './helpers.ts';

/** What the messaging port promises when handlers fail, hang or lose their lease. */
export function failureContract(use: () => Backend): void {
  describe('a failure', () => {
    test('brings the message back until it succeeds', async () => {
      const messaging = await use().open({ maxAttempts: 5 });
      const seen: [string, number, boolean][] = [];
      const handler = async ({ version }: { version: string }, { id, attempt, lastAttempt }: Delivery) => {
        seen.push([id, attempt, lastAttempt]);
        if (attempt < 3) throw new Error(`no luck with ${version}`);
      };
      messaging.subscribe('processor', handler, { concurrency: 4 });
      await messaging.publish('module.requested', requested('v1.0.0'));
      await until(async () => (await messaging.backlog('processor')).depth === 0);
      const id = seen[0]?.[0] ?? '';
      expect(seen).toEqual([
        [id, 1, false],
        [id, 2, false],
        [id, 3, false],
      ]);
      expect(await messaging.deadLetters('processor')).toEqual([]);
    });

    test.each([
      ['an error', () => Promise.reject(new Error('the last\nfailure')), /^the last\s+failure$/],
      ['a fault', () => Promise.reject(new Fault('timed-out', 'too slow')), /^too slow$/],
      ['a text', () => Promise.reject('just text'), /^just text$/],
      [
        'an error thrown at once',
        () => {
          throw new Error('at once');
        },
        /^at once$/,
      ],
      ['an error of a megabyte', () => Promise.reject(new Error('x'.repeat(1 << 20))), /^x{100,10000}$/],
    ])('makes a dead letter after maxAttempts, with the last failure: %s', async (_, fail, error) => {
      const messaging = await use().open({ maxAttempts: 3 });
      const seen: [number, boolean][] = [];
      const handler = (_: unknown, { attempt, lastAttempt }: Delivery): Promise<void> => {
        seen.push([attempt, lastAttempt]);
        return fail();
      };
      messaging.subscribe('processor', handler, { concurrency: 1 });
      await messaging.publish('module.requested', requested('v1.0.0'));
      await until(async () => (await messaging.backlog('processor')).dead === 1);
      expect(seen).toEqual([
        [1, false],
        [2, false],
        [3, true],
      ]);
      await until(async () => (await messaging.backlog('processor')).depth === 0);
      const [letter] = await messaging.deadLetters('processor');
      expect(letter).toMatchObject({ message: requested('v1.0.0'), attempts: 3, error: expect.stringMatching(error) });
      expect(letter?.publishedAt).toBeInstanceOf(Date);
    });

    test('is waited after, longer each time', async () => {
      const messaging = await use().open({ maxAttempts: 4, backoff: { first: 100, max: 200 } });
      const times: number[] = [];
      const handler = async () => {
        times.push(performance.now());
        throw new Error('again');
      };
      messaging.subscribe('processor', handler, { concurrency: 1 });
      await messaging.publish('module.requested', requested('v1.0.0'));
      await until(async () => (await messaging.backlog('processor')).dead === 1);
      const [a = 0, b = 0, c = 0, d = 0] = times;
      // Half of each delay is jitter; a timer may be a little early.
      expect(b - a).toBeGreaterThan(48);
      expect(c - b).toBeGreaterThan(98);
      expect(d - c).toBeGreaterThan(98);
    });

    test('does not hold up other messages while it is waited after', async () => {
      const messaging = await use().open({ backoff: { first: 60_000, max: 60_000 } });
      const seen: string[] = [];
      const handler = async ({ version }: { version: string }) => {
        seen.push(version);
        if (version === 'v0.0.0-fails') throw new Error('again');
      };
      messaging.subscribe('processor', handler, { concurrency: 1 });
      await messaging.publish('module.requested', requested('v0.0.0-fails'));
      await until(() => seen.length === 1);
      for (const version of versions(20)) await messaging.publish('module.requested', requested(version));
      await until(async () => (await messaging.backlog('processor')).depth === 1);
      expect(seen.toSorted()).toEqual(['v0.0.0-fails', ...versions(20)].toSorted());
    });

    test('can be replayed: one dead letter or all, with attempts counted afresh', async () => {
      const messaging = await use().open({ maxAttempts: 2 });
      let failing = true;
      const attempts = new Map<string, number[]>();
      const handler = async ({ version }: { version: string }, { attempt }: Delivery) => {
        attempts.set(version, [...(attempts.get(version) ?? []), attempt]);
        if (failing) throw new Error('not now');
      };
      messaging.subscribe('processor', handler, { concurrency: 2 });
      const all = versions(5);
      for (const version of all) {
        await messaging.publish('module.requested', requested(version));
        await until(() => attempts.get(version)?.length === 2);
      }
      await until(async () => (await messaging.backlog('processor')).dead === 5);
      const letters = await messaging.deadLetters('processor');
      expect(letters.map(({ message }) => message)).toEqual(all.map(requested));
      expect(await messaging.deadLetters('processor', { limit: 2 })).toEqual(letters.slice(0, 2));
      expect(await messaging.deadLetters('validator')).toEqual([]);
      for (const id of ['0', 'nothing', '', '-1', '1e3', '9'.repeat(40)]) {
        expect(await messaging.replay('processor', id)).toBe(0);
      }
      expect(await messaging.replay('validator')).toBe(0);

      failing = false;
      expect(await messaging.replay('processor', letters[1]?.id)).toBe(1);
      await until(async () => (await messaging.backlog('processor')).depth === 0);
      expect(attempts.get('v1.1.0')).toEqual([1, 2, 1]);
      expect((await messaging.backlog('processor')).dead).toBe(4);
      expect(await (await use().open()).replay('processor')).toBe(4);
      await until(async () => (await messaging.backlog('processor')).depth === 0);
      expect([...attempts.values()]).toEqual(all.map(() => [1, 2, 1]));
      expect(await messaging.deadLetters('processor')).toEqual([]);
    });

    test('of one subscription is no attempt of another', async () => {
      const messaging = await use().open({ maxAttempts: 3 });
      const seen: Record<string, number[]> = {};
      for (const name of ['ui-backend.published', 'discovery.published', 'notifier.published'] as const) {
        const attempts: number[] = [];
        seen[name] = attempts;
        const handler = async (_: unknown, { attempt }: Delivery) => {
          attempts.push(attempt);
          if (name === 'discovery.published' && attempt < 3) throw new Error('again');
        };
        messaging.subscribe(name, handler, { concurrency: 1 });
      }
      await messaging.publish('module.published', published('v1.0.0'));
      await until(async () => seen['discovery.published']?.length === 3);
      expect(seen).toEqual({
        'ui-backend.published': [1],
        'discovery.published': [1, 2, 3],
        'notifier.published': [1],
      });
      await until(async () => (await messaging.backlog('discovery.published')).depth === 0);
      expect((await messaging.backlog('discovery.published')).dead).toBe(0);
    });

    test('replayed for one subscription is not given to the others of its topic', async () => {
      const messaging = await use().open({ maxAttempts: 1 });
      const seen: string[] = [];
      let failing = true;
      messaging.subscribe('ui-backend.published', async () => void seen.push('ui-backend'), { concurrency: 1 });
      const handler = async () => {
        seen.push('discovery');
        if (failing) throw new Error('not now');
      };
      messaging.subscribe('discovery.published', handler, { concurrency: 1 });
      await messaging.publish('module.published', published('v1.0.0'));
      await until(async () => (await messaging.backlog('discovery.published')).dead === 1);
      await until(() => seen.length === 2);
      failing = false;
      expect(await messaging.replay('discovery.published')).toBe(1);
      await until(async () => (await messaging.backlog('discovery.published')).depth === 0 && seen.length === 3);
      await until(async () => (await messaging.backlog('ui-backend.published')).depth === 0);
      expect(seen.toSorted()).toEqual(['discovery', 'discovery', 'ui-backend']);
    });

    test.each(['no JSON', '{"v":2}', '{}', 'null', ''])(
      'is at once final for a stored text that is no message: %j',
      async text => {
        const messaging = await use().open();
        const seen: string[] = [];
        messaging.subscribe('processor', async ({ version }) => void seen.push(version), { concurrency: 2 });
        await use().store('processor', text);
        await messaging.publish('module.requested', requested('v1.0.0'));
        await until(async () => (await messaging.backlog('processor')).depth === 0);
        expect(seen).toEqual(['v1.0.0']);
        const letters = await messaging.deadLetters('processor');
        expect(letters).toHaveLength(1);
        expect(letters[0]?.error).toContain('module.requested');
      },
    );
  });

  describe('a lease', () => {
    test('is kept for as long as the handler runs', async () => {
      const [first, second] = [await use().open({ lease: 1000 }), await use().open({ lease: 1000 })];
      const begun = performance.now();
      const attempts: number[] = [];
      const handler = async (_: unknown, { attempt, signal }: Delivery) => {
        attempts.push(attempt);
        await until(() => performance.now() - begun > 2500);
        signal.throwIfAborted();
      };
      for (const client of [first, second]) client.subscribe('processor', handler, { concurrency: 2 });
      await first.publish('module.requested', requested('v1.0.0'));
      await until(async () => (await first.backlog('processor')).depth === 0);
      expect(attempts).toEqual([1]);
    });

    test('ends after maxHandling: the handler is told, others get the message, what the first does is not counted', async () => {
      const [first, second] = [await use().open({ lease: 300, maxHandling: 300 }), await use().open()];
      const gate = createGate();
      const told: unknown[] = [];
      const hanging = async (_: unknown, { signal }: Delivery) => {
        signal.addEventListener('abort', () => told.push(signal.reason));
        await gate.opened;
        throw new Error('the first fails late');
      };
      first.subscribe('processor', hanging, { concurrency: 1 });
      await first.publish('module.requested', requested('v1.0.0'));
      await until(async () => (await first.backlog('processor')).depth === 1);
      const attempts: number[] = [];
      const ending = createGate();
      const handler = async (_: unknown, { attempt }: Delivery) => {
        attempts.push(attempt);
        await ending.opened;
      };
      await until(() => told.length === 1);
      second.subscribe('processor', handler, { concurrency: 2 });
      await until(() => attempts.length === 1);
      expect(told).toEqual([expect.any(Fault)]);
      gate.open();
      await first.close();
      expect((await second.backlog('processor')).depth).toBe(1);
      ending.open();
      await until(async () => (await second.backlog('processor')).depth === 0);
      expect(attempts).toEqual([2]);
      expect(await second.deadLetters('processor')).toEqual([]);
    });
  });
}
