import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLimiter, type LimiterOptions } from '../../../services/processor/net/limiter.ts';
import { faultOf } from '../world.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const limiter = (options: Partial<LimiterOptions> = {}) =>
  createLimiter({ rate: 1000, concurrency: 1000, maxWait: 10_000, now: () => Date.now(), ...options });

/** How many of these have begun. */
function begun(acquired: Promise<unknown>[]): () => number {
  let count = 0;
  for (const one of acquired)
    one.then(
      () => count++,
      () => {},
    );
  return () => count;
}

describe('a limiter', () => {
  test('lets so many hold a host at once, and the next as soon as one is released', async () => {
    const limit = limiter({ concurrency: 2 });
    const acquired = [1, 2, 3].map(() => limit.acquire('a'));
    const count = begun(acquired);
    await vi.advanceTimersByTimeAsync(100);
    expect(count()).toBe(2);
    const release = await acquired[0];
    release?.();
    release?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(count()).toBe(3);
  });

  test('lets so many begin in a second', async () => {
    const limit = limiter({ rate: 10 });
    const count = begun(Array.from({ length: 100 }, () => limit.acquire('a')));
    await vi.advanceTimersByTimeAsync(0);
    expect(count()).toBe(10);
    await vi.advanceTimersByTimeAsync(1000);
    expect(count()).toBe(20);
    await vi.advanceTimersByTimeAsync(3000);
    expect(count()).toBe(50);
  });

  test('keeps hosts apart', async () => {
    const limit = limiter({ concurrency: 1 });
    await limit.acquire('a');
    await limit.acquire('b');
  });

  test('fails who waits too long, and who finds the queue full', async () => {
    const limit = limiter({ concurrency: 1, maxWait: 500, maxWaiting: 1 });
    await limit.acquire('a');
    const waits = faultOf(limit.acquire('a'));
    expect((await faultOf(limit.acquire('a'))).kind).toBe('unavailable');
    await vi.advanceTimersByTimeAsync(500);
    expect((await waits).kind).toBe('unavailable');
  });

  test('forgets who gives up', async () => {
    const limit = limiter({ concurrency: 1 });
    const release = await limit.acquire('a');
    const stop = new AbortController();
    const given = faultOf(limit.acquire('a', stop.signal));
    const next = limit.acquire('a');
    stop.abort();
    await given;
    release();
    await next;
  });

  test('lets nobody begin during a pause, and fails at once when the pause is longer than the wait', async () => {
    const limit = limiter({ maxWait: 5000 });
    limit.pause('a', 3000);
    const count = begun([limit.acquire('a')]);
    await vi.advanceTimersByTimeAsync(2900);
    expect(count()).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(count()).toBe(1);
    limit.pause('a', 60_000);
    expect(await faultOf(limit.acquire('a'))).toMatchObject({ kind: 'unavailable', retryAfter: 60 });
  });

  test('drops hosts that rest when there are too many, and refuses new ones when none rests', async () => {
    const limit = limiter({ maxLanes: 2, rate: 10 });
    (await limit.acquire('a'))();
    await limit.acquire('b');
    expect((await faultOf(limit.acquire('c'))).kind).toBe('unavailable');
    await vi.advanceTimersByTimeAsync(1000);
    await limit.acquire('c');
    expect((await faultOf(limit.acquire('d'))).kind).toBe('unavailable');
  });
});
