import { describe, expect, test } from 'vitest';
import { Fault, type FaultKind } from '../../services/errors.ts';
import { askInOrder } from '../../services/processor/chain.ts';
import { parseOrigins } from '../../services/processor/origins.ts';
import { faultOf } from './world.ts';

const names = (text: string) => parseOrigins(text).map(({ name, anyError }) => name + (anyError ? '|' : ','));

describe('UPSTREAM', () => {
  test.each([
    ['https://a.example', ['https://a.example,']],
    ['https://a.example/,direct', ['https://a.example,', 'direct,']],
    ['https://a.example|http://b.example:8080/go/|off', ['https://a.example|', 'http://b.example:8080/go|', 'off,']],
    [' https://a.example , direct ', ['https://a.example,', 'direct,']],
    ['proxy.example.com/x', ['https://proxy.example.com/x,']],
    ['direct,https://never.example', ['direct,']],
    ['off', ['off,']],
    ['https://user:secret@a.example/p', ['https://a.example/p,']],
  ])('%j is %j', (text, expected) => {
    expect(names(text)).toEqual(expected);
  });

  test.each([
    '',
    ',',
    'https://a.example,',
    '|direct',
    'https://a.example,,direct',
    'direct, ',
    'file:///srv',
    'ftp://a',
  ])('%j is refused with a sentence', text => {
    expect(() => parseOrigins(text)).toThrow(Fault);
    expect(() => parseOrigins(text)).toThrow(/element \d of the list of origins/);
  });

  test.each([
    'https://u:secret@[bad/',
    'https://u:secret@a.example/?q=1',
    'socks://u:secret@a.example',
    'https://u:secret%zz@a',
  ])('a fault of %j does not tell the secret', text => {
    expect(() => parseOrigins(text)).not.toThrow(/secret/);
    expect(() => parseOrigins(text)).toThrow(Fault);
  });
});

describe('origins in order', () => {
  /** What each origin says, by name; the answer or the kind of the fault, and who was asked. */
  async function ask(upstream: string, says: Record<string, FaultKind | 'ok'>) {
    const asked: string[] = [];
    const origins = parseOrigins(upstream).map(spec => ({ spec }));
    const answer = askInOrder(origins, async ({ spec }) => {
      const name = spec.name.replace('https://', '');
      asked.push(name);
      const said = says[name] ?? 'internal';
      if (said !== 'ok') throw new Fault(said, `${name} says ${said}`);
      return name;
    });
    const result = await answer.catch((fault: Fault) => fault.message);
    return { asked: asked.join(' '), result };
  }

  const absent = ['not-found', 'gone'] as const;
  const failed = ['refused', 'timed-out', 'unavailable', 'bad-origin', 'loop'] as const;

  test.each(absent)('`,` goes on after %s', async kind => {
    expect(await ask('https://a,https://b', { a: kind, b: 'ok' })).toEqual({ asked: 'a b', result: 'b' });
  });

  test.each(failed)('`,` stops at %s', async kind => {
    expect(await ask('https://a,https://b', { a: kind, b: 'ok' })).toEqual({ asked: 'a', result: `a says ${kind}` });
  });

  test.each([...absent, ...failed])('`|` goes on after %s', async kind => {
    expect(await ask('https://a|https://b', { a: kind, b: 'ok' })).toEqual({ asked: 'a b', result: 'b' });
  });

  test.each([
    [
      'a failure counts more than an absence after it',
      'https://a|https://b',
      'unavailable',
      'not-found',
      'a says unavailable',
    ],
    [
      'a failure counts more than an absence before it',
      'https://a,https://b',
      'not-found',
      'timed-out',
      'b says timed-out',
    ],
    ['of two absences the last counts', 'https://a,https://b', 'not-found', 'gone', 'b says gone'],
    ['of two failures the last counts', 'https://a|https://b', 'unavailable', 'timed-out', 'b says timed-out'],
  ] as const)('%s', async (_name, upstream, a, b, result) => {
    expect((await ask(upstream, { a, b })).result).toBe(result);
  });

  test('what direct says counts most', async () => {
    expect((await ask('https://a|direct', { a: 'unavailable', direct: 'not-found' })).result).toBe(
      'direct says not-found',
    );
  });

  test('off refuses, unless an origin before it has said more', async () => {
    expect((await ask('off', { off: 'refused' })).result).toBe('off says refused');
    expect((await ask('https://a,off', { a: 'not-found', off: 'refused' })).result).toBe('a says not-found');
    expect((await ask('https://a|off', { a: 'timed-out', off: 'refused' })).result).toBe('a says timed-out');
  });

  test('nobody else is asked once the caller has given up', async () => {
    const stop = new AbortController();
    const asked: string[] = [];
    const answer = askInOrder(
      parseOrigins('https://a|https://b').map(spec => ({ spec })),
      async ({ spec }) => {
        asked.push(spec.name);
        stop.abort();
        throw new Fault('unavailable', 'given up');
      },
      stop.signal,
    );
    expect((await faultOf(answer)).message).toBe('given up');
    expect(asked).toEqual(['https://a']);
  });
});
