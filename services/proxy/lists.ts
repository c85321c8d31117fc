import { createHash } from 'node:crypto';
import { Fault } from '../errors.ts';
import { escapePath, unescapeVersion } from '../gomod/escape.ts';
import { isPseudoVersion, pseudoVersionRev } from '../gomod/pseudo.ts';
import { prerelease } from '../gomod/semver.ts';
import { canonicalVersion, compareVersions } from '../gomod/version.ts';
import type { Origin, VersionInfo } from '../origin/index.ts';
import { versionKey } from '../records/index.ts';
import { readObject, type Storage } from '../storage/index.ts';
import type { Access } from './access.ts';
import { contentTypes, mutable } from './answers.ts';
import type { HotCache, HotObject } from './hot.ts';
import type { News } from './news.ts';
import { freshFor, hotResource } from './objects.ts';
import type { CacheOutcome } from './request-log.ts';
import { type Resource, resourceHeaders } from './respond.ts';

/**
 * What changes over time: version lists, `@latest` and branch queries. Asked of the origin, and answered from what is
 * published when the origin is silent, has forgotten the module or must not be asked.
 */
export interface Lists {
  list(module: string, options: ListOptions): Promise<Found>;
  latest(module: string, options: ListOptions): Promise<Found>;
  query(module: string, query: string, options: ListOptions): Promise<Found>;
}

export interface ListOptions {
  cachedOnly: boolean;
  hops: number;
  signal: AbortSignal;
}

type Kind = 'list' | 'latest' | 'query';

interface Found {
  resource: Resource;
  cache: CacheOutcome;
}

/** Versions of one module that a list may hold: the largest known has some thousands. */
const maxVersions = 100_000;
const infoLimit = 1 << 20;

