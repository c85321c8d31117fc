import { createHash } from 'node:crypto';
import { Fault } from '../errors.ts';
import { unescapePath } from '../gomod/escape.ts';
import type { Origin } from '../origin/index.ts';
import { readObject, type Storage } from '../storage/index.ts';
import { createStorageSumdbCache } from '../sumdb/cache.ts';
import { parseRecord, parseTree } from '../sumdb/tlog.ts';
import type { Access } from './access.ts';
import { immutable, mutable, textType } from './answers.ts';
import type { ListOptions } from './lists.ts';
import type { Resource } from './respond.ts';

/**
 * The pass-through `/sumdb/`: answers of the checksum database, which every client verifies for itself.
 * Source: Go Modules Reference, "Checksum database"; golang/proposal 25530.
 */
export interface Checksums {
  answer(name: string, path: string, options: ListOptions): Promise<Resource>;
}

/** No answer of a checksum database comes near this many bytes. */
const answerLimit = 1 << 20;
/** How long the newest tree is taken for the newest, in ms. */
const treeHolds = 1000;

export function createChecksums(deps: {
  origin: Origin;
  records: Storage;
  access: Access;
  /** Of the database that is served; undefined when there is none. */
  name: string | undefined;
}): Checksums {
  const { origin, records, access } = deps;
  let newest: { note: Promise<Buffer | undefined>; until: number } | undefined;
  return {
    async answer(name, path, { cachedOnly, ...ask }) {
      if (name !== deps.name) throw new Fault('not-found', `the checksum database ${name} is not served here`);
      if (path === 'supported') return resource(Buffer.alloc(0), textType, mutable(false));
      if (path.startsWith('lookup/')) refusePrivate(path.slice('lookup/'.length));
      const given = cachedOnly
        ? await readObject(records, `sumdb-cache/${name}/${path}`, answerLimit)
        : await origin.sumdb(name, path, ask);
      if (given === undefined) throw new Fault('not-found', `${path} of ${name} is not kept here`);
      const bytes = path.startsWith('lookup/') ? await inNewestTree(name, given) : given;
      const type = path.startsWith('tile/') && !path.startsWith('tile/8/data/') ? 'application/octet-stream' : textType;
      return resource(bytes, type, path === 'latest' ? mutable(false) : immutable(false));
    },
  };

  /**
   * A lookup with the newest tree that the validator trusts in place of the one that it came with, if that has the record.
   * Answers kept at different times speak of different trees, and proving one of those in another takes tiles that
   * nobody may have asked for while the database could be reached. What proves every published record in the newest
   * tree is kept: the validator has walked that way. Like any answer, this one is verified by the client.
   */
  async function inNewestTree(name: string, lookup: Buffer): Promise<Buffer> {
    try {
      if (newest === undefined || newest.until < performance.now()) {
        const note = createStorageSumdbCache(records, name).readLatest();
        newest = { note, until: performance.now() + treeHolds };
      }
      const note = await newest.note;
      const { position, rest } = parseRecord(lookup);
      if (note === undefined || position >= parseTree(note.toString()).size) return lookup;
      return Buffer.concat([lookup.subarray(0, lookup.length - rest.length), note]);
    } catch {
      return lookup;
    }
  }

  /** The name of a private module must not leave this place. */
  function refusePrivate(escaped: string): void {
    const module = unescapePath(escaped.split('@')[0] ?? '');
    if (!access.isPrivate(module)) return;
    throw new Fault('refused', `${module} is private and never looked up in a public database; set GONOSUMDB`, {
      rule: 'private-module',
    });
  }
}

function resource(body: Buffer, contentType: string, cacheControl: string): Resource {
  return {
    contentType,
    cacheControl,
    size: body.length,
    etag: createHash('sha256').update(body).digest('hex').slice(0, 32),
    lastModified: undefined,
    open: async (start, end) => body.subarray(start, end + 1),
  };
}
