import { Fault } from '../errors.ts';
import { unescapePath, unescapeVersion } from '../gomod/escape.ts';
import { checkModuleVersion } from '../gomod/path.ts';
import { build } from '../gomod/semver.ts';
import { canonicalVersion } from '../gomod/version.ts';
import { versionKey } from '../records/index.ts';

/** What a client asks for, read from the path. Source: Go Modules Reference, "GOPROXY protocol". */
export type ProxyRequest =
  /** A canonical version's file. `path` is its key in the published store. */
  | { kind: 'info' | 'mod' | 'zip'; module: string; version: string; path: string }
  /** A branch, a tag prefix or a commit, to be resolved. */
  | { kind: 'query'; module: string; query: string }
  | { kind: 'list' | 'latest'; module: string }
  /** `path` is what follows the database's name. */
  | { kind: 'sumdb'; name: string; path: string }
  | { kind: 'index'; parameters: URLSearchParams };

export type RequestKind = ProxyRequest['kind'] | 'other';

export interface ParsedRequest {
  request: ProxyRequest;
  /** Never fetch: the prefix `/cached-only/` was given. */
  cachedOnly: boolean;
}

/** The largest request target that is looked at, percent-encoding and parameters included. */
const maxTarget = 4096;

/**
 * Parses a request target (path and query, as sent). Throws `invalid` for what is malformed and `not-found` for what is
 * well formed but can't exist.
 */
export function parseRequest(target: string): ParsedRequest {
  if (target.length > maxTarget) throw new Fault('invalid', `the address is longer than ${maxTarget} bytes`);
  const mark = target.indexOf('?');
  const path = decode(mark < 0 ? target : target.slice(0, mark));
  const cachedOnly = path.startsWith('/cached-only/');
  const rest = cachedOnly ? path.slice('/cached-only/'.length) : path.slice(1);
  if (rest === 'index') {
    return {
      request: { kind: 'index', parameters: new URLSearchParams(mark < 0 ? '' : target.slice(mark)) },
      cachedOnly,
    };
  }
  if (rest.startsWith('sumdb/')) return { request: parseSumdb(rest.slice('sumdb/'.length)), cachedOnly };
  return { request: parseModule(rest), cachedOnly };
}

function decode(target: string): string {
  // The absolute form, which a server must accept: RFC 9112, section 3.2.2.
  const path = target.replace(/^https?:\/\/[^/?#]*(?=\/)/i, '');
  if (!path.startsWith('/')) throw new Fault('invalid', 'the address must begin with a slash');
  let decoded: string;
  try {
    decoded = path.includes('%') ? decodeURIComponent(path) : path;
  } catch {
    throw new Fault('invalid', 'the address has a malformed percent-encoding');
  }
  if (/[\u0000-\u001f\u007f]/.test(decoded)) throw new Fault('invalid', 'the address has a control character');
  return decoded;
}

function parseSumdb(rest: string): ProxyRequest {
  const slash = rest.indexOf('/');
  if (slash <= 0 || slash === rest.length - 1) {
    throw new Fault(
      'not-found',
      'a checksum database is asked for as /sumdb/<name>/supported, latest, lookup/… or tile/…',
    );
  }
  return { kind: 'sumdb', name: rest.slice(0, slash), path: rest.slice(slash + 1) };
}

function parseModule(rest: string): ProxyRequest {
  if (rest.endsWith('/@latest')) {
    return { kind: 'latest', module: modulePath(rest.slice(0, -'/@latest'.length)) };
  }
  const at = rest.indexOf('/@v/');
  if (at < 0) {
    throw new Fault(
      'not-found',
      'nothing is served here: a module is asked for as /<module>/@v/list, /@latest or /@v/<version>.info, .mod, .zip',
    );
  }
  const module = modulePath(rest.slice(0, at));
  const file = rest.slice(at + '/@v/'.length);
  if (file === 'list') return { kind: 'list', module };
  const [, escaped, extension] = /^(.+)\.(info|mod|zip)$/.exec(file) ?? [];
  if (escaped === undefined || extension === undefined) {
    throw new Fault('not-found', `${JSON.stringify(file)} is not list and does not end in .info, .mod or .zip`);
  }
  return parseVersion(module, escaped, extension as 'info' | 'mod' | 'zip');
}

const modulePath = (escaped: string) => unescapePath(escaped);

/** Names that the go command resolves itself and never sends; an origin must not be asked for them. */
const ownQueries = new Set(['latest', 'upgrade', 'patch']);

function parseVersion(module: string, escaped: string, kind: 'info' | 'mod' | 'zip'): ProxyRequest {
  const version = unescapeVersion(escaped);
  if (canonicalVersion(version) === version && version !== '') {
    try {
      checkModuleVersion(module, version);
      if (build(version) !== '' && /^v[01]\./.test(version)) throw new Fault('invalid', `${version} is compatible`);
    } catch (error) {
      throw new Fault('not-found', `invalid version: ${(error as Error).message}`);
    }
    return { kind, module, version, path: `${versionKey(module, version)}.${kind}` };
  }
  if (kind !== 'info') throw new Fault('not-found', `unrecognized version ${JSON.stringify(version)}`);
  if (ownQueries.has(version) || /[<>=]/.test(version)) {
    throw new Fault(
      'not-found',
      `invalid version ${JSON.stringify(version)}: the go command resolves it from the list`,
    );
  }
  return { kind: 'query', module, query: version };
}
