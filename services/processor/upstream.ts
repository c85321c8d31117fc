import type { Readable } from 'node:stream';
import { asFault, Fault } from '../errors.ts';
import { escapePath, escapeVersion } from '../gomod/escape.ts';
import { isPseudoVersion, pseudoVersionTime } from '../gomod/pseudo.ts';
import { isValid, prerelease } from '../gomod/semver.ts';
import { canonicalVersion, compareVersions } from '../gomod/version.ts';
import type { AskOptions, VersionInfo } from '../origin/index.ts';
import type { Trace, Web } from './net/web.ts';
import type { OriginSpec } from './origins.ts';
import { parseVersionInfo } from './version-info.ts';
import { wholeZip } from './zip-end.ts';

/** One origin, an upstream GOPROXY or `direct`. Errors are those of the origin port. */
export interface OriginClient {
  readonly spec: OriginSpec;
  list(module: string, ask: Ask): Promise<string[]>;
  latest(module: string, ask: Ask): Promise<VersionInfo>;
  query(module: string, query: string, ask: Ask): Promise<VersionInfo>;
  /** Begins to fetch a version; what it gives must be disposed of. */
  fetch(module: string, version: string, ask: Ask): Promise<Fetched>;
  /** Bytes of a `/sumdb/` path; absent where the origin can't be asked. */
  sumdb?(path: string, ask: Ask): Promise<Buffer>;
}

export interface Ask extends AskOptions {
  trace?: ((entry: Trace) => void) | undefined;
}

export interface Fetched {
  info: VersionInfo;
  mod: Promise<Buffer>;
  /** Fails with a Fault when it is cut short or too large. */
  zip: Readable;
  dispose(): Promise<void>;
}

export const zipLimit = 500 << 20;
export const modLimit = 16 << 20;
export const infoLimit = 1 << 20;
export const listLimit = 4 << 20;
const sumdbLimit = 1 << 20;

/** Bound of one request besides the bound on silence: an origin may drip bytes for ever. */
const longestZip = 30 * 60_000;
const longestSmall = (silence: number) => Math.max(2 * silence, 60_000);

/** An upstream GOPROXY (go.dev/ref/mod#goproxy-protocol) over HTTP. `silence` is in ms. */
export function createUpstream(spec: OriginSpec & { kind: 'goproxy' }, web: Web, silence: number): OriginClient {
  const { name } = spec;
  const base = spec.url.href.replace(/\/+$/, '');
  const small = (limit: number, ask: Ask) => ({ ...ask, what: name, limit, longest: longestSmall(silence) });
  const address = (module: string, rest: string) => new URL(`${base}/${escapePath(module)}/${rest}`);

  const listed = async (module: string, ask: Ask) =>
    (await web.read(address(module, '@v/list'), small(listLimit, ask))).toString().split('\n').flatMap(versionIn);

  const infoOf = async (module: string, query: string, ask: Ask) => {
    const bytes = await web.read(address(module, `@v/${escapeVersion(query)}.info`), small(infoLimit, ask));
    return parseVersionInfo(bytes, module, canonicalVersion(query) === query ? query : undefined);
  };

  return {
    spec,
    query: infoOf,

    async list(module, ask) {
      return (await listed(module, ask)).filter(version => !isPseudoVersion(version));
    },

    /** Not every GOPROXY has `@latest`: then the highest version of its list is meant, as cmd/go does it. */
    async latest(module, ask) {
      try {
        return parseVersionInfo(await web.read(address(module, '@latest'), small(infoLimit, ask)), module);
      } catch (error) {
        if (asFault(error).kind !== 'not-found') throw error;
        const version = highest(await listed(module, ask));
        if (version === undefined) throw error;
        return infoOf(module, version, ask);
      }
    },

    async fetch(module, version, ask) {
      const info = await infoOf(module, version, ask);
      const key = `@v/${escapeVersion(version)}`;
      const stop = new AbortController();
      const both = { ...ask, signal: ask.signal ? AbortSignal.any([ask.signal, stop.signal]) : stop.signal };
      const mod = web.read(address(module, `${key}.mod`), small(modLimit, both));
      mod.catch(() => {}); // reported to whoever awaits it, after the zip
      try {
        const large = { ...both, what: name, limit: zipLimit, longest: longestZip };
        const zip = wholeZip(await web.open(address(module, `${key}.zip`), large), name);
        return {
          info,
          mod,
          zip,
          async dispose() {
            zip.on('error', () => {}).destroy();
            stop.abort();
          },
        };
      } catch (error) {
        stop.abort();
        throw error;
      }
    },

    sumdb: (path, ask) => web.read(new URL(`${base}/sumdb/${path}`), small(sumdbLimit, ask)),
  };
}

/** The version on a line of a list; a time may follow it. What is not a canonical version is passed over. */
function versionIn(line: string): string[] {
  const version = line.trim().split(/\s+/, 1)[0] ?? '';
  return isValid(version) && canonicalVersion(version) === version ? [version] : [];
}

/** The highest release, else the highest pre-release, else the newest pseudo-version. */
export function highest(versions: readonly string[]): string | undefined {
  const tagged = versions.filter(version => !isPseudoVersion(version)).sort(compareVersions);
  return (
    tagged.findLast(version => prerelease(version) === '') ??
    tagged.at(-1) ??
    [...versions].sort((a, b) => pseudoVersionTime(a).getTime() - pseudoVersionTime(b).getTime()).at(-1)
  );
}

/** Stands for `off` in a list of origins: asks nobody. Not kept as an answer for long: it is a setting. */
export function createOff(spec: OriginSpec): OriginClient {
  const refuse = async (): Promise<never> => {
    throw new Fault('refused', 'no origin may be asked: UPSTREAM is off', { retryAfter: 5 });
  };
  return { spec, list: refuse, latest: refuse, query: refuse, fetch: refuse };
}