export function createLists(deps: {
  published: Storage;
  origin: Origin;
  hot: HotCache;
  access: Access;
  news: Pick<News, 'mayHold'>;
  /** Milliseconds. */
  ttl: number;
}): Lists {
  const { published, origin, hot, access, news, ttl } = deps;

  async function publishedVersions(module: string): Promise<string[]> {
    const folder = `${escapePath(module)}/@v/`;
    const versions: string[] = [];
    for await (const { key } of published.list(folder)) {
      if (key.endsWith('.info')) versions.push(unescapeVersion(key.slice(folder.length, -'.info'.length)));
      if (versions.length >= maxVersions) break;
    }
    return versions;
  }

  async function publishedInfo(module: string, version: string): Promise<VersionInfo> {
    const bytes = await readObject(published, `${versionKey(module, version)}.info`, infoLimit);
    if (bytes === undefined)
      throw new Fault('internal', `the .info of ${module}@${version} has vanished from the store`);
    return JSON.parse(bytes.toString()) as VersionInfo;
  }

  /** `since` is when its making began, undefined for what is not to be held. */
  function found(kind: Kind, module: string, path: string, text: string, since?: number): Found {
    const body = Buffer.from(text);
    const isPrivate = access.isPrivate(module);
    const resource: Resource = {
      contentType: contentTypes[kind],
      cacheControl: mutable(isPrivate),
      size: body.length,
      etag: createHash('sha256').update(body).digest('hex').slice(0, 32),
      lastModified: undefined,
      open: async (start, end) => body.subarray(start, end + 1),
    };
    const freshUntil = freshFor(ttl);
    if (since !== undefined && hot.admits(body.length) && news.mayHold(module, since, freshUntil)) {
      const object: HotObject = {
        kind,
        module,
        version: '',
        headers: resourceHeaders(resource),
        body,
        etag: resource.etag,
        freshUntil,
        private: isPrivate,
      };
      hot.set(path, object);
    }
    return { resource, cache: since === undefined ? 'store' : 'fetched' };
  }

  const held = (path: string): Found | undefined => {
    const object = hot.get(path);
    return object === undefined ? undefined : { resource: hotResource(object), cache: 'memory' };
  };

  return {
    async list(module, { cachedOnly, ...ask }) {
      const path = `/${escapePath(module)}/@v/list`;
      const memory = held(path);
      if (memory !== undefined) return memory;
      const begun = performance.now();
      const here = await publishedVersions(module);
      let theirs: string[] = [];
      let answered = false;
      if (!cachedOnly) {
        try {
          theirs = await origin.list(module, ask);
          answered = true;
        } catch (error) {
          if (here.length === 0) throw error;
        }
      }
      if (cachedOnly && here.length === 0) throw new Fault('not-found', `no version of ${module} is kept here`);
      return found('list', module, path, listText([...here, ...theirs]), answered ? begun : undefined);
    },

    async latest(module, { cachedOnly, ...ask }) {
      const path = `/${escapePath(module)}/@latest`;
      const memory = held(path);
      if (memory !== undefined) return memory;
      const begun = performance.now();
      const text = (info: VersionInfo) => `${JSON.stringify(info)}\n`;
      try {
        if (cachedOnly) throw new Fault('not-found', `no version of ${module} is kept here`);
        const theirs = await origin.latest(module, ask);
        const newer = newerOf(theirs.Version, await publishedVersions(module));
        return found('latest', module, path, text(newer ? await publishedInfo(module, newer) : theirs), begun);
      } catch (error) {
        const version = latestOf(await publishedVersions(module));
        if (version === undefined) throw error;
        return found('latest', module, path, text(await publishedInfo(module, version)));
      }
    },

    async query(module, query, { cachedOnly, ...ask }) {
      const path = `/${escapePath(module)}/@v/?${encodeURIComponent(query)}`;
      const memory = held(path);
      if (memory !== undefined) return memory;
      const begun = performance.now();
      try {
        if (cachedOnly) throw new Fault('not-found', `${module}@${query} is not kept here`);
        const info = await origin.query(module, query, ask);
        if (canonicalVersion(info.Version) !== info.Version || info.Version === '') {
          throw new Fault(
            'bad-origin',
            `the origin resolves ${module}@${query} to the version ${info.Version}, which is not canonical`,
          );
        }
        return found('query', module, path, `${JSON.stringify(info)}\n`, begun);
      } catch (error) {
        // A commit needs no origin when its pseudo-version is published.
        const version = /^[0-9a-f]{7,40}$/.test(query)
          ? commitVersion(await publishedVersions(module), query)
          : undefined;
        if (version === undefined) throw error;
        return found('query', module, path, `${JSON.stringify(await publishedInfo(module, version))}\n`);
      }
    },
  };
}

/** One canonical tagged version a line, ascending, no pseudo-versions. Go Modules Reference, "GOPROXY protocol". */
function listText(versions: readonly string[]): string {
  const tagged = versions.filter(
    version => version !== '' && canonicalVersion(version) === version && !isPseudoVersion(version),
  );
  const sorted = [...new Set(tagged)].sort(compareVersions);
  return sorted.map(version => `${version}\n`).join('');
}

/** The highest release, else the highest pre-release, else the newest pseudo-version. */
export function latestOf(versions: readonly string[]): string | undefined {
  const sorted = [...versions].sort(compareVersions);
  return (
    sorted.findLast(version => prerelease(version) === '') ??
    sorted.findLast(version => !isPseudoVersion(version)) ??
    sorted.at(-1)
  );
}

/**
 * The version that is the latest instead of what the origin says, because it is published here and the origin's answer is
 * of before: a tag above it. A commit is no newer for being published, and +incompatible not better than go.mod.
 */
export function newerOf(theirs: string, here: readonly string[]): string | undefined {
  const isWithout = (version: string) => version.endsWith('+incompatible');
  const tags = here.filter(version => !isPseudoVersion(version) && (isWithout(theirs) || !isWithout(version)));
  const latest = latestOf([theirs, ...tags]);
  return latest === theirs ? undefined : latest;
}

const commitVersion = (versions: readonly string[], commit: string) =>
  versions.find(version => isPseudoVersion(version) && sameCommit(pseudoVersionRev(version), commit));

const sameCommit = (revision: string, commit: string) =>
  revision.startsWith(commit.slice(0, 12)) || commit.startsWith(revision);
