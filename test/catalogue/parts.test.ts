import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { fixFor, isAffected } from '../../services/catalogue/affects.ts';
import { isLicenceFile, licencesIn } from '../../services/catalogue/licences.ts';
import { distance, nearest, trigrams } from '../../services/catalogue/nearest.ts';
import { highest, newest, retraction } from '../../services/catalogue/newest.ts';
import { readmeSynopsis } from '../../services/catalogue/readme-synopsis.ts';
import { kindsOf, licencesOf, synopsisOf } from '../../services/catalogue/summarize.ts';
import { pathWords, terms, words } from '../../services/catalogue/words.ts';

describe('words', () => {
  test.each([
    ['Hello, World!', ['hello', 'world']],
    ['Größe café Ünï', ['große', 'cafe', 'uni']],
    ['ﬁle ①', ['file', '1']],
    ['日本語 text', ['日本語', 'text']],
    ['a"b*c:(d)', ['a', 'b', 'c', 'd']],
    ['x'.repeat(100), ['x'.repeat(40)]],
    ['', []],
  ])('of %j', (text, wanted) => {
    expect(words(text)).toEqual(wanted);
  });

  test('of a path tell its name from its folders, host and major version', () => {
    expect(pathWords('github.com/some-one/go-yaml/v3')).toEqual({
      ...{ name: ['go', 'yaml'], joined: 'goyaml', folders: ['some', 'one'], host: ['github', 'com'] },
    });
    expect(pathWords('gopkg.in/yaml.v3')).toMatchObject({ name: ['yaml'], folders: [] });
    expect(pathWords('example.com/CamelCase').name).toEqual(['camel', 'case']);
  });

  test('asked for leave out what says nothing, unless nothing else is asked', () => {
    expect(terms('a yaml parser for Go')).toEqual(['yaml', 'parser']);
    expect(terms('go')).toEqual(['go']);
    expect(terms('yaml YAML yaml')).toEqual(['yaml']);
    expect(terms(Array.from({ length: 50 }, (_, i) => `w${i}`).join(' '))).toHaveLength(8);
  });
});

describe('the nearest word', () => {
  test.each([
    ['kitten', 'kitten', 0],
    ['kitten', 'kiten', 1],
    ['kitten', 'kittne', 1],
    ['kitten', 'sitten', 1],
    ['kitten', 'sitting', 3],
    ['abc', 'xyz', 3],
    ['a', 'abcdef', 3],
  ])('%s and %s are %i mistakes apart, or more than two', (a, b, wanted) => {
    expect(distance(a, b, 2)).toBe(wanted);
    expect(distance(b, a, 2)).toBe(wanted);
  });

  test('is the one with the fewest mistakes, then the most used, then the first', () => {
    const known = [
      { word: 'yamls', modules: 9 },
      { word: 'yaml', modules: 2 },
      { word: 'yame', modules: 1 },
    ];
    expect(nearest('yamk', known)).toBe('yaml');
    expect(nearest('yam', known)).toBeUndefined();
    expect(trigrams('yaml')).toEqual(['^ya', 'yam', 'aml', 'ml$']);
  });
});

describe('the newest version', () => {
  const none: never[] = [];
  test.each([
    [['v1.0.0', 'v1.10.0', 'v1.9.0'], 'v1.10.0'],
    [['v1.0.0', 'v1.1.0-rc.1'], 'v1.0.0'],
    [['v0.1.0-beta.2', 'v0.1.0-beta.10'], 'v0.1.0-beta.10'],
    [
      ['v0.0.0-20240101000000-aaaaaaaaaaaa', 'v0.0.0-20250101000000-bbbbbbbbbbbb'],
      'v0.0.0-20250101000000-bbbbbbbbbbbb',
    ],
    [['v0.9.0', 'v0.9.1-0.20250101000000-bbbbbbbbbbbb'], 'v0.9.0'],
    [['v2.0.0+incompatible', 'v1.0.0'], 'v2.0.0+incompatible'],
    [[], undefined],
  ])('of %j is %s', (versions, wanted) => {
    expect(newest(versions, none)).toBe(wanted);
    expect(highest([...versions].reverse())).toBe(wanted);
  });

  test('is not a retracted one, unless all are', () => {
    const range = [{ low: 'v1.1.0', high: 'v1.3.0', rationale: 'bad' }];
    expect(newest(['v1.0.0', 'v1.2.0'], range)).toBe('v1.0.0');
    expect(newest(['v1.2.0', 'v1.3.0'], range)).toBe('v1.3.0');
    expect(retraction('v1.3.1', range)).toBeUndefined();
    expect(retraction('v1.3.0', [{ low: 'junk', high: 'v9.0.0', rationale: '' }])).toBeUndefined();
  });
});

