import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fault } from '../../services/errors.ts';
import type { Counted, DownloadCounts } from '../../services/ui-backend/answers/downloads.ts';
import { promptCounts } from '../../services/ui-backend/prompt-counts.ts';
import { noDownloads } from './start.ts';

const days = { from: '2026-11-01', to: '2026-11-30' };
const notKnown = { kind: 'unavailable', message: expect.stringContaining('not known just now'), retryAfter: 5 };

let asked: PromiseWithResolvers<Counted>[];
let failed: Error[];
let counts: DownloadCounts;
beforeEach(() => {
  vi.useFakeTimers();
  // A cache takes a start at 0 for none.
  vi.advanceTimersByTime(1);
  asked = [];
  failed = [];
  const total = () => {
    const question = Promise.withResolvers<Counted>();
    asked.push(question);
    return question.promise;
  };
  counts = promptCounts({ ...noDownloads, total }, error => failed.push(error));
});
afterEach(() => {
  vi.useRealTimers();
});

/** What became of it after so many milliseconds. */
async function within(milliseconds: number, promise: Promise<unknown>): Promise<unknown> {
  let settled: unknown = 'waits';
  promise.then(
    value => {
      settled = value;
    },
    error => {
      settled = error;
    },
  );
  await vi.advanceTimersByTimeAsync(milliseconds);
  return settled;
}

describe('figures', () => {
  it('are those of now while they come in time', async () => {
    const first = counts.total(days);
    asked[0]?.resolve({ all: 3, people: 2 });
    expect(await first).toEqual({ all: 3, people: 2 });
    const second = counts.total(days);
    asked[1]?.resolve({ all: 4, people: 2 });
    expect(await second).toEqual({ all: 4, people: 2 });
  });

  it('that hang are not known after a second and a half, and asked for once', async () => {
    expect(await within(1400, counts.total(days))).toBe('waits');
    expect(await within(101, counts.total(days))).toMatchObject(notKnown);
    expect(await within(1, counts.total(days))).toMatchObject(notKnown);
    expect(asked).toHaveLength(1);
  });

  it('that come late are there for who asks next, who waits no second time', async () => {
    await within(1500, counts.total(days));
    asked[0]?.resolve({ all: 3, people: 2 });
    await vi.advanceTimersByTimeAsync(0);
    expect(await within(250, counts.total(days))).toEqual({ all: 3, people: 2 });
    expect(asked).toHaveLength(2);
  });

  it('of before are told for ten minutes, not longer', async () => {
    const first = counts.total(days);
    asked[0]?.resolve({ all: 3, people: 2 });
    await first;
    const again = counts.total(days);
    asked[1]?.reject(new Fault('unavailable', 'BigQuery does not answer'));
    expect(await again).toEqual({ all: 3, people: 2 });
    await vi.advanceTimersByTimeAsync(600_001);
    expect(await within(1500, counts.total(days))).toMatchObject(notKnown);
  });

  it('are waited for but shortly while others wait in vain', async () => {
    await within(1501, counts.total(days));
    expect(await within(250, counts.total({ ...days, from: '2026-11-02' }))).toMatchObject(notKnown);
  });

  it('are asked for at most so many times at once', async () => {
    for (let day = 0; day < 300; day++) void counts.total({ from: String(day), to: '' }).catch(() => {});
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveLength(256);
    await vi.advanceTimersByTimeAsync(2000);
  });

  it('that fail are told of once a minute, and what fails otherwise is no absence', async () => {
    for (const index of [0, 1]) {
      const question = counts.total(days);
      asked[index]?.reject(new Fault('invalid', 'no such day'));
      await expect(question).rejects.toMatchObject({ kind: 'invalid' });
    }
    expect(failed).toHaveLength(1);
  });
});
