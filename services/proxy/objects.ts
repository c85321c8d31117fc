import { performance } from 'node:perf_hooks';
import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { Fault } from '../errors.ts';
import { outcomeFault, readOutcome, versionKey } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Access } from './access.ts';
import { contentTypes, immutable } from './answers.ts';
import type { HotCache, HotObject } from './hot.ts';
import type { News } from './news.ts';
import type { CacheOutcome } from './request-log.ts';
import { type Resource, resourceHeaders } from './respond.ts';
import type { Waiter } from './waiter.ts';

/** The files of published versions, fetched first where they are missing. */
/** Versions of which it is remembered which files were brought and not given to anybody yet. */
const remembered = 10_000;

export interface Objects {
  find(file: VersionFile, options: FindOptions): Promise<{ resource: Resource; cache: CacheOutcome }>;
}

export interface VersionFile {
  kind: 'info' | 'mod' | 'zip';
  module: string;
  version: string;
  /** Key in the published store. */
  path: string;
}

export interface FindOptions {
  cachedOnly: boolean;
  hops: number;
  signal: AbortSignal;
}

export function createObjects(deps: {
  published: Storage;
  records: Storage;
  hot: HotCache;
  waiter: Waiter;
  access: Access;
  news: Pick<News, 'published'>;
}): Objects {
  const { published, records, hot, waiter, access, news } = deps;
  const loads = new Map<string, Promise<HotObject>>();
  /** A version is fetched whole, for whichever of its files was asked for: go asks for the .info first. */
  const brought = new LRUCache<string, Set<VersionFile['kind']>>({ max: remembered });

  /** The published file; undefined while its version has no commit mark. */
  async function look(file: VersionFile): Promise<Resource | undefined> {
    const held = hot.get(`/${file.path}`);
    if (held !== undefined) return hotResource(held);
    // The .info is written last: without it the other two are not published yet.
    const mark = file.kind === 'info' ? [] : [published.stat(`${versionKey(file.module, file.version)}.info`)];
    const [stat, ...others] = await Promise.all([published.stat(file.path), ...mark]);
    if (stat === undefined || others.includes(undefined)) return undefined;
    const resource: Resource = {
      contentType: contentTypes[file.kind],
      cacheControl: immutable(access.isPrivate(file.module)),
      size: stat.size,
      etag: stat.etag,
      lastModified: stat.time,
      open: (start, end) => open(file.path, start, end),
    };
    if (!hot.admits(stat.size)) return resource;
    return hotResource(await load(file, resource));
  }

  async function open(path: string, start: number, end: number) {
    const object = await published.get(path, { range: { start, end } });
    if (object === undefined) throw new Fault('internal', `the published ${path} has vanished from the store`);
    return object.body;
  }

  /** Reads the whole file into memory; clients that ask at once share one read. */
  function load(file: VersionFile, resource: Resource): Promise<HotObject> {
    const loading = loads.get(file.path);
    if (loading !== undefined) return loading;
    const read = async () => {
      const body = resource.size === 0 ? Buffer.alloc(0) : await open(file.path, 0, resource.size - 1);
      const object: HotObject = {
        kind: file.kind,
        module: file.module,
        version: file.version,
        headers: resourceHeaders(resource),
        body: Buffer.isBuffer(body) ? body : await readExactly(body, resource.size, file.path),
        etag: resource.etag,
        freshUntil: Infinity,
        private: access.isPrivate(file.module),
      };
      hot.set(`/${file.path}`, object);
      return object;
    };
    const promise = read().finally(() => loads.delete(file.path));
    loads.set(file.path, promise);
    return promise;
  }

  /** Whether an origin had to be asked for what is given here: true of the first that is given this file. */
  function wasBrought({ kind, module, version }: VersionFile): boolean {
    return brought.get(versionKey(module, version))?.delete(kind) ?? false;
  }

  return {
    async find(file, { cachedOnly, hops, signal }) {
      const inMemory = hot.get(`/${file.path}`) !== undefined;
      const resource = await look(file);
      if (resource !== undefined) {
        const cache = inMemory ? 'memory' : 'store';
        return { resource, cache: wasBrought(file) ? 'fetched' : cache };
      }
      const outcome = await readOutcome(records, file.module, file.version);
      if (outcome !== undefined && (!cachedOnly || outcome.kind === 'refused')) throw outcomeFault(outcome);
      if (cachedOnly) throw new Fault('not-found', `${file.module}@${file.version} is not kept here`);
      await waiter.obtain(file.module, file.version, { hops, signal });
      news.published(file.module);
      const key = versionKey(file.module, file.version);
      if (!brought.has(key)) brought.set(key, new Set(['info', 'mod', 'zip']));
      const fetched = await look(file);
      if (fetched === undefined) throw new Fault('internal', `${file.path} is not in the store after its publishing`);
      return { resource: fetched, cache: wasBrought(file) ? 'fetched' : 'store' };
    },
  };
}

/** Into one buffer of its own, so that a large object is not in memory twice while it is loaded. */
async function readExactly(body: Readable, size: number, path: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) length += chunk.copy(bytes, length);
  if (length < size) throw new Fault('unavailable', `${path} is shorter than the store says`);
  return bytes;
}

/** A hot object as a resource. */
export function hotResource(object: HotObject): Resource {
  const header = (name: string) => object.headers[object.headers.indexOf(name) + 1] ?? '';
  const modified = object.headers.indexOf('Last-Modified');
  return {
    contentType: header('Content-Type'),
    cacheControl: header('Cache-Control'),
    size: object.body.length,
    etag: object.etag,
    lastModified: modified < 0 ? undefined : new Date(header('Last-Modified')),
    open: async (start, end) => object.body.subarray(start, end + 1),
  };
}

/** Milliseconds of performance.now() until which something made now is fresh. */
export const freshFor = (milliseconds: number) => performance.now() + milliseconds;
