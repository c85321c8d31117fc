import { LRUCache } from 'lru-cache';
import { asFault, Fault } from '../errors.ts';
import type { SumdbCache } from './cache.ts';
import { fullTile, fullWidth, type Tile, TileHashes, tilePath } from './tile.ts';
import { hashSize } from './tlog.ts';

export interface FoundTile {
  hashes: TileHashes;
  /** Just read from the database, not from a cache: what is wrong with it is the database's doing. */
  fresh: boolean;
}

export interface ProvenTile {
  tile: Tile;
  found: FoundTile;
}

/** What it gives is not proven; view.ts does that. Throws `unavailable` for a missing tile, `security` for a wrong length. */
export interface TileReader {
  /** The tile from wherever it is at hand, at least as wide as asked for. */
  find(tile: Tile): Promise<FoundTile>;

  /** The tile as the database gives it now. */
  fetch(tile: Tile): Promise<FoundTile>;
}

export interface TileSourceOptions {
  /** Reads a path of the database. */
  read(path: string): Promise<Buffer>;
  cache: SumdbCache;
  /** Tiles held in memory, of 16 KiB each at most. */
  maxTiles: number;
}

/**
 * Where tiles come from: memory, then the cache, then the database. Only what a view has proven may be handed to `keep`.
 * The same tile asked for at the same time is read once.
 */
export class TileSource implements TileReader {
  readonly #read: TileSourceOptions['read'];
  readonly #cache: SumdbCache;
  readonly #memory: LRUCache<string, TileHashes>;
  /** Reads under way; each leaves when it ends, so there are never more than callers. */
  readonly #reads = new Map<string, Promise<FoundTile>>();

  constructor({ read, cache, maxTiles }: TileSourceOptions) {
    this.#read = read;
    this.#cache = cache;
    this.#memory = new LRUCache({ max: maxTiles });
  }

  find(tile: Tile): Promise<FoundTile> {
    const held = this.#memory.get(memoryKey(tile));
    if (held !== undefined && held.width >= tile.width) return Promise.resolve({ hashes: held, fresh: false });
    return this.#once(`kept ${tilePath(tile)}`, async () => {
      const kept = await this.#cache.readTile(tilePath(fullTile(tile)));
      if (kept?.length !== fullWidth * hashSize) return this.fetch(tile);
      return { hashes: new TileHashes(kept), fresh: false };
    });
  }

  fetch(tile: Tile): Promise<FoundTile> {
    return this.#once(tilePath(tile), async () => ({
      hashes: new TileHashes(await this.#download(tile)),
      fresh: true,
    }));
  }

  /**
   * Takes tiles that a trusted tree proves. Only full ones go into the cache: they never change, while partial ones
   * would pile up with every growth of the tree. One that could not be kept is read again some day.
   */
  async keep(tiles: readonly ProvenTile[]): Promise<void> {
    const writes: Promise<void>[] = [];
    for (const { tile, found } of tiles) {
      const held = this.#memory.get(memoryKey(tile));
      if (held !== undefined && held.width >= found.hashes.width) continue;
      this.#memory.set(memoryKey(tile), found.hashes);
      if (found.fresh && tile.width === fullWidth) {
        writes.push(this.#cache.writeTile(tilePath(tile), found.hashes.leaves));
      }
    }
    await Promise.allSettled(writes);
  }

  /** A partial tile that is gone has usually been completed: then the full one begins with it. */
  async #download(tile: Tile): Promise<Buffer> {
    try {
      return checkLength(tile, await this.#read(tilePath(tile)));
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (tile.width === fullWidth) throw missing(tile, error);
    }
    const full = fullTile(tile);
    try {
      return checkLength(full, await this.#read(tilePath(full))).subarray(0, tile.width * hashSize);
    } catch (error) {
      throw isMissing(error) ? missing(tile, error) : error;
    }
  }

  #once(key: string, read: () => Promise<FoundTile>): Promise<FoundTile> {
    const running = this.#reads.get(key);
    if (running !== undefined) return running;
    const started = read().finally(() => this.#reads.delete(key));
    this.#reads.set(key, started);
    return started;
  }
}

/** A reader for one lookup, which does not read again what it has read for an earlier view of it. */
export function remembering(source: TileReader): TileReader {
  const found = new Map<string, Promise<FoundTile>>();
  const remember = (tile: Tile, finding: Promise<FoundTile>) => {
    found.set(tilePath(tile), finding);
    return finding;
  };
  return {
    find: tile => found.get(tilePath(tile)) ?? remember(tile, source.find(tile)),
    fetch: tile => remember(tile, source.fetch(tile)),
  };
}

const memoryKey = ({ level, index }: Tile) => `${level}/${index}`;

function checkLength(tile: Tile, bytes: Buffer): Buffer {
  if (bytes.length === tile.width * hashSize) return bytes;
  const lengths = `${bytes.length} bytes instead of ${tile.width * hashSize}`;
  throw new Fault('security', `forged tile ${tilePath(tile)}: it has ${lengths}`);
}

function isMissing(error: unknown): boolean {
  const { kind } = asFault(error);
  return kind === 'not-found' || kind === 'gone';
}

/** A missing tile says nothing of the module asked for, so it must not pass as `not-found`. */
const missing = (tile: Tile, cause: unknown) =>
  new Fault('unavailable', `tile ${tilePath(tile)} is missing from the checksum database`, { cause });
