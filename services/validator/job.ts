import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Messaging } from '../messaging/index.ts';
import type { Message } from '../messaging/topics.ts';
import type { Metrics } from '../metrics.ts';
import type { FeedWriter } from '../records/feed.ts';
import { type Alarm, type RunLog, versionKey, writeAlarm } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import type { ChecksumDatabase, RuleConfig, RuleContext } from './rule.ts';
import type { Scratch } from './scratch.ts';

/** What every job of a validator works with. */
export interface Tools {
  config: ValidatorConfig;
  messaging: Messaging;
  published: Storage;
  quarantine: Storage;
  records: Storage;
  sumdb: ChecksumDatabase | undefined;
  feed: FeedWriter;
  scratch: Scratch;
  metrics: Metrics;
  log: Logger;
  now: () => Date;
  /** Told of each module with a new version, when it can be served. */
  onPublished?: ((module: string) => void) | undefined;
}

export type ValidatorConfig = RuleConfig & Pick<Config, 'SUMDB' | 'DATA_DIR' | 'VALIDATOR_CONCURRENCY'>;

/** One delivery of one message. */
export interface Job {
  message: Message<'module.fetched'>;
  /** Becomes the processing log's entry. */
  run: RunLog;
  /** Makes the job's temporary folder, or says which it is. */
  folder: () => Promise<string>;
  signal: AbortSignal;
}

export const ruleContext = ({ config, records, sumdb, now }: Tools): RuleContext => ({
  config,
  records,
  sumdb,
  now: now(),
});

/** A security event: counted, logged and written down for `alarms`. */
export async function raiseAlarm(tools: Tools, job: Job, reason: Alarm['reason'], message: string): Promise<void> {
  const { module, version, origin, requestedAt } = job.message;
  tools.metrics.alarms.inc({ reason });
  tools.log.error({ module, version, origin, requestedAt, reason }, `alarm: ${message}`);
  job.run.add(`alarm: ${message}`, { reason });
  await writeAlarm(tools.records, { at: tools.now().toISOString(), module, version, reason, message });
}

/** Removes a version from quarantine; its `.info` first, so that what is left is not taken for complete. */
export async function cleanQuarantine({ quarantine }: Tools, { message }: Job): Promise<void> {
  const key = versionKey(message.module, message.version);
  await quarantine.delete(`${key}.info`);
  await all(['mod', 'zip', 'origin'].map(kind => quarantine.delete(`${key}.${kind}`)));
}

/** Waits for all of them, whatever fails, then throws the first failure. */
export async function all(works: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
}