describe('an affected range', () => {
  const events = [{ introduced: '1.5.0' }, { introduced: '0' }, { fixed: '1.2.3' }, { fixed: '1.6.0-rc.1' }];
  test.each([
    ['v0.0.0-20240101000000-aaaaaaaaaaaa', true],
    ['v1.2.2', true],
    ['v1.2.3-rc.1', true],
    ['v1.2.3', false],
    ['v1.4.9', false],
    ['v1.5.0-alpha', false],
    ['v1.5.0', true],
    ['v1.5.9', true],
    ['v1.6.0-rc.1', false],
    ['v2.0.0+incompatible', false],
  ])('has %s: %s', (version, wanted) => {
    expect(isAffected(version, events)).toBe(wanted);
  });

  test('names the lowest fix above all that are affected', () => {
    expect(fixFor(['v1.0.0'], events)).toBe('v1.2.3');
    expect(fixFor(['v1.0.0', 'v1.5.0'], events)).toBe('v1.6.0-rc.1');
    expect(fixFor(['v9.0.0'], events)).toBeUndefined();
    expect(isAffected('v1.0.0', [])).toBe(false);
  });
});

describe('a licence', () => {
  const spdx: Record<string, { licenseText: string }> = createRequire(import.meta.url)('spdx-license-list/full.js');
  const text = (id: string) => spdx[id]?.licenseText ?? '';
  const licenceOf = (file: string, text: string) => licencesIn(file, text)[0] ?? { id: '', confidence: 0 };
  const idsIn = (...texts: string[]) => licencesIn('LICENSE', texts.join('\n\n')).map(({ id }) => id);

  test.each([
    'MIT',
    'Apache-2.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'ISC',
    'MPL-2.0',
    'GPL-3.0-only',
    'Unlicense',
    '0BSD',
  ])('%s is told by its text, whatever its owner, line breaks and case', id => {
    const other = text(id)
      .replaceAll(/<year>|<owner>|<copyright holders?>/g, 'Some Body')
      .replaceAll(/\s+/g, ' ')
      .replace(/^/, 'Copyright (c) 2024 Somebody Else\n');
    expect(licenceOf('LICENSE', text(id))).toMatchObject({ id, confidence: 1 });
    expect(licenceOf('LICENSE', other).id).toBe(id);
  });

  test('Apache-2.0 is told without its appendix', () => {
    const [terms = ''] = text('Apache-2.0').split(/END OF TERMS/);
    expect(licenceOf('LICENSE', terms)).toMatchObject({ id: 'Apache-2.0', confidence: 1 });
  });

  test('ISC is told from 0BSD, which is the same but for one condition, whomever it protects', () => {
    const isc = (who: string) => `ISC License

Copyright (c) 2020 Some Body <some@body.example>

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND ${who} DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL ${who} BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR
CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF
CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS
SOFTWARE.`;
    for (const who of ['THE AUTHOR', 'ISC', 'SOME BODY AND ITS CONTRIBUTORS']) {
      expect(licenceOf('LICENSE', isc(who))).toMatchObject({ id: 'ISC' });
      expect(idsIn(isc(who))).toEqual(['ISC']);
    }
  });

  test('of several in one file each is told, and none that is only part of another', () => {
    expect(idsIn('Two licences:', text('MIT'), text('Apache-2.0')).sort()).toEqual(['Apache-2.0', 'MIT']);
    const [, head = ''] =
      /(Licensed under the Apache[\s\S]*limitations under the License\.)/.exec(text('Apache-2.0')) ?? [];
    const others = 'The files a.go and b.go were ported from C and are still covered by their original licence: ';
    expect(idsIn(others, text('MIT'), 'All the others are covered by the Apache licence: ', head).sort()).toEqual([
      'Apache-2.0',
      'MIT',
    ]);
    expect(idsIn(text('BSD-3-Clause'))).toEqual(['BSD-3-Clause']);
    const words = Array.from({ length: 300 }, (_, i) => `word${i}`).join(' ');
    expect(idsIn(words, text('BSD-3-Clause'))).toEqual(['BSD-3-Clause']);
  });

  test('is told by a tag, and not made up', () => {
    expect(licenceOf('LICENSE', 'SPDX-License-Identifier: mit')).toEqual({ id: 'MIT', confidence: 1, file: 'LICENSE' });
    const both = '// SPDX-License-Identifier: (MIT OR Apache-2.0) */\nSee LICENSE-MIT and LICENSE-APACHE.';
    expect(licencesIn('LICENSE', both).map(({ id, confidence }) => [id, confidence])).toEqual([
      ['MIT', 1],
      ['Apache-2.0', 1],
    ]);
    expect(licenceOf('LICENSE', 'SPDX-License-Identifier: Mine-1.0').id).toBe('unknown');
    expect(licenceOf('LICENSE', 'All rights are mine. Ask me before you use it.').id).toBe('unknown');
    expect(licenceOf('LICENSE', '').id).toBe('unknown');
  });

  test('is told by its text where there is one, whatever a tag in it says', () => {
    const tagged = (id: string) => `SPDX-License-Identifier: MIT\n\n${text(id)}`;
    expect(idsIn(tagged('Apache-2.0'))).toEqual(['Apache-2.0']);
    expect(licenceOf('LICENSE', tagged('MIT'))).toMatchObject({ id: 'MIT', confidence: 1 });
    const own = Array.from({ length: 200 }, (_, i) => `you must not do thing${i}`).join(' ');
    const found = licencesIn('LICENSE', `SPDX-License-Identifier: MIT\n\n${own}`);
    expect(found).toEqual([{ id: 'MIT', confidence: 0.5, file: 'LICENSE' }]);
    expect(licencesOf(found)).toEqual([]);
  });

  /** As they lie in the world: with names, addresses and line breaks of their own. */
  test.each([
    ['@biomejs/biome/LICENSE-APACHE', ['Apache-2.0']],
    ['typescript-7/LICENSE', ['Apache-2.0']],
    ['@biomejs/biome/LICENSE-MIT', ['MIT']],
    ['markdown-it/LICENSE', ['MIT']],
    ['yaml/LICENSE', ['ISC']],
    ['lru-cache/LICENSE.md', ['BlueOak-1.0.0']],
    ['entities/LICENSE', ['BSD-2-Clause']],
    ['protobufjs/LICENSE', ['BSD-3-Clause']],
    ['tslib/LICENSE.txt', ['0BSD']],
    ['axe-core/LICENSE', ['MPL-2.0']],
  ])('of %s is %j', async (file, wanted) => {
    const its = await readFile(new URL(`../../node_modules/${file}`, import.meta.url), 'utf8');
    const found = licencesIn(file, its);
    expect(found.map(({ id }) => id)).toEqual(wanted);
    expect(licencesOf(found)).toEqual(wanted);
  });

  // gopkg.in/yaml.v3 tells in its own words which of its files are under which of the two.
  test('of a file that holds two in full, with words between, both count for lists', () => {
    const mit = text('MIT').replace(/^[\s\S]*?(?=Permission)/, 'Copyright (c) 2006-2010 Kirill Simonov\n\n');
    const words = (name: string) =>
      `The following files were ported and are covered by the ${name} license:\n\n  a.go b.go`;
    const found = licencesIn('LICENSE', `${words('MIT')}\n\n${mit}\n\n### Apache License ###\n\n${text('Apache-2.0')}`);
    expect(licencesOf(found).sort()).toEqual(['Apache-2.0', 'MIT']);
  });

  test.each([
    ['LICENSE', true],
    ['LICENCE.md', true],
    ['COPYING', true],
    ['MIT-LICENSE.txt', true],
    ['LICENSE-APACHE', true],
    ['license.go', false],
    ['sub/LICENSE', false],
    ['README.md', false],
  ])('stands in %s: %s', (name, wanted) => {
    expect(isLicenceFile(name)).toBe(wanted);
  });
});

