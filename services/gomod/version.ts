import { build, canonical, compare } from './semver.ts';

/** module.CanonicalVersion: semver.Canonical, but +incompatible is kept; '' for an invalid version. */
export function canonicalVersion(v: string): string {
  return canonical(v) + (build(v) === '+incompatible' ? '+incompatible' : '');
}

/**
 * The order of module.Sort among versions of one path: by precedence, then by what follows a slash, as in go.sum's
 * `v1.0.0/go.mod`, bytewise. 0 does not mean the same string: v2.0.0 and v2.0.0+incompatible are equal, for example.
 */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  const [versionA, fileA] = splitFile(a);
  const [versionB, fileB] = splitFile(b);
  if (versionA !== versionB) return compare(versionA, versionB);
  if (fileA === fileB) return 0;
  return Buffer.compare(Buffer.from(fileA), Buffer.from(fileB)) < 0 ? -1 : 1;
}

function splitFile(v: string): [version: string, file: string] {
  const slash = v.indexOf('/');
  return slash < 0 ? [v, ''] : [v.slice(0, slash), v.slice(slash)];
}
