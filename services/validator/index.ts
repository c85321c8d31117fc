import { join } from 'node:path';
import type { Logger } from 'pino';
import { Fault } from '../errors.ts';
import type { Messaging, Subscriber } from '../messaging/index.ts';
import type { Metrics } from '../metrics.ts';
import type { Origin } from '../origin/index.ts';
import { createFeedWriter } from '../records/feed.ts';
import type { Storage } from '../storage/index.ts';
import { createStorageSumdbCache } from '../sumdb/cache.ts';
import { createSumdbClient } from '../sumdb/client.ts';
import { parseSumdb } from '../sumdb/key.ts';
import { createHandler } from './handle.ts';
import type { ValidatorConfig } from './job.ts';
import type { ChecksumDatabase } from './rule.ts';
import { createScratch } from './scratch.ts';

export interface ValidatorDeps {
  config: ValidatorConfig;
  messaging: Messaging;
  published: Storage;
  quarantine: Storage;
  records: Storage;
  /** Where the checksum database is asked; its answers are verified here. */
  origin: Pick<Origin, 'sumdb'>;
  metrics: Metrics;
  log: Logger;
  now?: () => Date;
  /** Told of each module with a new version, when it can be served. */
  onPublished?: (module: string) => void;
}

export interface Validator {
  start(): void;
  /** Takes no more messages and waits for those being handled. */
  close(): Promise<void>;
  /** Throws `unavailable`, with the reason, unless versions can be checked and published. */
  ready(): Promise<void>;
}

/** The validator: checks what is in quarantine by its rules, then publishes or rejects it. */
export function createValidator(deps: ValidatorDeps): Validator {
  const { config, messaging, published, quarantine, records, origin, now = () => new Date() } = deps;
  const scratch = createScratch(join(config.DATA_DIR, 'tmp'));
  const sumdb = createChecksumDatabase(config.SUMDB, records, origin);
  const handler = createHandler({ ...deps, now, scratch, sumdb, feed: createFeedWriter(records, now) });
  let subscriber: Subscriber | undefined;

  return {
    start() {
      if (subscriber !== undefined) throw new Fault('internal', 'the validator is started already');
      scratch.sweep().catch(err => deps.log.warn({ err }, 'the temporary folder could not be swept'));
      subscriber = messaging.subscribe('validator', handler, { concurrency: config.VALIDATOR_CONCURRENCY });
    },
    async close() {
      const closing = subscriber;
      subscriber = undefined;
      await closing?.close();
    },
    async ready() {
      if (subscriber === undefined) throw new Fault('unavailable', 'the validator takes no messages');
      await Promise.all([scratch.ready(), ...[published, quarantine, records].map(store => store.stat('ready'))]);
    },
  };
}

function createChecksumDatabase(
  setting: string,
  records: Storage,
  origin: ValidatorDeps['origin'],
): ChecksumDatabase | undefined {
  const database = parseSumdb(setting);
  if (database === undefined) return undefined;
  const { name, verifierKey } = database;
  const cache = createStorageSumdbCache(records, name);
  return { name, ...createSumdbClient({ verifierKey, cache, read: path => origin.sumdb(name, path) }) };
}
