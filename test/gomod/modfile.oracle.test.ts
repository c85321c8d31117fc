import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { modulePath, parseModFile } from '../../services/gomod/modfile.ts';
import { fromBase64, hasGo, type Oracle, startOracle } from '../oracle/oracle.ts';
import { agree } from './agree.ts';
import { goMod } from './go-mod-arbitrary.ts';

/**
 * Strings come out of bytes that are not UTF-8 as runs of U+FFFD, one a byte in Go and one a broken character here;
 * either way they name nothing. So runs count as one.
 */
const settle = (value: unknown): unknown => {
  if (typeof value === 'string') return value.replace(/\ufffd+/g, '\ufffd');
  if (Array.isArray(value)) return value.map(settle);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, settle(inner)]));
};

const decode = (value: unknown): unknown => {
  if (typeof value === 'string') return fromBase64(value);
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decode(inner)]));
};

describe.skipIf(!hasGo())('go.mod files are read as Go reads them (needs go)', () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await startOracle();
  });
  afterAll(() => oracle.close());

  for (const lax of [false, true]) {
    test(lax ? 'in lax mode' : 'in strict mode', () =>
      agree(oracle, {
        inputs: goMod,
        ours: bytes => settle(parseModFile('go.mod', bytes, { lax })),
        question: bytes => ({ f: lax ? 'parseLax' : 'parseModFile', a: [bytes] }),
        theirs: value => settle(decode(value)),
      }),
    );
  }

  test('modulePath', () =>
    agree(oracle, {
      inputs: fc.oneof(
        goMod,
        fc.tuple(goMod, goMod).map(files => Buffer.concat(files).subarray(20)),
      ),
      ours: bytes => settle(modulePath(bytes)),
      question: bytes => ({ f: 'modulePath', a: [bytes] }),
      theirs: value => settle(fromBase64(value)),
    }));
});
