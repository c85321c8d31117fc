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
    ['func F(a, b int) {}', 'func F(a, b int)'],
    [
      'func F(\n\ta int, // first\n\tb ...string,\n) (n int, err error) {\n}',
      'func F(a int, b ...string) (n int, err error)',
    ],
    ['func (r *T[K]) M() struct{ A int } { return x }', 'func (r *T[K]) M() struct{ A int }'],
    ['func F()\nfunc g() {}', 'func F()'],
    ['func F[T interface{ ~int }](x T) interface{} { return x }', 'func F[T interface{ ~int }](x T) interface{}'],
    [
      'type T struct {\n\tA  int `json:"a"`\n\tb  int\n\t*pkg.E // embedded\n}',
      'type T struct { A int `json:"a"`; *pkg.E }',
    ],
    ['type (\n\tI interface {\n\t\tM(a int)\n\t\tm()\n\t}\n\tj int\n)', 'type I interface { M(a int); m() }'],
    ['type F func(int) error', 'type F func(int) error'],
    ['type E struct{}', 'type E struct {}'],
    ['type A = map[string]struct{}; var x int', 'type A = map[string]struct {}'],
    ['var E, f error = nil, nil', 'var E error'],
    ['const C = 1', 'const C'],
    ['const (\n\tK Kind = iota\n\tl\n)', 'const K Kind'],
  ])('declaration in %j', (text, declared) => {
    expect(readGoFile(`package p\n${text}`)?.declared).toEqual([declared]);
  });

  test('imports under the names that it gives them', () => {
    const text = 'import "a"\nimport (\n\tb `x/b`\n\t_ "c"\n)\nfunc F() {}';
    expect(readGoFile(`package p\n${text}`)).toMatchObject({
      imports: [
        { name: undefined, path: 'a' },
        { name: 'b', path: 'x/b' },
        { name: '_', path: 'c' },
      ],
      exported: ['func F'],
    });
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
    ["``quoted'' and ```code``` text", '“quoted” and ```code``` text'],
    ['- one of these', '- one of these'],
    ['1. first of these', '1.'],
    ['# Heading\ntext', '# Heading text'],
    ['# Heading\n\nText.', ''],
    ['\tcode', ''],
  ])('of %j', (doc, wanted) => {
    expect(synopsis(doc)).toBe(wanted);
  });

  // What doc.Package.Synopsis of Go 1.26 makes of them.
  test.each([
    [
      'Package convert turns a map[string]interface{} into a []byte of [Reader].',
      'Package convert turns a map[string]interface{} into a []byte of Reader.',
    ],
    ['[Reader.Read] and [*Reader] and [Unknown] and [reader].', 'Reader.Read and *Reader and [Unknown] and [reader].'],
    [
      '[bytes.Buffer], [j.Decoder], [json.Decoder], [xml.Encoder], [yaml.Node] [yaml], [strings], [nowhere.X], [math.Pi].',
      'bytes.Buffer, j.Decoder, [json.Decoder], xml.Encoder, yaml.Node yaml, strings, [nowhere.X], math.Pi.',
    ],
    [
      '[encoding/json] and [encoding/json.Decoder] and [a/b.c/D.E].',
      'encoding/json and encoding/json.Decoder and a/b.c/D.E.',
    ],
    [
      'x[Reader] [Reader]y ([Reader]) [Reader]s [convert.Reader.Read] [x y] [1] [].',
      'x[Reader] [Reader]y (Reader) [Reader]s convert.Reader.Read [x y] [1] [].',
    ],
    ['[os/exec]: x', 'os/exec: x'],
  ])('leaves out the brackets of links only: %j', (doc, wanted) => {
    const file = readGoFile(`package convert
import (
	"bytes"
	j "encoding/json"
	"example.com/go-yaml/v3"
	"encoding/xml"
)
type Reader struct{}
func (Reader) Read() {}`);
    expect(synopsis(doc, file && [file])).toBe(wanted);
  });
});
