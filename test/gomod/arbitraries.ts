import fc from 'fast-check';
import { isNewToGo } from '../../services/gomod/unicode.ts';

/**
 * Inputs that are nearly right: built by the grammar from pieces good and bad, then perhaps edited a little. Characters
 * that are newer than Go's Unicode are left to unicode.oracle.test.ts.
 */
const tricky = [
  ...['\0', '\t', '\n', '\r', '\v', '\f', ' ', '\x7f', '\x80', '\x85', '\xa0', '\xad', '\u0301', '\u200b', '\u200d'],
  ...['\u2028', '\u202e', '\u3000', '\ufeff', '\ufffd', '\uffff', '\ud800', '\udfff', '\u{e000}', '\u{10ffff}', '😀'],
  ...['ı', 'İ', 'ſ', 'K', 'ß', 'ẞ', 'ﬀ', 'ǅ', 'Σ', 'ς', 'é', 'É', 'ª', 'Ⅷ', '٣', '你', '𝒳', '𐐀', '𐐨', 'Ꭰ', 'ꭰ'],
];

export const hostileChar = fc
  .oneof(fc.constantFrom(...tricky), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
  .filter(char => !isNewToGo(char));

const ascii = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 });
const meaningful = fc.constantFrom(...'v0129.-+_~/!aZ@*?[]^\\"`\'(),=>\n#'.split(''));
const anyChar = fc.oneof({ weight: 3, arbitrary: meaningful }, { weight: 2, arbitrary: ascii }, hostileChar);

export const anyText = fc.string({ unit: anyChar, maxLength: 12 });

type Edit = { at: number; remove: number; insert: string };

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat({ max: 2 }),
  insert: fc.string({ unit: anyChar, maxLength: 2 }),
});

function apply(text: string, edits: Edit[]): string {
  return edits.reduce((before, { at, remove, insert }) => {
    const start = Math.floor(at * (before.length + 1));
    return before.slice(0, start) + insert + before.slice(start + remove);
  }, text);
}

/** Mostly as it is, sometimes with one to three small edits, rarely something else altogether. */
export function nearly(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edits = fc.array(edit, { minLength: 1, maxLength: 3 });
  return fc.oneof(
    { weight: 6, arbitrary: text },
    { weight: 4, arbitrary: fc.tuple(text, edits).map(([before, changes]) => apply(before, changes)) },
    { weight: 1, arbitrary: anyText },
  );
}

const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map(values => values.join(''));
const listOf = (part: fc.Arbitrary<string>, separator: string, max: number) =>
  fc.array(part, { minLength: 1, maxLength: max }).map(parts => parts.join(separator));
const maybe = (part: fc.Arbitrary<string>) => fc.oneof(fc.constant(''), part);

const number = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.constantFrom('0', '0', '1', '1', '2', '3', '9', '10', '19', '99', '18446744073709551616'),
  },
  { weight: 1, arbitrary: fc.constantFrom('01', '00', '') },
);
const word = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom('0', '1', '2', '10', '99', 'a', 'b', 'alpha', 'rc', 'rc1', '-', '0a', 'x-y', 'Z'),
  },
  { weight: 1, arbitrary: fc.constantFrom('01', '00', '') },
);
const prerelease = joined(fc.constant('-'), listOf(word, '.', 3));
const metadata = fc.oneof(fc.constant('+incompatible'), joined(fc.constant('+'), listOf(word, '.', 2)));
const release = joined(fc.constant('v'), listOf(number, '.', 3));
const fullRelease = joined(fc.constant('v'), number, fc.constant('.'), number, fc.constant('.'), number);

const digits = (min: number, max: number) => fc.integer({ min, max }).map(value => String(value).padStart(2, '0'));
const stamp = joined(
  fc.constantFrom('2019', '2024', '0000', '1900', '9999', '2020'),
  digits(0, 13),
  digits(1, 32),
  digits(0, 24),
  digits(0, 60),
  digits(0, 60),
);
const revision = fc.constantFrom('abcdefabcdef', '0123456789ab', 'A', '00', 'x-y');
const rawPseudo = joined(
  fc.oneof(
    fc.constantFrom('v0.0.0-', 'v1.0.0-', 'v2.0.0-', 'v1.2.3-'),
    joined(fullRelease, fc.constant('-0.')),
    joined(fullRelease, prerelease, fc.constant('.0.')),
  ),
  stamp,
  fc.constant('-'),
  revision,
  maybe(metadata),
);

export const pseudo = nearly(rawPseudo);
export const version = nearly(fc.oneof(release, joined(fullRelease, maybe(prerelease), maybe(metadata)), rawPseudo));

const domain = fc.constantFrom(
  'example.com',
  'github.com',
  'gopkg.in',
  'a.b',
  'x.y.z',
  '-a.b',
  'A.b',
  'nodot',
  'a_b.c',
);
const pathElement = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('a', 'foo', 'Bar', 'x-y', 'x_y', 'x.go', 'a~b', 'yaml.v3', 'v', 'a..b', 'v2'),
  },
  { weight: 2, arbitrary: fc.constantFrom('v0', 'v1', 'v2', 'v10', 'v02', 'v1.2', 'v2.', 'y.v0', 'y.v1', 'c++') },
  { weight: 1, arbitrary: fc.constantFrom('y.v2-unstable', 'y.v-unstable', 'y.v0-unstable', 'y.v01', 'v2-unstable') },
  { weight: 1, arbitrary: fc.constantFrom('con', 'CON.txt', 'NuL', 'com1', 'COM0', 'lpt9.a.b', 'prn.', 'aux~1') },
  { weight: 1, arbitrary: fc.constantFrom('a~1', 'a~1.b', '~9', 'a~', '.', '..', '...', '.git', 'x.', '-x', '') },
);
export const modulePath = nearly(joined(domain, maybe(joined(fc.constant('/'), listOf(pathElement, '/', 3)))));
export const importPath = nearly(listOf(fc.oneof(domain, pathElement), '/', 4));

const fileElement = fc.oneof(
  { weight: 3, arbitrary: pathElement },
  {
    weight: 2,
    arbitrary: fc.constantFrom('go.mod', 'README.md', 'a b', '(x)', '{~}', 'é', '你好', '#1', 'a!b', 'x=y'),
  },
  { weight: 1, arbitrary: joined(fc.constant('x'), hostileChar) },
);
export const filePath = nearly(listOf(fileElement, '/', 4));

export const pathMajor = nearly(
  fc.constantFrom('', '/v2', '/v3', '/v10', '.v0', '.v1', '.v2', '.v1-unstable', '.v2-unstable', '/', '.', 'v2', '/v1'),
);

/** As the function makes it, with `!a` for `A`. */
export function escaped(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return nearly(text.map(plain => plain.replace(/[A-Z]/g, letter => `!${letter.toLowerCase()}`)));
}
