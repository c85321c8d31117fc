import { describe, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { modulePath, parseModFile } from '../../services/gomod/modfile.ts';

const strict = (text: string) => parseModFile('go.mod', Buffer.from(text));
const lax = (text: string) => parseModFile('go.mod', Buffer.from(text), { lax: true });

const whole = `
// Package comment, not of the module line.

// Deprecated: use example.com/m/v2,
// it is better.
//
// Another paragraph.
module "example.com/m" // trailing

go 1.24.0

toolchain go1.26.1
godebug default=go1.21
godebug (
	panicnil=1
	a=b=c
)

require a.b/one v1.2
require (
	a.b/two v0.0.0-20200101000000-abcdefabcdef // indirect
	"a.b/\\x74hree/v3" v3.0.0 // indirect; for four

	// a comment before
	"a.b/\\146our" v4.0.0+incompatible //indirectly
)

exclude a.b/one v1.1.0
replace a.b/one => ../one
replace (
	a.b/two v0.1.0 => c.d/two v0.1.1
	a.b/three/v3 => "./with space"
)

// Both were broken.
retract (
	v1.0.0 // published by accident
	[v1.1.0, v1.1.9]

	v9.9.9
)
retract latest
tool a.b/one/cmd
tool "\\303\\xa9\\u00e9\\U0001F600\\\\\\t"
ignore (
	./node_modules
	static
)
`;

describe('a go.mod file', () => {
  const file = strict(whole);

  test('is read with all its directives', () => {
    expect(file).toEqual({
      module: { path: 'example.com/m', deprecated: 'use example.com/m/v2,\nit is better.' },
      go: '1.24.0',
      toolchain: 'go1.26.1',
      godebug: [
        { key: 'default', value: 'go1.21' },
        { key: 'panicnil', value: '1' },
        { key: 'a', value: 'b=c' },
      ],
      require: [
        { path: 'a.b/one', version: 'v1.2.0', indirect: false },
        { path: 'a.b/two', version: 'v0.0.0-20200101000000-abcdefabcdef', indirect: true },
        { path: 'a.b/three/v3', version: 'v3.0.0', indirect: true },
        { path: 'a.b/four', version: 'v4.0.0+incompatible', indirect: false },
      ],
      exclude: [{ path: 'a.b/one', version: 'v1.1.0' }],
      replace: [
        { old: { path: 'a.b/one', version: '' }, new: { path: '../one', version: '' } },
        { old: { path: 'a.b/two', version: 'v0.1.0' }, new: { path: 'c.d/two', version: 'v0.1.1' } },
        { old: { path: 'a.b/three/v3', version: '' }, new: { path: './with space', version: '' } },
      ],
      retract: [
        { low: 'v1.0.0', high: 'v1.0.0', rationale: 'published by accident' },
        { low: 'v1.1.0', high: 'v1.1.9', rationale: 'Both were broken.' },
        { low: 'v9.9.9', high: 'v9.9.9', rationale: '' }, // the blank line parts it from the block's comment
        { low: 'latest', high: 'latest', rationale: '' },
      ],
      tool: ['a.b/one/cmd', 'éé😀\\\t'],
      ignore: ['./node_modules', 'static'],
    });
  });

  test('is read with line ends of Windows', () => {
    expect(strict(whole.replaceAll('\n', '\r\n'))).toEqual(file);
  });

  test('keeps only what matters of a requirement in lax mode', () => {
    const { toolchain, godebug, exclude, replace, tool, ...kept } = lax(whole);
    expect({ toolchain, godebug, exclude, replace, tool }).toEqual({
      ...{ toolchain: undefined, godebug: [], exclude: [], replace: [], tool: [] },
    });
    expect({ ...file, ...kept }).toEqual(file);
  });

  test.for([
    ['an unknown directive', 'frobnicate x'],
    ['an unknown block', 'frobnicate (\n\tx\n)'],
    ['a block of two words', 'require x (\n)'],
    ['a go version of the future', 'go 1.99.x'],
    ['an odd replacement', 'replace a.b => c.d'],
    ['an odd toolchain', 'toolchain gccgo'],
    ['a second toolchain', 'toolchain go1\ntoolchain go1'],
    ['half an interval', 'retract [v1.0.0, ]'],
    ['more after an interval', 'retract [v1.0.0, v1.1.0] x'],
  ] as const)('with %s is refused, except in lax mode', ([, line]) => {
    const text = `module example.com/m\n${line}\n`;
    expect(() => strict(text)).toThrow(/^go\.mod:2: |^go\.mod:3: /);
    expect(lax(text).module?.path).toBe('example.com/m');
  });

  test.for([
    ['two modules', 'module a.b\nmodule a.b'],
    ['two go versions', 'go 1.21\ngo 1.21'],
    ['a bad go version', 'go 01.2'],
    ['a require without version', 'require a.b'],
    ['a version that is none', 'require a.b latest'],
    ['a version of another major', 'require a.b v2.0.0'],
    ['a path that is none', 'require a.b/v1 v1.0.0'],
    ['a raw string', 'require `a.b` v1.0.0'],
    ['a quote within a word', 'require a"b v1.0.0'],
    ['a bad escape', 'require "a\\q" v1.0.0'],
    ['a surrogate escape', 'require "a\\ud800" v1.0.0'],
    ['an unclosed string', 'require "a.b v1.0.0'],
    ['a string at the end', 'require "a.b'],
    ['an unclosed block', 'require (\n\ta.b v1.0.0\n'],
    ['something after a block', 'require (\n) x'],
    ['a C comment', 'module a.b /* x */'],
    ['a C comment in a word', 'module a/*x*/b'],
    ['a byte order mark', '\ufeffmodule a.b'],
    ['a control character', 'module a.b\0'],
    ['a hard space', 'module\u00a0a.b'],
    ['a letter newer than Go knows', 'tool \u{1c89}'],
  ] as const)('with %s is refused in both modes', ([, text]) => {
    expect(() => strict(text)).toThrow(Fault);
    expect(() => lax(text)).toThrow(/^go\.mod:\d+: /);
  });

  test('gives a comment after a word over two lines to the line before, as Go does', () => {
    const text = 'require a.b v1.0.0\nunknown "\\\n" // indirect\n';
    expect(lax(text).require).toEqual([{ path: 'a.b', version: 'v1.0.0', indirect: true }]);
  });

  test('has at most 250,000 words, comments and line breaks', () => {
    const lines = 249_998 / 2; // with `module m` and the end
    expect(() => lax(`module m\n${'x\n'.repeat(lines - 1)}`)).not.toThrow();
    expect(() => lax(`module m\n${'x\n'.repeat(lines)}`)).toThrow('more than 250000 words');
  });

  // Hostile files, a quarter of the size that a go.mod may have. Without limits and care some took 10 s and 500 MB.
  test.for(['a\n', '"" ', '// x\n', '𝒳', '\\x41', 'a.', 'module\n'])(
    'of 4 MiB of %j is read or refused soon, with nothing thrown but faults',
    piece => {
      const text = piece.repeat((4 << 20) / piece.length);
      const begin = process.cpuUsage();
      for (const file of [
        `require a ${text}`,
        `require a v1.0.0-${text}`,
        `tool "${text}"`,
        `// Deprecated: ${text}`,
      ]) {
        try {
          expect(modulePath(Buffer.from(file)).length).toBeLessThan(2);
          lax(file);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }
      expect(process.cpuUsage(begin).user).toBeLessThan(5_000_000);
    },
  );
});

test('the module path is found whatever else is wrong', () => {
  for (const [text, path] of [
    ['module a.b\n', 'a.b'],
    ['// x\n\n  module\ta.b // c\n}{', 'a.b'],
    ['modulea.b\nmodule "a.\\x62"', 'a.b'],
    ['module `a.b`', 'a.b'],
    ['module "a', ''],
    ['module', ''],
    ['require a.b v1', ''],
    ['module a b', 'a b'],
    ['\u3000module\u00a0a.b\u2003\r\n', 'a.b'],
    ['\u{feff}module a.b', ''],
  ] as const) {
    expect(modulePath(Buffer.from(text)), text).toBe(path);
  }
});
