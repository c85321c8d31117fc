import { asFault, Fault } from '../errors.ts';
import { readObject, type Storage } from '../storage/index.ts';

/** What a client of a checksum database keeps. Several clients, in several processes, may share one. */
export interface SumdbCache {
  /** The signed note of the newest tree kept, or undefined. */
  readLatest(): Promise<Buffer | undefined>;

  /**
   * Keeps the signed note of a tree of `size` records. Whatever races: afterwards `readLatest` gives this one or one of
   * more records. Throws `conflict`, and changes nothing, when another note of the same size is kept.
   */
  writeLatest(size: number, note: Uint8Array): Promise<void>;

  /** Bytes of a full tile, or undefined. They are checked by the reader. */
  readTile(path: string): Promise<Buffer | undefined>;

  writeTile(path: string, bytes: Uint8Array): Promise<void>;
}

const noteLimit = 1 << 20;
const tileLimit = 1 << 13;
const maxRounds = 100;

/**
 * Keeps it in a store under `sumdb/<name>/`: `tile/…` as the database names them, and `latest/<size>`, one create-only
 * object a tree. The store has no compare-and-swap; with the size in the key none is needed for never going backwards,
 * as the greatest key is the newest tree.
 */
export function createStorageSumdbCache(storage: Storage, name: string): SumdbCache {
  const folder = `sumdb/${name}`;
  async function latestKeys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of storage.list(`${folder}/latest/`)) keys.push(key);
    return keys;
  }

  return {
    async readLatest() {
      for (let round = 0; round < maxRounds; round++) {
        const key = (await latestKeys()).at(-1);
        if (key === undefined) return undefined;
        const note = await readObject(storage, key, noteLimit);
        if (note !== undefined) return note;
        // Removed since it was listed, so a newer one is there.
      }
      throw new Fault('unavailable', `${folder}/latest changes too often to be read`);
    },

    async writeLatest(size, note) {
      await storage.put(`${folder}/latest/${String(size).padStart(16, '0')}`, note, { ifAbsent: true });
      for (const older of (await latestKeys()).slice(0, -1)) await storage.delete(older);
    },

    async readTile(path) {
      try {
        return await readObject(storage, `${folder}/${path}`, tileLimit);
      } catch (error) {
        if (asFault(error).kind === 'bad-origin') return undefined; // too large for a tile: damaged, as good as none
        throw error;
      }
    },

    async writeTile(path, bytes) {
      await storage.put(`${folder}/${path}`, bytes);
    },
  };
}
