import { Fault } from '../../services/errors.ts';
import type { SumdbCache } from '../../services/sumdb/cache.ts';
import { createSumdbClient, type SumdbClient } from '../../services/sumdb/client.ts';
import type { TestLog } from './log.ts';

export interface MemoryCache extends SumdbCache {
  latest: Map<number, Buffer>;
  tiles: Map<string, Buffer>;
}

export function createMemoryCache(): MemoryCache {
  const latest = new Map<number, Buffer>();
  const tiles = new Map<string, Buffer>();
  return {
    latest,
    tiles,
    readLatest: async () => latest.get(Math.max(...latest.keys())),
    async writeLatest(size, note) {
      if (latest.get(size)?.equals(note) === false) throw new Fault('conflict', `another note of ${size} is kept`);
      latest.set(size, Buffer.from(note));
    },
    readTile: async path => tiles.get(path),
    async writeTile(path, bytes) {
      tiles.set(path, Buffer.from(bytes));
    },
  };
}

export interface Setup {
  client: SumdbClient;
  cache: MemoryCache;
  /** Paths read from the database, in order. */
  reads: string[];
  /** What the database answers; replace it to attack. */
  answer: (path: string) => Buffer | Promise<Buffer>;
  /** A client that begins with what the cache has, as after a restart. */
  restart(): SumdbClient;
}

export function setUp(log: TestLog, cache = createMemoryCache()): Setup {
  const reads: string[] = [];
  const connect = () =>
    createSumdbClient({
      verifierKey: log.signer.verifierKey,
      cache,
      async read(path) {
        reads.push(path);
        return setup.answer(path);
      },
    });
  const setup: Setup = { client: connect(), cache, reads, answer: path => log.read(path), restart: connect };
  return setup;
}

/** What the cache holds, to see that nothing changed. */
export const contents = ({ latest, tiles }: MemoryCache) => ({ latest: new Map(latest), tiles: new Map(tiles) });

/** The fault that a promise is rejected with. */
export async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome = await promise.then(
    value => new Error(`expected a fault, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (!(outcome instanceof Fault)) throw outcome;
  return outcome;
}
