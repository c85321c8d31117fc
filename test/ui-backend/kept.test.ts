import { describe, expect, it } from 'vitest';
import { createKeptAnswers } from '../../services/ui-backend/kept.ts';

/** Answers with how many were made so far. */
function counter(maxBytes = 1 << 20) {
  let time = 0;
  let made = 0;
  const kept = createKeptAnswers(maxBytes, () => time);
  const get = async (key = 'a', fresh = 60) => (await kept.get(key, fresh, async () => ++made)).value;
  return { kept, get, pass: (ms: number) => (time += ms) };
}

describe('kept answers', () => {
  it('are made once, and anew when everything is to be forgotten', async () => {
    const { kept, get } = counter();
    expect([await get(), await get()]).toEqual([1, 1]);
    kept.clear();
    expect(await get()).toBe(2);
  });

  it('are forgotten once a second at most, and not later', async () => {
    const { kept, get, pass } = counter();
    kept.clear();
    expect(await get()).toBe(1);
    kept.clear();
    expect(await get()).toBe(1);
    pass(1000);
    expect([await get(), await get()]).toEqual([2, 2]);
  });

  it('are not kept when what they were made from has changed meanwhile', async () => {
    const { kept, get } = counter();
    await kept.get('a', 60, async () => {
      kept.clear();
      return 'of before';
    });
    expect(await get()).toBe(1);
  });

  it('are not kept where nothing is to be, nor beyond the bound of bytes', async () => {
    const { kept, get } = counter(10_000);
    expect([await get('a', 0), await get('a', 0)]).toEqual([1, 2]);
    for (let index = 0; index < 1000; index += 1) await get(`key ${index}`);
    expect(kept.bytes).toBeLessThanOrEqual(10_000);
    expect(kept.bytes).toBeGreaterThan(5000);
  });

  it('a failure is told to all who asked and is not kept', async () => {
    const { kept, get } = counter();
    const fail = () => kept.get('a', 60, () => Promise.reject(new Error('no')));
    const asked = await Promise.allSettled([fail(), fail()]);
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await get()).toBe(1);
  });
});
