import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { factsOf } from '../../services/catalogue/store.ts';
import { readConfig } from '../../services/config.ts';
import { Fault } from '../../services/errors.ts';
import type { Messaging } from '../../services/messaging/index.ts';
import type { SubscriptionName } from '../../services/messaging/topics.ts';
import { createMetrics } from '../../services/metrics.ts';
import { createNotifier } from '../../services/notifier/index.ts';
import { createOutbox } from '../../services/notifier/outbox.ts';
import type { HookSecrets } from '../../services/notifier/secrets.ts';
import { createWatches, type WantedWatch } from '../../services/notifier/watches.ts';
import type { Token } from '../../services/proxy/access.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import type { Api } from '../../services/ui-backend/client.ts';

export interface StartOptions {
  slack?: { url: string; token: string };
  environment?: Record<string, string>;
  secrets?: HookSecrets;
  tokens?: readonly Token[];
  usedBy?: Api['usedBy'];
  /** Of another instance, to go on where it was. */
  folder?: string;
  clock?: Clock;
}

/** A clock that stands until it is moved. */
export class Clock {
  time = Date.parse('2026-11-20T12:00:00.000Z');
  now = () => new Date(this.time);
  /** RFC 3339. */
  at = () => this.now().toISOString();
  pass(ms: number): void {
    this.time += ms;
  }
}

const never: Api['usedBy'] = async () => {
  throw new Fault('not-found', 'nobody uses it');
};

/** The notifier on real stores, with messages that are handed to it and a clock that is moved. */
export async function startNotifier(options: StartOptions = {}) {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'gocenter-notifier-')));
  const clock = options.clock ?? new Clock();
  const { now } = clock;
  const published = await createFileStorage({ root: join(folder, 'published') });
  const records = await createFileStorage({ root: join(folder, 'records') });
  const handlers = new Map<string, (message: never, delivery: never) => Promise<void>>();
  const dead = new Map<SubscriptionName, string[]>();
  const messaging = {
    subscribe(name: string, handler: (message: never, delivery: never) => Promise<void>) {
      handlers.set(name, handler);
      return { close: async () => {} };
    },
    backlog: async (name: SubscriptionName) => ({ depth: 0, oldestAge: 0, dead: dead.get(name)?.length ?? 0 }),
    deadLetters: async (name: SubscriptionName) =>
      (dead.get(name) ?? []).map((error, i) => ({ id: `${i}`, message: {}, publishedAt: now(), attempts: 5, error })),
  } as unknown as Messaging;
  const outbox = createOutbox({ records, now });
  const watches = createWatches({ records, now });
  const metrics = createMetrics();
  const logged: { message?: string; msg?: string; level: number }[] = [];
  const environment = {
    UPSTREAM: 'off',
    SUMDB: 'off',
    PUBLIC_URL: 'https://gocenter.example',
    SLACK_CHANNEL: 'C0OPERATORS',
    SLACK_WATCH_CHANNELS: 'C000TEAM',
    ...(options.slack && { SLACK_URL: options.slack.url }),
    ...options.environment,
  };
  const notifier = createNotifier({
    config: readConfig(environment),
    slackToken: options.slack?.token ?? '',
    hookSecrets: options.secrets ?? {},
    tokens: options.tokens ?? [],
    published,
    records,
    factsOf: target => factsOf({ published, records }, target),
    messaging,
    api: { usedBy: options.usedBy ?? never },
    outbox,
    watches,
    metrics,
    log: pino({ level: 'info' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
    now,
  });
  notifier.subscribe();

  return {
    notifier,
    app: notifier.app,
    clock,
    folder,
    published,
    records,
    outbox,
    watches,
    metrics,
    logged,
    dead,
    /** Hands a message over, as messaging does. */
    async hear(subscription: SubscriptionName, message: object): Promise<void> {
      await handlers.get(subscription)?.(message as never, {} as never);
    },
    watch: (wanted: Partial<WantedWatch>) =>
      watches.create({
        subject: { module: 'a.example/x' },
        events: ['published', 'rejected', 'vulnerability'],
        deliver: { slack: 'C000TEAM' },
        token: undefined,
        client: '192.0.2.1',
        ...wanted,
      }),
    async close({ keep = false } = {}) {
      await notifier.close();
      if (!keep) await rm(folder, { recursive: true, force: true });
    },
  };
}

export const published = (module: string, version: string, publishedAt: string) => ({
  v: 1,
  module,
  version,
  publishedAt,
  hash: 'h1:abc=',
  origin: 'direct',
});
