import { describe, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { hash1, hashGoMod } from '../../services/gomod/dirhash.ts';
import { escapePath, escapeVersion, unescapePath, unescapeVersion } from '../../services/gomod/escape.ts';
import {
  checkFilePath,
  checkImportPath,
  checkModulePath,
  checkModuleVersion,
  splitPathVersion,
} from '../../services/gomod/path.ts';
import { matchPrefixPatterns } from '../../services/gomod/pattern.ts';
import { foldCase } from '../../services/gomod/unicode.ts';

function accepts(check: (path: string) => void, path: string): boolean {
  try {
    check(path);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    expect((error as Fault).kind).toBe('invalid');
    return false;
  }
}

describe('paths', () => {
  // From module_test.go: what each is as a module path, import path and file path.
  const table: [kinds: string, ...paths: string[]][] = [
    ['module import file', 'x.y/z', 'x.y', 'x..y/z', 'x.y/z/v2', 'x.y-/z', 'x.y/z~', 'x.y/prn2', 'x.y/com', 'x.y/z09~'],
    [
      'import file',
      '.x/z',
      'x.y/z/v0',
      'x.y/z/v1',
      'x.y/z/v2.0',
      'X.y/z',
      '_x.y/z',
      'x.y/z++',
      '.gitignore',
      'nodot/z',
    ],
    ['file', '-x/z', '!x.y/z', 'x.y,/z', 'x.y/z~0', 'x.y/z~09', 'github.com/!123/logrus', 'a b', 'unicode/испытание'],
    ['', '', '/x.y/z', 'x./z', 'x.y/z/../../w', 'x.y//z', 'x.y/z/', 'x.y"/z', "x.y'/z", 'x.y*/z', 'x.y:/z', 'x.y\\/z'],
    [
      '',
      'x.y/aux.foo',
      'x.y/prn',
      'x.y/com1.txt',
      'x.y/NuL',
      '../x',
      './y',
      'x☺y',
      'x.y/\ud800',
      'x.y/\u{1c89}',
      'x\n',
    ],
  ];
  for (const [kinds, ...paths] of table) {
    test.for(paths)(`are ${kinds || 'nothing'}: %j`, path => {
      expect(accepts(checkModulePath, path)).toBe(kinds.includes('module'));
      expect(accepts(checkImportPath, path)).toBe(kinds.includes('import'));
      expect(accepts(checkFilePath, path)).toBe(kinds.includes('file'));
    });
  }

  test('split before the major version', () => {
    for (const [prefix, pathMajor] of [
      ['x.y/z', '/v2'],
      ['x.y/v', ''],
      ['gopkg.in/yaml', '.v0'],
      ['gopkg.in/yaml', '.v2-unstable'],
    ] as const) {
      expect(splitPathVersion(prefix + pathMajor)).toEqual({ prefix, pathMajor });
    }
    for (const path of ['x.y/v1', 'x.y/v0', 'x.y/v2.0', 'x.y/v02', 'gopkg.in/yaml', 'gopkg.in/yaml.v01']) {
      expect(splitPathVersion(path), path).toBeUndefined();
    }
  });

  test('go with versions of their major', () => {
    const pairs: [path: string, right: string[], wrong: string[]][] = [
      ['rsc.io/quote', ['v0.1.0', 'v1', 'v17.0.0+incompatible'], ['0.1.0', 'v17.0.0', 'v2.0.0+meta', '']],
      ['a.b/yaml/v2', ['v2.0.0', 'v2.1.5-pre'], ['v1.0.0', 'v3.0.0', 'v3.0.0+incompatible']],
      ['gopkg.in/yaml.v0', ['v0.8.0'], ['v1.0.0', 'v2.0.0']],
      ['gopkg.in/check.v1', ['v1.0.0', 'v0.0.0-20160102150405-abcdef123456'], ['v0.0.0', 'v0.8.0']],
      ['gopkg.in/yaml.v2-unstable', ['v2.0.0'], ['v1.0.0']],
    ];
    for (const [path, right, wrong] of pairs) {
      for (const v of right) expect(() => checkModuleVersion(path, v), `${path} ${v}`).not.toThrow();
      for (const v of wrong) expect(() => checkModuleVersion(path, v), `${path} ${v}`).toThrow(Fault);
    }
  });
});

describe('escaping', () => {
  test('writes upper case as ! and lower case, and back', () => {
    const path = 'github.com/GoogleCloudPlatform/omega';
    expect(escapePath(path)).toBe('github.com/!google!cloud!platform/omega');
    expect(unescapePath(escapePath(path))).toBe(path);
    expect(escapeVersion('v1.0.0-RC1')).toBe('v1.0.0-!r!c1');
    expect(unescapeVersion('v1.0.0-!r!c1')).toBe('v1.0.0-RC1');
  });

  test('refuses what is no escape, and what must not be escaped', () => {
    const bad = ['A', '!a!', '!0a', '!_a', '!!a', '!A', 'é', ''].map(end => `github.com/${end}`);
    for (const path of bad) expect(() => unescapePath(path), path).toThrow(Fault);
    for (const v of ['a/b', 'v1!', 'é', '..', '', 'nul', '\ud800']) expect(() => escapeVersion(v), v).toThrow(Fault);
    for (const v of ['a/b', 'V1', '!', '..', '', 'nul']) expect(() => unescapeVersion(v), v).toThrow(Fault);
  });
});

describe('patterns', () => {
  test('match leading elements of a path, as GOPRIVATE does', () => {
    const matches: [globs: string, target: string][] = [
      ['*.corp.example', 'git.corp.example/team/project'],
      ['rsc.io/private', 'rsc.io/private/quux'],
      [',,[,rsc.io/', 'rsc.io'],
      ['a.b/[a-c]?\\*', 'a.b/bé*/x'],
      ['*/*', 'a.b/c'],
    ];
    for (const [globs, target] of matches) expect(matchPrefixPatterns(globs, target), globs).toBe(true);
    const misses: [globs: string, target: string][] = [
      ['*.corp.example', 'corp.example'],
      ['rsc.io/private', 'rsc.io/private2'],
      ['rsc.io/private', 'rsc.io'],
      ['', 'a.b'],
      ['a.b[', 'a.b'],
    ];
    for (const [globs, target] of misses) expect(matchPrefixPatterns(globs, target), globs).toBe(false);
  });

  test('take time in proportion to pattern and path, however many stars', () => {
    const begin = process.cpuUsage();
    expect(matchPrefixPatterns(`${'*a'.repeat(2000)}b`, 'a'.repeat(4000))).toBe(false);
    expect(process.cpuUsage(begin).user).toBeLessThan(5_000_000);
  });
});

test('names are equal under simple case folding, never under what only looks like it', () => {
  const groups = ['kKK', 'sSſ', 'ßẞ', 'ςσΣ', 'iI', 'ı', 'İ', 'µμΜ', 'ﬀ', 'ǆǅǄ', 'ꭰᎠ', 'ƛ', 'á'].map(group =>
    Array.from(group),
  );
  for (const group of groups) {
    expect(new Set(group.map(foldCase)).size, group.join()).toBe(1);
    for (const other of groups) {
      if (other !== group) expect(foldCase(group[0] ?? ''), group.join()).not.toBe(foldCase(other[0] ?? ''));
    }
  }
});

describe('hashes', () => {
  const file = (name: string) => ({ name, sha256: Buffer.alloc(32, name) });

  test('are those of Go', () => {
    expect(hashGoMod(Buffer.from('module example.com/m\n'))).toBe('h1:flS2VctbRrTv+sBE+VKgxx6hlkMGPVz9MGOmzMYFg3k=');
    expect(hash1([])).toBe('h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  });

  test('sort names by their bytes, not as UTF-16', () => {
    const [first, second] = [file('\u{ffff}'), file('\u{10000}')];
    expect(hash1([second, first])).toBe(hash1([first, second]));
    // Content a and b under these names, by dirhash.Hash1
    const sha256 = (hex: string) => Buffer.from(hex, 'hex');
    const a = sha256('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb');
    const b = sha256('3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d');
    const hash = hash1([
      { name: '\u{10000}', sha256: b },
      { name: '\u{ffff}', sha256: a },
    ]);
    expect(hash).toBe('h1:mezSmFSImSUEsY6KcJRbS5pMOSoaEb/Zqynxn0pY6Ig=');
  });

  test('are refused for names with line breaks', () => {
    expect(() => hash1([file('a\nb')])).toThrow(Fault);
  });
});
