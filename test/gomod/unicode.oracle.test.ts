import { hash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hash1, hashGoMod } from '../../services/gomod/dirhash.ts';
import { foldCase, isLetter, printable, trimSpace } from '../../services/gomod/unicode.ts';
import { fromBase64, hasGo, type Oracle, startOracle } from '../oracle/oracle.ts';
import { agree } from './agree.ts';
import { anyText, filePath } from './arbitraries.ts';

describe.skipIf(!hasGo())('characters and hashes are what Go says (needs go)', () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await startOracle();
  });
  afterAll(() => oracle.close());

  test('every code point is a letter, printable, a space, and folds as in Go’s Unicode 15.0', async ({ skip }) => {
    const [version, answer] = await oracle.ask([
      { f: 'unicodeVersion', a: [] },
      { f: 'unicode', a: [] },
    ]);
    const unicode = fromBase64(version?.v);
    skip(unicode !== '15.0.0', `Go has Unicode ${unicode} here`);
    const codePoints = (answer?.v ?? []) as number[];
    expect(codePoints).toHaveLength(0x110000);
    const printRE = new RegExp(`^(?:${printable}| )$`, 'v');
    const least = (code: number) => (codePoints[code] ?? 0) >> 3;
    /** The key of all that fold with a code point. */
    const keys = new Map<number, string>();
    const wrong: string[] = [];
    for (const [code, theirs] of codePoints.entries()) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const char = String.fromCodePoint(code);
      const properties =
        Number(isLetter(char)) | (Number(printRE.test(char)) << 1) | (Number(trimSpace(char) === '') << 2);
      if (properties !== (theirs & 7)) wrong.push(`U+${code.toString(16)}`);
      const caseless = char.toUpperCase() === char && char.toLowerCase() === char;
      if (caseless && least(code) === code) continue; // most of them, and these fold to themselves
      const key = foldCase(char);
      if (!keys.has(least(code))) keys.set(least(code), key);
      const sameInGo = least(key.codePointAt(0) ?? 0) === least(code);
      if (!sameInGo || keys.get(least(code)) !== key) wrong.push(`folding of U+${code.toString(16)}`);
    }
    expect(wrong).toEqual([]);
  });

  const content = fc.oneof(anyText, filePath).map(text => text.toWellFormed());
  test('hashGoMod', () =>
    agree(oracle, {
      inputs: content,
      ours: text => hashGoMod(Buffer.from(text)),
      question: text => ({ f: 'hashGoMod', a: [text] }),
      uniform: true,
    }));

  // Beyond the basic plane, UTF-16 and UTF-8 sort differently.
  const name = fc.oneof(content, fc.constantFrom('\u{ffff}', '\u{10000}', '\ue000', 'a', 'A', 'a/b', 'a b', 'x\ny'));
  test('hash1', () =>
    agree(oracle, {
      inputs: fc.uniqueArray(fc.tuple(name, content), { selector: ([first]) => first, maxLength: 6 }),
      ours: files => hash1(files.map(([path, text]) => ({ name: path, sha256: hash('sha256', text, 'buffer') }))),
      question: files => ({ f: 'hash1', a: files.flat() }),
      uniform: true,
    }));
});
