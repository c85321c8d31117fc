import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import * as escape from '../../services/gomod/escape.ts';
import * as path from '../../services/gomod/path.ts';
import { matchPrefixPatterns } from '../../services/gomod/pattern.ts';
import { fromBase64, hasGo, type Oracle, startOracle } from '../oracle/oracle.ts';
import { agree, asIs } from './agree.ts';
import { escaped, filePath, hostileChar, importPath, modulePath, nearly, pathMajor, version } from './arbitraries.ts';

describe.skipIf(!hasGo)('paths are what Go says (needs go)', () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await startOracle();
  });
  afterAll(() => oracle.close());

  const checks = { checkModulePath: modulePath, checkImportPath: importPath, checkFilePath: filePath };
  for (const [name, inputs] of Object.entries(checks) as [keyof typeof checks, fc.Arbitrary<string>][]) {
    test(name, () => agree(oracle, { inputs, ours: path[name], question: text => ({ f: name, a: [text] }) }));
  }

  test('splitPathVersion', () =>
    agree(oracle, {
      inputs: modulePath,
      ours(text) {
        const split = path.splitPathVersion(text);
        if (split === undefined) throw new Fault('invalid', 'not ok');
        return [split.prefix.toWellFormed(), split.pathMajor];
      },
      question: text => ({ f: 'splitPathVersion', a: [text.toWellFormed()] }),
      theirs: value => (value as string[]).map(fromBase64),
    }));

  const versionAndMajor = fc.tuple(fc.oneof(version, fc.constantFrom('v0.0.0-', 'v1.0.0', 'v2.0.0', 'v3')), pathMajor);
  test('matchPathMajor', () =>
    agree(oracle, {
      inputs: versionAndMajor,
      ours: ([v, major]) => path.matchPathMajor(v, major),
      question: a => ({ f: 'matchPathMajor', a }),
      theirs: asIs,
    }));

  test('checkPathMajor', () =>
    agree(oracle, {
      inputs: versionAndMajor,
      ours: ([v, major]) => path.checkPathMajor(v, major),
      question: a => ({ f: 'checkPathMajor', a }),
    }));

  test('checkModuleVersion', () =>
    agree(oracle, {
      inputs: fc.tuple(modulePath, version),
      ours: ([text, v]) => path.checkModuleVersion(text, v),
      question: a => ({ f: 'checkModuleVersion', a }),
    }));

  const escapes = {
    escapePath: modulePath,
    escapeVersion: fc.oneof(version, filePath),
    unescapePath: escaped(modulePath),
    unescapeVersion: escaped(fc.oneof(version, filePath)),
  };
  for (const [name, inputs] of Object.entries(escapes) as [keyof typeof escapes, fc.Arbitrary<string>][]) {
    test(name, () => agree(oracle, { inputs, ours: escape[name], question: text => ({ f: name, a: [text] }) }));
  }

  // A target is made from the pieces of its patterns, so that many match. Lone surrogates are U+FFFD to both sides.
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'example.com', 'git', '/', '/', '.', '-', 'é', '\u{10000}') },
    {
      weight: 4,
      arbitrary: fc.constantFrom('*', '*', '?', '[a-z]', '[^a]', '[é-ü]', '[^é]', '[\ufffd]', '\\a', '\\*'),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(',', ',', '[', ']', '\\', '^', '[]a]', '[a', '[-a]', '[a-]', '[\\]', '[*]'),
    },
    { weight: 1, arbitrary: hostileChar },
  );
  const example: Record<string, string> = {
    ...{
      '*': 'ab',
      '?': 'é',
      '[a-z]': 'q',
      '[^a]': 'ü',
      '[é-ü]': 'ö',
      '[^é]': 'a',
      '\\a': 'a',
      '\\*': '*',
      '[*]': '*',
    },
  };
  const patternAndTarget = fc
    .array(piece, { minLength: 1, maxLength: 8 })
    .chain(pieces => {
      const target = pieces.map(part => example[part] ?? part).join('');
      const tail = fc.constantFrom('', '/c', '/c/d', 'x');
      return fc.tuple(nearly(fc.constant(pieces.join(''))), nearly(tail.map(end => target + end)));
    })
    .map(pair => pair.map(text => text.toWellFormed()) as [string, string]);
  test('matchPrefixPatterns', () =>
    agree(oracle, {
      inputs: patternAndTarget,
      ours: ([globs, target]) => matchPrefixPatterns(globs, target),
      question: a => ({ f: 'matchPrefixPatterns', a }),
      theirs: asIs,
    }));
});
