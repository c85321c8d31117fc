import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import {
  isPseudoVersion,
  pseudoVersion,
  pseudoVersionBase,
  pseudoVersionRev,
  pseudoVersionTime,
} from '../../services/gomod/pseudo.ts';
import { build, canonical, compare, isValid, major, majorMinor, prerelease } from '../../services/gomod/semver.ts';
import { canonicalVersion, compareVersions } from '../../services/gomod/version.ts';
import { hasGo, type Oracle, startOracle } from '../oracle/oracle.ts';
import { agree, asIs } from './agree.ts';
import { pseudo, version } from './arbitraries.ts';

describe.skipIf(!hasGo())('versions are what Go says (needs go)', () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await startOracle();
  });
  afterAll(() => oracle.close());

  for (const part of [canonical, major, majorMinor, prerelease, build]) {
    const f = `semver.${part.name}`;
    test(f, () => agree(oracle, { inputs: version, ours: part, question: v => ({ f, a: [v] }) }));
  }

  test('semver.isValid', () =>
    agree(oracle, {
      inputs: version,
      ours: isValid,
      question: v => ({ f: 'semver.isValid', a: [v] }),
      theirs: asIs,
    }));

  // Half of the pairs are near each other, where the order is decided late.
  const pair = fc.oneof(
    fc.tuple(version, version),
    fc.tuple(version, fc.constantFrom('', '.1', '-a', '0', '+m')).map(([v, end]): [string, string] => [v, v + end]),
  );

  test('semver.compare', () =>
    agree(oracle, {
      inputs: pair,
      ours: ([a, b]) => compare(a, b),
      question: ([a, b]) => ({ f: 'semver.compare', a: [a, b] }),
      theirs: asIs,
    }));

  test('canonicalVersion', () =>
    agree(oracle, { inputs: version, ours: canonicalVersion, question: v => ({ f: 'canonicalVersion', a: [v] }) }));

  // No lone surrogates: the order of what follows a slash is that of bytes, and they have none.
  const file = fc.constantFrom('', '/go.mod', '/', '/\u{ffff}', '/\u{10000}', '/é').map(name => name.toWellFormed());
  const goSumVersion = fc.tuple(version, file).map(([v, name]) => (v + name).toWellFormed());
  test('compareVersions', () =>
    agree(oracle, {
      inputs: fc.oneof(
        fc.tuple(goSumVersion, goSumVersion),
        fc.tuple(version, file, file).map(([v, a, b]) => [(v + a).toWellFormed(), (v + b).toWellFormed()] as const),
      ),
      ours: ([a, b]) => compareVersions(a, b),
      question: ([a, b]) => ({ f: 'compareVersions', a: [a, b] }),
      theirs: asIs,
    }));

  test('isPseudoVersion', () =>
    agree(oracle, {
      inputs: fc.oneof(pseudo, version),
      ours: isPseudoVersion,
      question: v => ({ f: 'isPseudoVersion', a: [v] }),
      theirs: asIs,
    }));

  test('pseudoVersion', () =>
    agree(oracle, {
      inputs: fc.tuple(
        fc.constantFrom('', 'v0', 'v1', 'v2', 'v10'),
        version,
        fc.date({ noInvalidDate: true }),
        version,
      ),
      ours: ([prefix, older, time, rev]) => pseudoVersion(prefix, older, time, rev.toWellFormed()),
      question: ([prefix, older, time, rev]) => ({
        f: 'pseudoVersion',
        a: [prefix, older, String(time.getTime()), rev.toWellFormed()],
      }),
      uniform: true,
    }));

  test('pseudoVersionTime', () =>
    agree(oracle, {
      inputs: pseudo,
      ours: v => pseudoVersionTime(v).getTime(),
      question: v => ({ f: 'pseudoVersionTime', a: [v] }),
      theirs: asIs,
    }));

  for (const part of [pseudoVersionRev, pseudoVersionBase]) {
    test(part.name, () => agree(oracle, { inputs: pseudo, ours: part, question: v => ({ f: part.name, a: [v] }) }));
  }
});
