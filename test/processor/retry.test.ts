import { describe, expect, test } from 'vitest';
import { Fault, type FaultKind } from '../../services/errors.ts';
import { retry } from '../../services/processor/retry.ts';
import { faultOf } from './world.ts';

/** A clock that sleeping moves, and attempts that fail with what is listed. */
function bench(faults: (FaultKind | Fault)[], options: { tries?: number; budget?: number; random?: number } = {}) {
  let time = 0;
  const sleeps: number[] = [];
  let attempts = 0;
  const result = retry(
    async () => {
      const fault = faults[attempts++];
      if (fault === undefined) return 'done';
      throw fault instanceof Fault ? fault : new Fault(fault, 'x');
    },
    {
      tries: options.tries ?? 3,
      firstDelay: 100,
      budget: options.budget ?? 10_000,
      now: () => time,
      random: () => options.random ?? 1,
      sleep: async ms => {
        sleeps.push(ms);
        time += ms;
      },
    },
  );
  return { result, sleeps, attempts: () => attempts };
}

describe('retry', () => {
  test('repeats what may pass, with delays that double', async () => {
    const { result, sleeps } = bench(['unavailable', 'timed-out', 'bad-origin'], { tries: 4 });
    expect(await result).toBe('done');
    expect(sleeps).toEqual([100, 200, 400]);
  });

  test('jitters over the whole delay', async () => {
    const { result, sleeps } = bench(['unavailable', 'unavailable'], { random: 0.25 });
    await result;
    expect(sleeps).toEqual([25, 50]);
  });

  test('ends with the last fault after so many tries', async () => {
    const { result, attempts } = bench(['unavailable', 'timed-out', 'bad-origin']);
    expect((await faultOf(result)).kind).toBe('bad-origin');
    expect(attempts()).toBe(3);
  });

  test.each(['not-found', 'gone', 'refused', 'invalid', 'loop', 'internal', 'security'] as const)(
    'does not repeat %s',
    async kind => {
      const { result, attempts } = bench([kind]);
      expect((await faultOf(result)).kind).toBe(kind);
      expect(attempts()).toBe(1);
    },
  );

  test('waits as long as the origin asks, or gives up when that is too long', async () => {
    const patient = bench([new Fault('unavailable', 'x', { retryAfter: 2 })]);
    expect(await patient.result).toBe('done');
    expect(patient.sleeps).toEqual([2000]);
    const busy = bench([new Fault('unavailable', 'x', { retryAfter: 60 })]);
    expect((await faultOf(busy.result)).retryAfter).toBe(60);
    expect(busy.attempts()).toBe(1);
  });

  test('begins no attempt beyond the budget', async () => {
    const { result, attempts } = bench(['unavailable', 'unavailable'], { budget: 150 });
    await faultOf(result);
    expect(attempts()).toBe(2);
  });
});
