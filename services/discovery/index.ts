import type { FastifyInstance } from 'fastify';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { Check } from '../admin.ts';
import type { Config } from '../config.ts';
import { Fault } from '../errors.ts';
import { escapePath } from '../gomod/escape.ts';
import type { Messaging, Subscriber } from '../messaging/index.ts';
import type { Metrics } from '../metrics.ts';
import { parseFeedAddress } from '../origin/feed-address.ts';
import type { IndexReader, Origin } from '../origin/index.ts';
import { createTerm } from '../records/term.ts';
import type { Storage } from '../storage/index.ts';
import { matchesAny } from '../validator/rules/patterns.ts';
import { createAsker, type Target } from './ask.ts';
import { createHooks } from './hooks/app.ts';
import type { HookSecrets } from './hooks/secrets.ts';
import { createFollower } from './index-feed.ts';
import { createLoop, type Loop } from './loop.ts';
import { createRepositories } from './repositories.ts';
import { createPublishedHandler } from './requirements.ts';
import { createStats } from './stats.ts';
import { createTags } from './tags.ts';

export interface DiscoveryDeps {
  config: Pick<
    Config,
    | 'ALLOW'
    | 'DENY'
    | 'DISCOVERY_BACKLOG'
    | 'DISCOVERY_RATE'
    | 'INDEX_FEEDS'
    | 'INDEX_INTERVAL'
    | 'INDEX_MODULES'
    | 'INDEX_SINCE'
    | 'REQUIREMENTS_DEPTH'
    | 'TAGS_PERIOD'
  >;
  secrets: HookSecrets;
  published: Storage;
  records: Storage;
  messaging: Messaging;
  origin: Origin & IndexReader;
  metrics: Metrics;
  log: Logger;
  now?: () => Date;
}

/** Finds versions and asks for them: feeds, tags, webhooks, requirements. It talks to the world through the origin port. */
export interface Discovery {
  /** The webhooks, not listening yet. */
  app: FastifyInstance;
  start(): void;
  /** Takes no more, gives up what waits, and lets another process go on. */
  close(): Promise<void>;
  /** One for each feed and for the tags: what works in the background is no reason to be unready. */
  concerns: Readonly<Record<string, Check>>;
}

/** Milliseconds in which one process follows the feeds and tags. */
const term = 15_000;
const publishedConcurrency = 4;
/** Modules whose lists wait to be asked for afresh after a webhook. */
const maxTagged = 1000;

export function createDiscovery(deps: DiscoveryDeps): Discovery {
  const { config, published, records, messaging, origin, log, now = () => new Date() } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  const stats = createStats(deps.metrics.registry);
  const asker = createAsker({ ...deps, stats, now });
  const repositories = createRepositories(records);
  const tags = createTags({ ...deps, asker, now, period: config.TAGS_PERIOD });
  const turn = createTerm({ storage: records, root: 'discovery/term/', length: term });

  async function isWanted({ module, version }: Target): Promise<boolean> {
    if (config.INDEX_MODULES.length === 0) return true;
    const patterns = config.INDEX_MODULES.filter(pattern => pattern !== 'known');
    if (matchesAny(patterns, module, version)) return true;
    return patterns.length < config.INDEX_MODULES.length && (await isKnown(module));
  }

  async function isKnown(module: string): Promise<boolean> {
    try {
      for await (const { key } of published.list(`${escapePath(module)}/@v/`)) if (key.endsWith('.info')) return true;
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'invalid') throw error;
    }
    return false;
  }

  const loops = new Map<string, Loop>();
  const addLoop = (name: string, step: (signal: AbortSignal) => Promise<number>) =>
    loops.set(name, createLoop({ name, step, term: turn, signal, log }));
  for (const { name: feed } of config.INDEX_FEEDS.map(parseFeedAddress)) {
    const options = { feed, reader: origin, since: config.INDEX_SINCE, interval: config.INDEX_INTERVAL };
    addLoop(`index ${feed}`, createFollower({ ...options, records, asker, stats, now, accepts: isWanted }));
  }
  if (config.TAGS_PERIOD > 0) addLoop('tags', tags.step);

  const refreshing = pLimit(2);
  function tagged(modules: readonly string[]): void {
    for (const module of modules) {
      if (refreshing.pendingCount >= maxTagged) return; // their lists are fresh again after LIST_TTL
      refreshing(() => tags.visit(module, { signal, fresh: true })).catch(error =>
        log.debug({ module, err: error }, 'the list could not be asked for'),
      );
    }
  }

  const app = createHooks({ ...deps, asker, repositories, stats, tagged });
  let subscriber: Subscriber | undefined;
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    const closingApp = app.close();
    closing.abort(new Fault('unavailable', 'discovery is shutting down', { retryAfter: 1 }));
    refreshing.clearQueue();
    await Promise.all([closingApp, subscriber?.close(), ...[...loops.values()].map(loop => loop.ended())]);
    await turn.resign();
  }

  return {
    app,
    start() {
      const depth = config.REQUIREMENTS_DEPTH;
      const handler = createPublishedHandler({ published, repositories, asker, depth, closing: signal });
      subscriber ??= messaging.subscribe('discovery.published', handler, { concurrency: publishedConcurrency });
      for (const loop of loops.values()) loop.start();
    },
    close() {
      closed ??= close();
      return closed;
    },
    concerns: Object.fromEntries([...loops].map(([name, loop]) => [name, () => loop.ready()])),
  };
}
