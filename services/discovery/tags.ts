import { LRUCache } from 'lru-cache';
import { asFault, isTransient } from '../errors.ts';
import { escapePath, unescapePath, unescapeVersion } from '../gomod/escape.ts';
import { isPseudoVersion } from '../gomod/pseudo.ts';
import { majorMinor, prerelease } from '../gomod/semver.ts';
import { canonicalVersion, compareVersions } from '../gomod/version.ts';
import { backoffDelay } from '../messaging/backoff.ts';
import type { Origin } from '../origin/index.ts';
import { readJson } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Asker } from './ask.ts';

export interface TagsDeps {
  published: Storage;
  records: Storage;
  origin: Pick<Origin, 'list'>;
  asker: Pick<Asker, 'ask'>;
  /** Milliseconds in which every module is looked at once. */
  period: number;
  now: () => Date;
  random?: () => number;
}

export interface Tags {
  /** Looks at the next module that is kept here, and says in how many milliseconds to look at another. */
  step(signal: AbortSignal): Promise<number>;
  /** Asks the origin for a module's tags, whatever is cached, and for what is new among them. */
  visit(module: string, options: { signal: AbortSignal; fresh?: boolean }): Promise<void>;
}

/** Where a pass through the modules stands: `discovery/tags.json`. */
interface Pass {
  startedAt: string;
  /** Of the published store: the pass goes on behind it. */
  after: string;
  visited: number;
  /** Modules of the pass before; undefined in the first. */
  expected?: number;
}

const key = 'discovery/tags.json';
/** Without a pass that has counted them. It is corrected as more are met. */
const firstGuess = 1000;
/** Between two looks, in ms: 20 a second at most. */
const shortest = 50;
/** How often the pass is kept, in ms: what is between is looked at twice after a restart. */
const keepInterval = 10_000;
/** A module that is found far behind is not made up for: its newest. */
const maxNew = 10;
const maxVersions = 100_000;
/** A host that fails is left alone, in ms; the processor bounds requests to each besides. */
const hostBackoff = { first: 60_000, max: 3_600_000 };
const maxHosts = 1000;

/**
 * Finds new tags of the modules that are kept here: all are walked through in the order of the store, spread evenly over
 * the period, one question at a time. A restart goes on where the pass stood.
 */
export function createTags(deps: TagsDeps): Tags {
  const { published, records, origin, asker, period, now, random = Math.random } = deps;
  const hosts = new LRUCache<string, { failures: number; until: number }>({ max: maxHosts });
  let pass: Pass | undefined;
  let keptAt = 0;

  async function keep(current: Pass): Promise<void> {
    await records.put(key, Buffer.from(`${JSON.stringify(current)}\n`));
    keptAt = now().getTime();
  }

  const begin = (expected?: number): Pass => ({
    startedAt: now().toISOString(),
    after: '',
    visited: 0,
    ...(expected !== undefined && { expected }),
  });

  async function nextModule(after: string): Promise<string | undefined> {
    for await (const found of published.list('', { after })) {
      const end = found.key.indexOf('/@v/');
      if (end > 0) return found.key.slice(0, end);
    }
    return undefined;
  }

  /** A pause that spreads the modules over the period, with half of it as jitter to either side. */
  function pause({ expected = firstGuess, visited }: Pass): number {
    const modules = visited < expected ? expected : 2 * visited;
    return Math.max(shortest, (period / Math.max(1, modules)) * (0.5 + random()));
  }

  async function visit(module: string, options: { signal: AbortSignal; fresh?: boolean }): Promise<void> {
    const [host = ''] = module.split('/');
    const resting = hosts.get(host);
    if (options.fresh !== true && resting !== undefined && resting.until > now().getTime()) return;
    let tags: string[];
    try {
      tags = await origin.list(module, options);
      hosts.delete(host);
    } catch (error) {
      const fault = asFault(error);
      if (options.signal.aborted) throw fault;
      if (isTransient(fault)) {
        const failures = (resting?.failures ?? 0) + 1;
        const rest = Math.max(backoffDelay(hostBackoff, failures, random), (fault.retryAfter ?? 0) * 1000);
        hosts.set(host, { failures, until: now().getTime() + rest });
      }
      return; // it was withdrawn, or its next turn comes
    }
    for (const version of newTags(await publishedVersions(published, module), tags)) {
      await asker.ask({ module, version }, { source: 'tags', signal: options.signal });
    }
  }

  return {
    visit,
    async step(signal) {
      const current = pass ?? (await readJson<Pass>(records, key)) ?? begin();
      pass = current;
      const module = await nextModule(current.after);
      if (module === undefined) {
        const left = Date.parse(current.startedAt) + period - now().getTime();
        // Not to be slept through in one: a pass that is over early waits, and a restart finds it waiting.
        if (left > 0) return left;
        pass = begin(Math.max(1, current.visited));
        await keep(pass);
        return shortest;
      }
      await visit(unescapePath(module), { signal });
      // '0' comes behind the slash of `@v/`: all files of the module, but none of those below its path, are before it.
      pass = { ...current, after: `${module}/@v0`, visited: current.visited + 1 };
      if (now().getTime() - keptAt >= keepInterval) await keep(pass);
      return pause(pass);
    },
  };
}

/** Versions of the module in the store, in no promised order. */
export async function publishedVersions(published: Storage, module: string): Promise<string[]> {
  const folder = `${escapePath(module)}/@v/`;
  const versions: string[] = [];
  for await (const { key } of published.list(folder)) {
    if (key.endsWith('.info')) versions.push(unescapeVersion(key.slice(folder.length, -'.info'.length)));
    if (versions.length >= maxVersions) break;
  }
  return versions;
}

/**
 * Tags that are younger than what is kept: above all of it, or above what is kept of their own minor line (v1.2.4 beside
 * a v1.2.3 and a v1.3.0). Pre-releases count when one is kept. Ascending; the newest ten.
 */
export function newTags(kept: readonly string[], tags: readonly string[]): string[] {
  const releases = kept.filter(version => !isPseudoVersion(version));
  const highest = releases.reduce<string | undefined>(higher, undefined);
  if (highest === undefined) return [];
  const lines = new Map<string, string>();
  for (const version of releases) lines.set(majorMinor(version), higher(lines.get(majorMinor(version)), version));
  const wantsPrereleases = releases.some(version => prerelease(version) !== '');
  const found = tags.filter(tag => {
    if (canonicalVersion(tag) !== tag || isPseudoVersion(tag)) return false;
    if (prerelease(tag) !== '' && !wantsPrereleases) return false;
    return compareVersions(tag, lines.get(majorMinor(tag)) ?? highest) > 0;
  });
  return [...new Set(found)].sort(compareVersions).slice(-maxNew);
}

const higher = (a: string | undefined, b: string) => (a === undefined || compareVersions(b, a) > 0 ? b : a);
