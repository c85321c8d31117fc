import { describe, expect, test } from 'vitest';
import {
  isPseudoVersion,
  pseudoVersion,
  pseudoVersionBase,
  pseudoVersionRev,
  pseudoVersionTime,
} from '../../services/gomod/pseudo.ts';
import { build, canonical, compare, isValid, major, majorMinor, prerelease } from '../../services/gomod/semver.ts';
import { canonicalVersion, compareVersions } from '../../services/gomod/version.ts';

describe('semver', () => {
  // Ascending, from the tables of golang.org/x/mod/semver; equal versions share a line.
  const ascending = [
    ['bad', '', '1.0.0', 'v1-pre', 'v1+meta', 'v1.2-pre', 'v01.0.0', 'v1.0.0-01', 'v1.0.0-', 'v1.0.0+', 'v1.0.0-a..b'],
    ['v1.0.0-1'],
    ['v1.0.0-alpha'],
    ['v1.0.0-alpha.1'],
    ['v1.0.0-alpha.beta'],
    ['v1.0.0-beta'],
    ['v1.0.0-beta.2'],
    ['v1.0.0-beta.11'],
    ['v1.0.0-rc.1'],
    ['v1.0.0', 'v1', 'v1.0', 'v1.0.0+meta'],
    ['v1.2.3-456'],
    ['v1.2.3-456.789'],
    ['v1.2.3-456-789'],
    ['v1.2.3-456a'],
    ['v1.2.3-pre', 'v1.2.3-pre+meta'],
    ['v1.2.3', 'v1.2.3+meta-pre.sha.256a'],
    ['v1.10.0', 'v1.10'],
    ['v18446744073709551616.0.0'],
  ];

  test('orders by precedence, numbers of any length as numbers, invalid versions first', () => {
    for (const [i, left] of ascending.entries()) {
      for (const [j, right] of ascending.entries()) {
        for (const a of left) for (const b of right) expect([a, b, compare(a, b)]).toEqual([a, b, Math.sign(i - j)]);
      }
    }
  });

  test('takes versions apart', () => {
    const parts = (v: string) => [canonical(v), major(v), majorMinor(v), prerelease(v), build(v)];
    expect(parts('v2.1.0-pre+meta')).toEqual(['v2.1.0-pre', 'v2', 'v2.1', '-pre', '+meta']);
    expect(parts('v1')).toEqual(['v1.0.0', 'v1', 'v1.0', '', '']);
    expect(parts('v1.2')).toEqual(['v1.2.0', 'v1', 'v1.2', '', '']);
    expect(parts('v1.2.3\n')).toEqual(['', '', '', '', '']);
    expect(ascending.flat().filter(isValid)).toEqual(ascending.slice(1).flat());
  });
});

describe('versions of a module', () => {
  test('keep +incompatible and no other build metadata', () => {
    expect(canonicalVersion('v2.0.0+incompatible')).toBe('v2.0.0+incompatible');
    expect(canonicalVersion('v2.0.0+meta')).toBe('v2.0.0');
    expect(canonicalVersion('v2.0.0+incompatible.1')).toBe('v2.0.0');
    expect(canonicalVersion('bad')).toBe('');
  });

  test('sort by version, then by file in the order of bytes', () => {
    const sorted = ['v1.0.0', 'v1.0.0/go.mod', 'v1.0.0/\u{ffff}', 'v1.0.0/\u{10000}', 'v1.1.0', 'v1.10.0/go.mod'];
    expect(sorted.toReversed().sort(compareVersions)).toEqual(sorted);
    expect(compareVersions('v2.0.0', 'v2.0.0+incompatible')).toBe(0);
  });
});

describe('pseudo-versions', () => {
  const time = new Date('2006-01-02T15:04:05Z');
  // From pseudo_test.go
  const table: [major: string, older: string, v: string][] = [
    ['', '', 'v0.0.0-20060102150405-hash'],
    ['v0', '', 'v0.0.0-20060102150405-hash'],
    ['v2', '', 'v2.0.0-20060102150405-hash'],
    ['unused', 'v0.0.0', 'v0.0.1-0.20060102150405-hash'],
    ['unused', 'v1.2.3', 'v1.2.4-0.20060102150405-hash'],
    ['unused', 'v1.2.99999999999999999', 'v1.2.100000000000000000-0.20060102150405-hash'],
    ['unused', 'v1.2.3-pre', 'v1.2.3-pre.0.20060102150405-hash'],
    ['unused', 'v0.0.0--', 'v0.0.0--.0.20060102150405-hash'],
    ['unused', 'v1.0.0+metadata', 'v1.0.1-0.20060102150405-hash+metadata'],
    ['unused', 'v2.3.0-pre+incompatible', 'v2.3.0-pre.0.20060102150405-hash+incompatible'],
  ];

  test.for(table)('after %s %s comes %s, and back', ([prefix, older, v]) => {
    expect(pseudoVersion(prefix, older, time, 'hash')).toBe(v);
    expect(isPseudoVersion(v)).toBe(true);
    expect(isPseudoVersion(older)).toBe(false);
    expect(pseudoVersionTime(v)).toEqual(time);
    expect(pseudoVersionRev(v)).toBe('hash');
    expect(pseudoVersionBase(v)).toBe(older);
  });

  test('have no version before them that could not be', () => {
    const wrong = ['v0.0.0-0.20060102150405-hash', 'v1.0.0-0.20060102150405-hash', 'v0.0.0-20060102150405-hash+meta'];
    for (const v of [...wrong, 'v0.0.0', '']) expect(() => pseudoVersionBase(v), v).toThrow('invalid');
  });

  test('have a time that was', () => {
    for (const stamp of ['20230230000000', '20231301000000', '20230101240000', '20230101006000']) {
      expect(() => pseudoVersionTime(`v0.0.0-${stamp}-hash`), stamp).toThrow('malformed time');
    }
    expect(pseudoVersionTime('v0.0.0-00010101000000-hash').toISOString()).toBe('0001-01-01T00:00:00.000Z');
    expect(() => pseudoVersion('v0', '', new Date(Number.NaN), 'hash')).toThrow('valid time');
  });
});
