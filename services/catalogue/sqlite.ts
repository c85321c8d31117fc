import { Worker } from 'node:worker_threads';
import { Fault, type FaultKind } from '../errors.ts';
import type { Catalogue, CatalogueWriter } from './index.ts';
import { guarded, openDatabase } from './sqlite/database.ts';
import { createReader } from './sqlite/read.ts';
import type { Answer, Order } from './sqlite/worker.ts';
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
  let writer: ReturnType<typeof startWriter> | undefined;

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
    writer ??= startWriter(options.file, () => {
      writer = undefined;
    });
    return writer.order(method, argument);
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
      await writer?.close();
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

function startWriter(file: string, gone: () => void) {
  const worker = new Worker(new URL('./sqlite/worker.ts', import.meta.url), { workerData: { file } });
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Fault): void }>();
  let last = 0;
  let drained: (() => void) | undefined;
  worker.unref();

  /** A worker that has died takes its orders with it; the next order starts another. */
  const fail = (message: string) => {
    gone();
    for (const { reject } of waiting.values()) reject(new Fault('unavailable', `the catalogue failed: ${message}`));
    waiting.clear();
    drained?.();
  };
  worker.on('error', (error: unknown) => fail(error instanceof Error ? error.message : String(error)));
  worker.on('exit', () => fail('its writer has ended'));
  worker.on('message', (answer: Answer) => {
    const order = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (waiting.size === 0) {
      worker.unref();
      drained?.();
    }
    if ('result' in answer) order?.resolve(answer.result);
    else order?.reject(new Fault(answer.fault.kind as FaultKind, answer.fault.message));
  });

  return {
    order(method: Order['method'], argument: unknown): Promise<unknown> {
      last += 1;
      const id = last;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      waiting.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, method, argument } satisfies Order);
      return promise;
    },
    /** Waits for what has been ordered. */
    async close() {
      if (waiting.size > 0) {
        await new Promise<void>(resolve => {
          drained = resolve;
        });
      }
      await worker.terminate();
    },
  };
}
