import { Fault } from '../errors.ts';
import { createThread } from '../thread.ts';
import type { Catalogue, CatalogueWriter } from './index.ts';
import { guarded, openDatabase } from './sqlite/database.ts';
import { createReader } from './sqlite/read.ts';
import type { Order } from './sqlite/worker.ts';
import type { Writer } from './sqlite/write.ts';

/**
 * The catalogue in one SQLite file, which any number of processes may read and one should write. Reads take a few
 * milliseconds at most and are made in place; writes are made by a worker thread, which is started by the first of them.
 */
export async function createSqliteCatalogue(options: { file: string }): Promise<Catalogue & CatalogueWriter> {
  const db = await openDatabase(options.file);
  const reader = createReader(db);
  const begin = db.prepare('BEGIN');
  const end = db.prepare('COMMIT');
  const writer = createThread<Order>({
    file: new URL('./sqlite/worker.ts', import.meta.url),
    data: { file: options.file },
    name: 'the catalogue',
  });

  /** Each answer is of one moment, whatever is written meanwhile. */
  async function read<T>(run: () => T): Promise<T> {
    return guarded(() => {
      if (!db.isOpen) throw new Fault('unavailable', 'the catalogue is closed');
      begin.run();
      try {
        return run();
      } finally {
        end.run();
      }
    });
  }

  async function write(method: keyof Writer, argument: unknown): Promise<unknown> {
    if (!db.isOpen) throw new Fault('unavailable', 'the catalogue is closed');
    return writer.ask({ method, argument });
  }

  return {
    search: query => read(() => reader.search(query)),
    suggest: (text, limit) => read(() => reader.suggest(text, limit)),
    module: path => read(() => reader.module(path)),
    version: (module, version) => read(() => reader.version(module, version)),
    modules: paths => read(() => reader.modules(atMost(paths))),
    versions: wanted => read(() => reader.versions(atMost(wanted))),
    usedBy: query => read(() => reader.usedBy(query)),
    newest: query => read(() => reader.newest(query)),
    list: query => read(() => reader.list(query)),
    vulnerabilities: query => read(() => reader.vulnerabilities(query)),
    vulnerability: id => read(() => reader.vulnerability(id)),
    counts: () => read(() => reader.counts()),
    ready: () => read(() => void reader.counts()),

    put: async versions => void (await write('put', atMost(versions))),
    remove: async versions => void (await write('remove', atMost(versions))),
    setDownloads: async downloads => void (await write('setDownloads', downloads)),
    setVulnerabilities: async entries =>
      (await write('setVulnerabilities', entries)) as ReturnType<Writer['setVulnerabilities']>,
    markTold: async findings => void (await write('markTold', findings)),

    async close() {
      await writer.close();
      if (db.isOpen) db.close();
    },
  };
}

const most = 1000;

function atMost<T>(items: readonly T[]): readonly T[] {
  if (items.length > most)
    throw new Fault('invalid', `at most ${most} can be given at once, but there are ${items.length}`);
  return items;
}
