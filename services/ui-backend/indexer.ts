import type { Logger } from 'pino';
import type { CatalogueWriter, ModuleVersion } from '../catalogue/index.ts';
import type { FactsOf } from '../catalogue/store.ts';
import type { Messaging, Subscriber } from '../messaging/index.ts';

export interface IndexerDeps {
  /** What the stores say now. */
  factsOf: FactsOf;
  catalogue: Pick<CatalogueWriter, 'put' | 'remove'>;
  messaging: Pick<Messaging, 'subscribe'>;
  log: Logger;
  /** Told after each change of the catalogue. */
  changed: (version: ModuleVersion) => void;
}

export interface Indexer {
  start(): void;
  /** Takes no more messages and waits for those being handled. */
  close(): Promise<void>;
}

/** Reading a zip is much waiting, writing is one at a time. */
const concurrency = 4;

/**
 * Keeps the catalogue what the stores say. A message only tells which version to look at: what is written is what the
 * stores say then, so that repeats and any order come to the same.
 */
export function createIndexer(deps: IndexerDeps): Indexer {
  const { factsOf, catalogue, messaging, log, changed } = deps;
  let subscribers: Subscriber[] = [];

  async function handle({ module, version }: ModuleVersion): Promise<void> {
    const facts = await factsOf({ module, version });
    if (facts === undefined) await catalogue.remove([{ module, version }]);
    else await catalogue.put([facts]);
    log.debug({ module, version, status: facts?.status }, 'indexed');
    changed({ module, version });
  }

  return {
    start() {
      subscribers = [
        messaging.subscribe('ui-backend.published', handle, { concurrency }),
        messaging.subscribe('ui-backend.rejected', handle, { concurrency: 1 }),
      ];
    },
    async close() {
      const closing = subscribers;
      subscribers = [];
      await Promise.all(closing.map(subscriber => subscriber.close()));
    },
  };
}
