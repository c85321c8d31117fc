import { isPseudoVersion } from '../gomod/pseudo.ts';
import { isValid, prerelease } from '../gomod/semver.ts';
import { compareVersions } from '../gomod/version.ts';
import type { Retraction } from './facts.ts';

/** Precedence, then bytes where two are equal (v2.0.0 and v2.0.0+incompatible). */
export function compareTotally(a: string, b: string): number {
  return compareVersions(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Why a version is retracted; undefined when it is not. */
export function retraction(version: string, retractions: readonly Retraction[]): string | undefined {
  return retractions.find(
    ({ low, high }) =>
      isValid(low) && isValid(high) && compareVersions(low, version) <= 0 && compareVersions(version, high) <= 0,
  )?.rationale;
}

/** 2 for a release, 1 for a pre-release, 0 for a pseudo-version. */
const grade = (version: string) => (isPseudoVersion(version) ? 0 : prerelease(version) === '' ? 2 : 1);

/** The one that `@latest` means when nothing is retracted: whose go.mod says what is retracted and deprecated. */
export function highest(versions: readonly string[]): string | undefined {
  let best: string | undefined;
  for (const version of versions) if (best === undefined || isHigher(version, best)) best = version;
  return best;
}

/** By grade, then precedence. Of pseudo-versions the one of the latest commit is also the highest on one line of work. */
export const isHigher = (a: string, b: string) => (grade(a) - grade(b) || compareTotally(a, b)) > 0;

/** The one that `@latest` means ("Version queries" in the Go Modules Reference). When all are retracted, `highest`. */
export function newest(versions: readonly string[], retractions: readonly Retraction[]): string | undefined {
  const standing = versions.filter(version => retraction(version, retractions) === undefined);
  return highest(standing.length > 0 ? standing : versions);
}
