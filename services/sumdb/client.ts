import { asFault, Fault } from '../errors.ts';
import { escapePath, escapeVersion } from '../gomod/escape.ts';
import type { SumdbCache } from './cache.ts';
import { parseVerifierKey } from './note.ts';
import { parseHashes } from './record.ts';
import { TileSource } from './tiles.ts';
import { parseRecord, recordHash } from './tlog.ts';
import { openTree, TrustedTree } from './trust.ts';

export interface SumdbClientOptions {
  /** `<name>+<hash>+<key>`. */
  verifierKey: string;
  /**
   * Reads a path of the database, `lookup/…` or `tile/…`. Throws `not-found` or `gone` when the database says so. Must
   * bound time and size by itself.
   */
  read(path: string): Promise<Buffer>;
  cache: SumdbCache;
  /** Tiles held in memory, of 16 KiB each at most; 512 by default. */
  maxTiles?: number;
}

export interface SumdbEntry {
  /** h1 hash of the zip. */
  zipHash: string;
  /** h1 hash of go.mod. */
  goModHash: string;
  /** Place of the record in the log. */
  position: number;
  /** Records of the trusted tree that it was proven in. */
  treeSize: number;
}

export interface SumdbClient {
  /**
   * What the checksum database says of a version, proven as the design demands (golang/proposal 25530): the record is
   * in a tree that the database has signed, and that tree is on the one timeline of all trees seen before.
   *
   * Throws `security` when a proof fails or an answer is malformed, and keeps nothing of that answer; `unavailable` when
   * a tile is missing; `invalid` for a malformed path or version; else what `read` throws for the lookup.
   */
  lookup(module: string, version: string): Promise<SumdbEntry>;
}

const lookupLimit = 1 << 20;

/** A client of one checksum database. Lookups may run at the same time. Throws `invalid` for a malformed key. */
export function createSumdbClient({ verifierKey, read, cache, maxTiles = 512 }: SumdbClientOptions): SumdbClient {
  const verifier = parseVerifierKey(verifierKey);
  const tiles = new TileSource({ read, cache, maxTiles });
  const trusted = new TrustedTree(verifier, cache, tiles);

  async function lookup(module: string, version: string): Promise<SumdbEntry> {
    const answer = await read(`lookup/${escapePath(module)}@${escapeVersion(version)}`);
    if (answer.length > lookupLimit) throw new Fault('security', `the answer is larger than ${lookupLimit} bytes`);
    const { position, text, rest } = parseRecord(answer);
    const signed = openTree(rest, verifier);
    const hashes = parseHashes(text, module, version);
    if (position >= signed.tree.size) {
      throw new Fault('security', `record ${position} is not in the signed tree of ${signed.tree.size} records`);
    }
    const leaf = recordHash(text);
    const treeSize = await trusted.extend(signed, async view => {
      if (!(await view.leafAt(position)).equals(leaf)) {
        throw new Fault('security', `forged record: the log has another one at ${position}`);
      }
    });
    return { ...hashes, position, treeSize };
  }

  return {
    async lookup(module, version) {
      try {
        return await lookup(module, version);
      } catch (error) {
        const fault = asFault(error);
        if (fault.kind !== 'security') throw fault;
        const subject = `checksum database ${verifier.name}, ${module}@${version}`;
        throw new Fault('security', `${subject}: ${fault.message}`, { cause: fault.cause ?? fault });
      }
    },
  };
}
