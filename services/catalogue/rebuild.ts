import pLimit from 'p-limit';
import { asFault } from '../errors.ts';
import { outcomeKey, versionKey } from '../records/index.ts';
import type { Catalogue, CatalogueWriter, ModuleVersion } from './index.ts';
import { factsOf, type Stores, versionsInStore } from './store.ts';

export interface RebuildOptions {
  stores: Stores;
  catalogue: Catalogue & CatalogueWriter;
  /** Versions read at once. */
  concurrency?: number;
  /** Told from time to time how far it is. */
  progress?: (done: number) => void;
  /** Told of a version that can't be read, or not whole: it is left as it was, or described from its go.mod. */
  failed?: (version: ModuleVersion, reason: string) => void;
}

/** Versions written at once: what is held in memory, and repeated after a crash. */
const batchSize = 64;

/** So many failures of the store in a row are not of those versions. */
const mostInARow = 20;

/**
 * Makes the catalogue what the stores say: puts every version found, then removes those that are not there any more. It
 * stays in use meanwhile, and may be interrupted and begun again at any time. Says how many versions it read, and how
 * many of them could not be, or not whole. Memory does not grow with the store.
 */
export async function rebuild(options: RebuildOptions): Promise<{ read: number; failed: number; removed: number }> {
  const { stores, catalogue, concurrency = 8, progress = () => {}, failed = () => {} } = options;
  const limit = pLimit(concurrency);
  let read = 0;
  let failures = 0;

  let inARow = 0;

  async function facts(version: ModuleVersion) {
    try {
      const found = await limit(() => factsOf(stores, version));
      inARow = 0;
      const unreadable = found?.content?.unreadable;
      if (unreadable !== undefined) fails(version, unreadable);
      return found;
    } catch (error) {
      const fault = asFault(error);
      const isOfStore = fault.kind === 'unavailable' || fault.kind === 'timed-out';
      inARow = isOfStore ? inARow + 1 : 0;
      // Better to stop than to go on without the store.
      if (inARow >= mostInARow) throw fault;
      fails(version, fault.message);
      return undefined;
    }
  }

  function fails(version: ModuleVersion, reason: string): void {
    failures += 1;
    failed(version, reason);
  }

  let writing: Promise<void> = Promise.resolve();
  for await (const batch of batches(versionsInStore(stores), batchSize)) {
    const found = (await Promise.all(batch.map(facts))).filter(each => each !== undefined);
    read += batch.length;
    // While one batch is written the next is read.
    await writing;
    writing = catalogue.put(found);
    writing.catch(() => {}); // is thrown by the next await
    progress(read);
  }
  await writing;
  return { read, failed: failures, removed: await sweep(stores, catalogue, limit) };
}

/** Removes what the stores no longer say anything of. */
async function sweep(
  { published, records }: Stores,
  catalogue: Catalogue & CatalogueWriter,
  limit: ReturnType<typeof pLimit>,
): Promise<number> {
  let removed = 0;
  for (let after = ''; ; ) {
    const paths = await catalogue.list({ after, limit: 100 });
    const last = paths.at(-1);
    if (last === undefined) return removed;
    after = last;
    for (const path of paths) {
      const history = (await catalogue.module(path))?.history ?? [];
      const known = await Promise.all(history.map(each => limit(() => isInStore({ published, records }, each))));
      const gone = history.filter((_, i) => known[i] === false);
      for (let i = 0; i < gone.length; i += batchSize) await catalogue.remove(gone.slice(i, i + batchSize));
      removed += gone.length;
    }
  }
}

async function isInStore({ published, records }: Stores, target: ModuleVersion & { status: string }): Promise<boolean> {
  const { module, version, status } = target;
  const key = versionKey(module, version);
  if (status === 'published') return (await published.stat(`${key}.info`)) !== undefined;
  return (await records.stat(outcomeKey(module, version))) !== undefined;
}

async function* batches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
