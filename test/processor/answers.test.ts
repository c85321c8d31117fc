import { describe, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { type Answers, createAnswers } from '../../services/processor/answers.ts';
import { faultOf } from './world.ts';

function bench(maxBytes = 10_000, maxPending = 10) {
  let time = 1000;
  const answers: Answers<string> = createAnswers({
    fresh: 100,
    negative: 50,
    stale: 100_000,
    maxBytes,
    maxPending,
    now: () => time,
  });
  let asked = 0;
  const ask = (reply: string | Fault, key = 'k') =>
    answers.ask(
      key,
      async () => {
        asked++;
        if (reply instanceof Fault) throw reply;
        return reply;
      },
      text => text.length,
    );
  return { answers, ask, asked: () => asked, wait: (ms: number) => (time += ms) };
}

const down = new Fault('unavailable', 'down');

describe('answers', () => {
  test('are given while they are fresh, then asked for again', async () => {
    const { ask, wait } = bench();
    expect(await ask('a')).toBe('a');
    wait(99);
    expect(await ask('b')).toBe('a');
    wait(1);
    expect(await ask('b')).toBe('b');
  });

  test.each(['not-found', 'gone', 'refused'] as const)('%s is remembered for its own time', async kind => {
    const { ask, wait } = bench();
    expect((await faultOf(ask(new Fault(kind, 'no')))).kind).toBe(kind);
    wait(49);
    expect((await faultOf(ask('a'))).kind).toBe(kind);
    wait(1);
    expect(await ask('a')).toBe('a');
  });

  test('what may pass is not remembered, and a loop is the asker’s own', async () => {
    const { ask } = bench();
    for (const kind of ['unavailable', 'timed-out', 'bad-origin', 'loop', 'internal'] as const) {
      expect((await faultOf(ask(new Fault(kind, 'no')))).kind).toBe(kind);
    }
    expect(await ask('a')).toBe('a');
  });

  test('are given stale when the origin fails, and it is left in peace for a while', async () => {
    const { ask, asked, wait } = bench();
    await ask('a');
    wait(100);
    expect(await ask(down)).toBe('a');
    expect(await ask('b')).toBe('a');
    expect(asked()).toBe(2);
    wait(10_000);
    expect(await ask('b')).toBe('b');
  });

  test('are not given when they are too stale', async () => {
    const { ask, wait } = bench();
    await ask('a');
    wait(100_001);
    expect((await faultOf(ask(down))).kind).toBe('unavailable');
  });

  test('an absence replaces a stale answer', async () => {
    const { ask, wait } = bench();
    await ask('a');
    wait(100);
    expect((await faultOf(ask(new Fault('not-found', 'no')))).kind).toBe('not-found');
    wait(50);
    expect((await faultOf(ask(down))).kind).toBe('unavailable');
  });

  test('identical questions are asked once, and whoever gives up leaves the others theirs', async () => {
    const { answers } = bench();
    const { promise, resolve } = Promise.withResolvers<string>();
    let asked = 0;
    const question = () => {
      asked++;
      return promise;
    };
    const stop = new AbortController();
    const given = faultOf(answers.ask('k', question, () => 1, { signal: stop.signal }));
    const others = [1, 2, 3].map(() => answers.ask('k', question, () => 1));
    stop.abort();
    expect((await given).kind).toBe('unavailable');
    resolve('a');
    expect(await Promise.all(others)).toEqual(['a', 'a', 'a']);
    expect(asked).toBe(1);
  });

  test('are bounded in bytes and in questions under way', async () => {
    const { answers, ask, asked } = bench(1000, 1);
    await ask('x'.repeat(500), 'a');
    await ask('x'.repeat(500), 'b');
    await ask('again', 'a');
    expect(asked()).toBe(3);
    await ask('x'.repeat(5000), 'huge');
    await ask('x', 'huge');
    expect(asked()).toBe(5);
    void answers.ask(
      'slow',
      () => new Promise<string>(() => {}),
      () => 1,
    );
    expect((await faultOf(ask('x', 'other'))).kind).toBe('unavailable');
  });
});

test('a fresh answer is asked for although one is kept, and though a question is under way; then it is the one kept', async () => {
  const answers = createAnswers<string>({ fresh: 1e6, negative: 1e6, stale: 1e6, maxBytes: 1000, maxPending: 10 });
  const size = () => 1;
  expect(await answers.ask('k', async () => 'old', size)).toBe('old');
  expect(await answers.ask('k', async () => 'new', size, { fresh: true })).toBe('new');
  expect(await answers.ask('k', async () => 'newer', size)).toBe('new');

  const { promise, resolve } = Promise.withResolvers<string>();
  const earlier = answers.ask('q', () => promise, size);
  const later = answers.ask('q', async () => 'after', size, { fresh: true });
  resolve('before');
  expect(await earlier).toBe('before');
  expect(await later).toBe('after');
  expect(await answers.ask('q', async () => 'x', size)).toBe('after');
});
