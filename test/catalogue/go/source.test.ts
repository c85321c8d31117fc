import { describe, expect, test } from 'vitest';
import { readGoFile } from '../../../services/catalogue/go/source.ts';
import { synopsis } from '../../../services/catalogue/go/synopsis.ts';

const exported = (text: string) => readGoFile(`package p\n${text}`)?.exported;

describe('a Go source file', () => {
  test.each([
    ['func F() {}\nfunc g() {}', ['func F']],
    ['func G[T any](x T) T { return x }', ['func G']],
    [
      'func (r *T) M() {}\nfunc (T) N() {}\nfunc (r t) O() {}\nfunc (t T[K, V]) P() {}',
      ['method T.M', 'method T.N', 'method T.P'],
    ],
    [
      'type (\n\tA struct { B int }\n\tc int\n\tD[T any] interface { E() }\n)\ntype F = A',
      ['type A', 'type D', 'type F'],
    ],
    ['const A, b, C = 1, 2, 3\nvar D int', ['const A', 'const C', 'var D']],
    ['const (\n\tX = iota\n\tY\n\tz\n\tW = X +\n\t\tV\n)', ['const X', 'const Y', 'const W']],
    [
      'var (\n\tErr = errors.New(`\nfunc Not() {}\n`)\n\tOther = func() { type In struct{} }\n)',
      ['var Err', 'var Other'],
    ],
    ['/* func A() {} */ // type B int\nvar s = "func C() {\\"}" ; func D() {}', ['func D']],
    ["const R = '{'; const S = '\\''\nfunc T() { if x { } }\nfunc U()", ['const R', 'const S', 'func T', 'func U']],
    ['func F(\n\tA int,\n\tB struct{ C int },\n) (D error) {\n\tvar G int\n}\ntype H int', ['func F', 'type H']],
    ['type Größe int\nfunc Ünïcode() {}\nfunc é() {}', ['type Größe', 'func Ünïcode']],
    ['func Broken() { {{{ "', ['func Broken']],
    ['type', []],
  ])('exports of %j', (text, names) => {
    expect(exported(text)).toEqual(names);
  });

  test.each([
    ['// Package p is.\npackage p', 'Package p is.'],
    ['// Copyright X\n\n// Package p is.\n// More.\npackage p', 'Package p is.\nMore.'],
    ['/*\nPackage p is.\n*/\npackage p', 'Package p is.'],
    ['// Package p is.\n\npackage p', ''],
    ['// Package p is.\n//\n//go:debug x=1\npackage p // after', 'Package p is.'],
    ['//go:build linux\n\n/* a */ /* b */ package p', 'a\n b'],
  ])('doc of %j', (text, doc) => {
    expect(readGoFile(text)?.doc).toBe(doc);
  });

  test('is none without a package clause, or when it is kept from every build', () => {
    expect(readGoFile('')).toBeUndefined();
    expect(readGoFile('// package p')).toBeUndefined();
    expect(readGoFile('//go:build ignore\n\npackage main')).toBeUndefined();
    expect(readGoFile('\ufeffpackage p')?.name).toBe('p');
  });

  test.each(['/*'.repeat(200_000), '"\\'.repeat(200_000), '('.repeat(500_000), '`', 'var (\n'.repeat(100_000)])(
    'of half a megabyte that is made to be slow is read at once',
    text => {
      readGoFile(`package p\n${text}`);
    },
    5000,
  );
});

describe('a synopsis', () => {
  // From the tests of go/doc.
  test.each([
    ['', ''],
    ['foo', 'foo'],
    ['foo.', 'foo.'],
    ['foo.bar', 'foo.bar'],
    ['  foo.  ', ''],
    ['foo. bar', 'foo.'],
    ['foo\nbar', 'foo bar'],
    ['Package poems\n\nholds poems.', 'Package poems'],
    ['All Rights reserved. Package foo does bar.', ''],
    ['Copyright 2012 Google, Inc. Package foo does bar.', ''],
    ['Authors: foo@bar.com. Package foo does bar.', ''],
    ['author: foo@bar.com. Package foo does bar.', ''],
    ['Package p by J. R. Hacker. It works.', 'Package p by J. R. Hacker.'],
    ['Uses the API of the U.S. Government. It works.', 'Uses the API of the U.S. Government.'],
    ['It is about GOST. And more.', 'It is about GOST.'],
    ['パッケージ。次の文。', 'パッケージ。'],
    ['Package foo uses [Reader] and [bytes.Buffer]. More.', 'Package foo uses Reader and bytes.Buffer.'],
    ['# Heading\n\nText.', ''],
    ['\tcode', ''],
  ])('of %j', (doc, wanted) => {
    expect(synopsis(doc)).toBe(wanted);
  });
});
