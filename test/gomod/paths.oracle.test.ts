import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { escapePath, escapeVersion, unescapePath, unescapeVersion } from '../../services/gomod/escape.ts';
import {
  checkFilePath,
  checkImportPath,
  checkModulePath,
  checkModuleVersion,
  checkPathMajor,
  matchPathMajor,
  splitPathVersion,
} from '../../services/gomod/path.ts';
import { matchPrefixPatterns } from '../../services/gomod/pattern.ts';
import { fromBase64, hasGo, type Oracle, startOracle } from '../oracle/oracle.ts';
import { agree, asIs } from './agree.ts';
import { escaped, filePath, hostileChar, importPath, modulePath, nearly, pathMajor, version } from './arbitraries.ts';

describe.skipIf(!hasGo())('paths are what Go says (needs go)', () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await startOracle();
  });
  afterAll(() => oracle.close());

  const checks = [
    { check: checkModulePath, inputs: modulePath },
    { check: checkImportPath, inputs: importPath },
    { check: checkFilePath, inputs: filePath },
  ];
  for (const { check, inputs } of checks) {
    test(check.name, () => agree(oracle, { inputs, ours: check, question: text => ({ f: check.name, a: [text] }) }));
  }

  test('splitPathVersion', () =>
    agree(oracle, {
      inputs: modulePath,
      ours(text) {
        const split = splitPathVersion(text);
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
      ours: ([v, major]) => matchPathMajor(v, major),
      question: a => ({ f: 'matchPathMajor', a }),
      theirs: asIs,
    }));

  test('checkPathMajor', () =>
    agree(oracle, {
      inputs: versionAndMajor,
      ours: ([v, major]) => checkPathMajor(v, major),
      question: a => ({ f: 'checkPathMajor', a }),
    }));

  test('checkModuleVersion', () =>
    agree(oracle, {
      inputs: fc.oneof(
        fc.tuple(modulePath, version),
        fc.tuple(fc.constantFrom('a.b', 'a.b/c/v2', 'gopkg.in/a.v1', 'gopkg.in/a.v0', 'a.b/v1'), version),
      ),
      ours: ([text, v]) => checkModuleVersion(text, v),
      question: a => ({ f: 'checkModuleVersion', a }),
    }));

  const escapes = [
    { change: escapePath, inputs: modulePath },
    { change: escapeVersion, inputs: fc.oneof(version, filePath) },
    { change: unescapePath, inputs: escaped(modulePath) },
    { change: unescapeVersion, inputs: escaped(fc.oneof(version, filePath)) },
  ];
  for (const { change, inputs } of escapes) {
    test(change.name, () => agree(oracle, { inputs, ours: change, question: text => ({ f: change.name, a: [text] }) }));
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
