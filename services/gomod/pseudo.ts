import { Fault } from '../errors.ts';
import { quote } from './quote.ts';
import { build, canonical, isValid, prerelease } from './semver.ts';

/**
 * Pseudo-versions: golang.org/x/mod/module, pseudo.go; "Pseudo-versions" in the Go Modules Reference.
 *   vX.0.0-yyyymmddhhmmss-abcdefabcdef       no earlier version known
 *   vX.Y.Z-pre.0.yyyymmddhhmmss-abcdefabcdef the version before is vX.Y.Z-pre
 *   vX.Y.(Z+1)-0.yyyymmddhhmmss-abcdefabcdef the version before is vX.Y.Z
 */
const pseudoRE = /^v[0-9]+\.(?:0\.0-|[0-9]+\.[0-9]+-(?:[^+]*\.)?0\.)[0-9]{14}-[A-Za-z0-9]+(?:\+|$)/;

/** module.IsPseudoVersion */
export function isPseudoVersion(v: string): boolean {
  return pseudoRE.test(v) && isValid(v);
}

/** module.PseudoVersion; `older` is '' or the tagged version before, `rev` usually 12 digits of the commit's hash. */
export function pseudoVersion(major: string, older: string, time: Date, rev: string): string {
  const segment = `${timestamp(time)}-${rev}`;
  const base = canonical(older);
  if (base === '') return `${major || 'v0'}.0.0-${segment}`;
  if (prerelease(base) !== '') return `${base}.0.${segment}${build(older)}`;
  return `${addToPatch(base, 1n)}-0.${segment}${build(older)}`;
}

/** module.PseudoVersionTime, in UTC. */
export function pseudoVersionTime(v: string): Date {
  const { stamp } = parse(v);
  const time = new Date(stamp.replace(/^(.{4})(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z'));
  // Date rolls 30 February over to March; Go refuses it.
  if (Number.isNaN(time.getTime()) || timestamp(time) !== stamp) throw invalid(v, `malformed time ${stamp}`);
  return time;
}

/** module.PseudoVersionRev */
export function pseudoVersionRev(v: string): string {
  return parse(v).rev;
}

/** module.PseudoVersionBase: the version before it, '' when there is none. */
export function pseudoVersionBase(v: string): string {
  const { base, build } = parse(v);
  const pre = prerelease(base);
  if (pre === '') {
    if (build !== '') throw invalid(v, `lacks base version, but has build metadata ${build}`);
    return '';
  }
  if (pre !== '-0') return base.slice(0, -'.0'.length) + build;
  const release = base.slice(0, -pre.length);
  if (/\.0+$/.test(release)) throw invalid(v, `the version before ${release} would have a negative patch number`);
  return addToPatch(release, -1n) + build;
}

interface Parts {
  base: string;
  stamp: string;
  rev: string;
  build: string;
}

function parse(v: string): Parts {
  if (!isPseudoVersion(v)) throw invalid(v, 'syntax error');
  const suffix = build(v);
  const text = v.slice(0, v.length - suffix.length);
  const dash = text.lastIndexOf('-');
  const stampEnd = text.slice(0, dash);
  return { base: stampEnd.slice(0, -15), stamp: stampEnd.slice(-14), rev: text.slice(dash + 1), build: suffix };
}

function invalid(v: string, reason: string): Fault {
  return new Fault('invalid', `pseudo-version ${quote(v)} invalid: ${reason}`);
}

/** yyyymmddhhmmss in UTC */
function timestamp(time: Date): string {
  if (Number.isNaN(time.getTime())) throw new Fault('invalid', 'a pseudo-version needs a valid time');
  const year = time.getUTCFullYear();
  const digits = String(Math.abs(year)).padStart(4, '0');
  return (
    (year < 0 ? '-' : '') +
    digits +
    time
      .toISOString()
      .slice(-20, -5)
      .replaceAll(/[^0-9]/g, '')
  );
}

/** Numbers in versions have no limit. */
function addToPatch(release: string, step: bigint): string {
  const dot = release.lastIndexOf('.') + 1;
  return release.slice(0, dot) + (BigInt(release.slice(dot)) + step);
}
