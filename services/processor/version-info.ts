import { Fault } from '../errors.ts';
import { checkModuleVersion } from '../gomod/path.ts';
import { canonicalVersion } from '../gomod/version.ts';
import type { VersionInfo, VersionOrigin } from '../origin/index.ts';

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
const originFields = ['VCS', 'URL', 'Subdir', 'Hash', 'Ref'] as const;

/**
 * Reads a `.info` document that an origin gave for `module`: a canonical version that suits the path (the one asked
 * for, when that is given), with a time or without. Unknown fields are dropped, so nothing foreign is published. Throws `bad-origin`.
 */
export function parseVersionInfo(bytes: Uint8Array, module: string, asked?: string): VersionInfo {
  const what = `the origin's info of ${asked === undefined ? module : `${module}@${asked}`}`;
  const bad = (why: string) => new Fault('bad-origin', `${what} ${why}`);
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw bad('is not JSON');
  }
  if (!isRecord(document)) throw bad('is not a JSON object');
  const { Version, Time, Origin } = document;
  if (typeof Version !== 'string' || Version.length > 256) throw bad('has no version');
  if (asked !== undefined && Version !== asked) throw bad(`is of another version, ${JSON.stringify(Version)}`);
  if (canonicalVersion(Version) !== Version) throw bad('has a version that is not canonical');
  try {
    checkModuleVersion(module, Version);
  } catch (error) {
    throw bad(`has a version that does not suit the path: ${(error as Error).message}`);
  }
  if (Time !== undefined && (typeof Time !== 'string' || !rfc3339.test(Time) || Number.isNaN(Date.parse(Time)))) {
    throw bad('has a time that is not of RFC 3339');
  }
  const origin = isRecord(Origin) ? pickOrigin(Origin) : undefined;
  return { Version, ...(Time !== undefined && { Time }), ...(origin !== undefined && { Origin: origin }) };
}

function pickOrigin(document: Record<string, unknown>): VersionOrigin | undefined {
  const origin: VersionOrigin = {};
  for (const field of originFields) {
    const value = document[field];
    if (typeof value === 'string' && value !== '' && value.length <= 2048) origin[field] = value;
  }
  return Object.keys(origin).length === 0 ? undefined : origin;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
