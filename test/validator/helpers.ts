import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { readConfig } from '../../services/config.ts';
import { Fault } from '../../services/errors.ts';
import type { Delivery, Messaging } from '../../services/messaging/index.ts';
import { createSqliteMessaging } from '../../services/messaging/sqlite.ts';
import type { Message } from '../../services/messaging/topics.ts';
import { createMetrics } from '../../services/metrics.ts';
import { createFeedWriter } from '../../services/records/feed.ts';
import { versionKey } from '../../services/records/index.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import type { Storage } from '../../services/storage/index.ts';
import { createHandler } from '../../services/validator/handle.ts';
import { createValidator } from '../../services/validator/index.ts';
import type { Tools, ValidatorConfig } from '../../services/validator/job.ts';
import type { ChecksumDatabase, ChecksumRecord } from '../../services/validator/rule.ts';
import { createScratch } from '../../services/validator/scratch.ts';
import { type FixtureModule, goModOf, infoOf, moduleZip } from '../upstream/module.ts';

export const noon = new Date('2026-06-01T12:00:00.000Z');
const minute = 60_000;

/** A small module that every rule passes. */
export const hello: FixtureModule = {
  path: 'example.com/hello',
  version: 'v1.0.0',
  time: '2026-01-02T03:04:05Z',
  files: { 'go.mod': 'module example.com/hello\n\ngo 1.22\n', 'hello.go': 'package hello\n' },
};

export type Published = { topic: string; message: Record<string, unknown> };

/** Real embedded stores and messages in a folder of their own, a clock that stands still, and no network. */
export async function openWorld(settings: Record<string, string> = {}) {
  const root = await mkdtemp(join(tmpdir(), 'gocenter-validator-'));
  const store = (name: string) => createFileStorage({ root: join(root, name) });
  const [published, quarantine, records] = await Promise.all([
    store('published'),
    store('quarantine'),
    store('records'),
  ]);
  const messaging = await createSqliteMessaging({
    file: join(root, 'messages.sqlite'),
    maxAttempts: 5,
    lease: 5000,
    backoff: { first: 5, max: 20 },
    poll: 5,
  });
  const config: ValidatorConfig = readConfig({ UPSTREAM: 'off', SUMDB: 'off', DATA_DIR: root, ...settings });
  const sent: Published[] = [];
  const world = {
    root,
    config,
    published,
    quarantine,
    records,
    messaging,
    /** What was published on any topic, in order. */
    sent,
    watched: watch(messaging, sent),
    clock: noon,
    metrics: createMetrics(),
    async quarantined(module: FixtureModule, parts: readonly string[] = ['zip', 'mod', 'info', 'origin']) {
      const key = versionKey(module.path, module.version);
      const bytes = await filesOf(module);
      for (const part of parts) await quarantine.put(`${key}.${part}`, bytes[part as keyof typeof bytes]);
    },
    async close() {
      await messaging.close();
      await rm(root, { recursive: true });
    },
  };
  return world;
}

export type World = Awaited<ReturnType<typeof openWorld>>;

export async function filesOf(module: FixtureModule) {
  const info = Buffer.from(JSON.stringify(infoOf(module)));
  const origin = Buffer.from('https://origin.test');
  return { zip: await moduleZip(module), mod: Buffer.from(goModOf(module)), info, origin };
}

/** A validator's tools, as after a start of the process: nothing in memory is shared. */
export function toolsOf(world: World, replaced: Partial<Tools> = {}): Tools {
  const now = () => world.clock;
  const records = replaced.records ?? world.records;
  return {
    ...world,
    messaging: world.watched,
    sumdb: undefined,
    scratch: createScratch(join(world.root, 'tmp')),
    feed: createFeedWriter(records, now),
    log: pino({ level: 'silent' }),
    now,
    ...replaced,
  };
}

export const fetched = (module: FixtureModule, more: Partial<Message<'module.fetched'>> = {}) => ({
  v: 1 as const,
  module: module.path,
  version: module.version,
  requestedAt: new Date(noon.getTime() - minute).toISOString(),
  origin: 'https://origin.test',
  ...more,
});

export const delivery = (attempt = 1, lastAttempt = false): Delivery => ({
  id: String(attempt),
  attempt,
  lastAttempt,
  publishedAt: noon,
  signal: new AbortController().signal,
});

/** Handles one message of a fixture in a validator of its own. */
export const handle = (tools: Tools, module: FixtureModule, more: Partial<Message<'module.fetched'>> = {}) =>
  createHandler(tools)(fetched(module, more), delivery());

export function startValidator(world: World, origin: (path: string) => Promise<Buffer> = silent) {
  const { config, published, quarantine, records, metrics } = world;
  const validator = createValidator({
    config,
    messaging: world.watched,
    published,
    quarantine,
    records,
    origin: { sumdb: (_name, path) => origin(path) },
    metrics,
    log: pino({ level: 'silent' }),
    now: () => world.clock,
  });
  validator.start();
  return validator;
}

const silent = async (): Promise<never> => {
  throw new Fault('unavailable', 'the origin does not answer');
};

/** A checksum database that has these records, by `module@version`. */
export const database = (records: Record<string, ChecksumRecord | Fault>): ChecksumDatabase => ({
  name: 'sumdb.test',
  async lookup(module, version) {
    const record = records[`${module}@${version}`] ?? new Fault('not-found', 'unknown module');
    if (record instanceof Fault) throw record;
    return record;
  },
});

function watch(messaging: Messaging, sent: Published[]): Messaging {
  return {
    ...messaging,
    async publish(topic, message) {
      await messaging.publish(topic, message);
      sent.push({ topic, message });
    },
  };
}

export async function keysOf(storage: Storage, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list(prefix)) keys.push(key);
  return keys;
}

/** Looks until it is true, for 10 s at most. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within 10 s: ${condition}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
