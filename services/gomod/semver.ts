/**
 * Semantic versions as Go writes them: golang.org/x/mod/semver, function by function, the same results.
 * vMAJOR[.MINOR[.PATCH[-PRERELEASE][+BUILD]]]; vMAJOR and vMAJOR.MINOR stand for .0.0 and .0.
 */

const versionRE = /^v(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]*)?(\+[0-9A-Za-z.-]*)?)?)?$/;

interface Parsed {
  major: string;
  minor: string;
  patch: string;
  /** What a shorthand leaves out: '', '.0' or '.0.0'. */
  short: string;
  prerelease: string;
  build: string;
}

function parse(v: string): Parsed | undefined {
  const [match, major = '', minor, patch, prerelease = '', build = ''] = versionRE.exec(v) ?? [];
  if (match === undefined || !areWords(prerelease) || !areWords(build)) return undefined;
  if (hasPaddedNumber(prerelease)) return undefined;
  const short = minor === undefined ? '.0.0' : patch === undefined ? '.0' : '';
  return { major, minor: minor ?? '0', patch: patch ?? '0', short, prerelease, build };
}

/** Nothing, or words joined by dots after a sign. */
function areWords(text: string): boolean {
  return text === '' || !text.slice(1).split('.').includes('');
}

/** A word of digits with a leading zero. */
function hasPaddedNumber(prerelease: string): boolean {
  return prerelease
    .slice(1)
    .split('.')
    .some(word => /^0[0-9]+$/.test(word));
}

/** semver.IsValid */
export function isValid(v: string): boolean {
  return parse(v) !== undefined;
}

/** semver.Canonical: fills in the shorthand, drops build metadata; '' for an invalid version. */
export function canonical(v: string): string {
  const parsed = parse(v);
  if (parsed === undefined) return '';
  return parsed.build === '' ? v + parsed.short : v.slice(0, -parsed.build.length);
}

/** semver.Major: 'v2' of 'v2.1.0'; '' for an invalid version, as for the next three. */
export function major(v: string): string {
  const parsed = parse(v);
  return parsed === undefined ? '' : `v${parsed.major}`;
}

/** semver.MajorMinor: 'v2.1' of 'v2.1.0' */
export function majorMinor(v: string): string {
  const parsed = parse(v);
  return parsed === undefined ? '' : `v${parsed.major}.${parsed.minor}`;
}

/** semver.Prerelease: '-pre' of 'v2.1.0-pre+meta' */
export function prerelease(v: string): string {
  return parse(v)?.prerelease ?? '';
}

/** semver.Build: '+meta' of 'v2.1.0-pre+meta' */
export function build(v: string): string {
  return parse(v)?.build ?? '';
}

/** semver.Compare: precedence by semver.org 2.0.0; invalid versions come first and are equal to each other. */
export function compare(a: string, b: string): -1 | 0 | 1 {
  const x = parse(a);
  const y = parse(b);
  if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1;
  return (
    compareNumbers(x.major, y.major) ||
    compareNumbers(x.minor, y.minor) ||
    compareNumbers(x.patch, y.patch) ||
    comparePrereleases(x.prerelease, y.prerelease)
  );
}

/** Decimal numbers of any length, without leading zeros. */
function compareNumbers(a: string, b: string): -1 | 0 | 1 {
  if (a.length !== b.length) return a.length < b.length ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}

function comparePrereleases(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  if (a === '') return 1;
  if (b === '') return -1;
  const left = a.slice(1).split('.');
  const right = b.slice(1).split('.');
  for (const [i, word] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    const order = compareWords(word, other);
    if (order !== 0) return order;
  }
  return -1; // the same words, then more on the right
}

/** Numbers come before words and compare as numbers; words compare by their ASCII codes. */
function compareWords(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  const aIsNumber = /^[0-9]+$/.test(a);
  const bIsNumber = /^[0-9]+$/.test(b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return aIsNumber ? compareNumbers(a, b) : a < b ? -1 : 1;
}