describe('kinds and synopsis of a module', () => {
  const of = (path: string, name: string, synopsis = '', internal = false) => ({
    path,
    name,
    synopsis,
    internal,
    exported: [],
  });
  test('a library with an example is no command, one with a command is both', () => {
    expect(kindsOf('a.b/m', [of('a.b/m', 'm'), of('a.b/m/examples/x', 'main')])).toEqual(['library']);
    expect(kindsOf('a.b/m', [of('a.b/m', 'm'), of('a.b/m/cmd/x', 'main')])).toEqual(['library', 'command']);
    expect(kindsOf('a.b/m', [of('a.b/m', 'main'), of('a.b/m/internal/x', 'x', '', true)])).toEqual(['command']);
    expect(kindsOf('a.b/m', [])).toEqual([]);
  });

  test('the synopsis is of the root package, else of the first that others can use', () => {
    const packages = [of('a.b/m/internal/x', 'x', 'inside', true), of('a.b/m/y', 'y', 'other')];
    expect(synopsisOf('a.b/m', packages)).toBe('other');
    expect(synopsisOf('a.b/m', [...packages, of('a.b/m', 'm', 'own')])).toBe('own');
  });

  test('of a root that says nothing the README tells, before a package inside', () => {
    const packages = [of('a.b/m/bpf', 'bpf', 'Package bpf does bytes.')];
    const readme =
      '# Go Networking\n\n[![Go](https://x/b.svg)](https://x)\n\nThis repository holds *networking* packages.\n';
    expect(synopsisOf('a.b/m', packages, readme)).toBe('This repository holds networking packages.');
    expect(synopsisOf('a.b/m', [of('a.b/m', 'm', 'own'), ...packages], readme)).toBe('own');
    expect(synopsisOf('a.b/m', packages, '# Title\n')).toBe('Package bpf does bytes.');
  });

  test('is without the marks of Markdown, and without a notice that stands before it', () => {
    const own = (synopsis: string) => synopsisOf('a.b/m', [of('a.b/m', 'm', synopsis)], 'A thing of the README.');
    expect(own('** We work on v2, say so: https://x.y ** Package m is a set.')).toBe('Package m is a set.');
    expect(own('** We work on v2, and would love')).toBe('A thing of the README.');
    expect(own('Package m is for serializing `&amp;` **fast** [parsing](https://x.y).')).toBe(
      'Package m is for serializing & fast parsing.',
    );
    expect(own('Package m gives a *T for a * b, <-chan, some_name.')).toBe(
      'Package m gives a *T for a * b, <-chan, some_name.',
    );
  });

  test.each([
    [
      '# T\n\n> [!NOTE]\n> Old.\n\n⚠️ We look for helpers.\n\n**Join our chat now!**\n\nIt is _a_ thing.',
      'It is a thing.',
    ],
    ['**Note**: we move to v2.\n\n`zap` is **fast** &amp; <b>small</b>, x &lt; y.', 'zap is fast & small, x < y.'],
    ['**m** is a thing. More.', 'm is a thing.'],
    ['# Go Networking\nThis is `net`. More.', 'This is net.'],
    ['Title\n=====\n\nSee [the docs](https://x.y) for v1.2 of it! And more.', 'See the docs for v1.2 of it!'],
    ['<p align="center">\n<img src="x">\n</p>\n\n[![a](b)](c) [![d](e)](f)\n\nIt is a thing', 'It is a thing'],
    ['```go\nfunc main() {\n\n code here\n\n}\n```\n\n* a list\n\n> a quote\n\nWords at last.', 'Words at last.'],
    ['[a]: https://x.y\n\nsnake_case words stay', 'snake_case words stay'],
    ['', ''],
    ['# Only a title', ''],
  ])('README %j begins with %j', (readme, wanted) => {
    expect(readmeSynopsis(readme)).toBe(wanted);
  });

  test('a README that is made to be slow is read at once', () => {
    for (const text of [
      '[!['.repeat(5000),
      'x*'.repeat(5000),
      '<'.repeat(10_000),
      `a ${'_ '.repeat(5000)}`,
      '. '.repeat(5000),
    ])
      readmeSynopsis(text);
  }, 1000);
});
