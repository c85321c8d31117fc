import { createHash } from 'node:crypto';
import { Fault } from '../errors.ts';
import { unescapePath } from '../gomod/escape.ts';
import type { Origin } from '../origin/index.ts';
import { readObject, type Storage } from '../storage/index.ts';
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

export function createChecksums(deps: {
  origin: Origin;
  records: Storage;
  access: Access;
  /** Of the database that is served; undefined when there is none. */
  name: string | undefined;
}): Checksums {
  const { origin, records, access } = deps;
  return {
    async answer(name, path, { cachedOnly, ...ask }) {
      if (name !== deps.name) throw new Fault('not-found', `the checksum database ${name} is not served here`);
      if (path === 'supported') return resource(Buffer.alloc(0), textType, mutable(false));
      if (path.startsWith('lookup/')) refusePrivate(path.slice('lookup/'.length));
      const bytes = cachedOnly
        ? await readObject(records, `sumdb-cache/${name}/${path}`, answerLimit)
        : await origin.sumdb(name, path, ask);
      if (bytes === undefined) throw new Fault('not-found', `${path} of ${name} is not kept here`);
      const type = path.startsWith('tile/') && !path.startsWith('tile/8/data/') ? 'application/octet-stream' : textType;
      return resource(bytes, type, path === 'latest' ? mutable(false) : immutable(false));
    },
  };

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
