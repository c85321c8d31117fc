import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { Fault } from '../errors.ts';
import type { Messaging, Subscriber } from '../messaging/index.ts';
import type { Metrics } from '../metrics.ts';
import { parseFeedAddress } from '../origin/feed-address.ts';
import type { IndexReader, Origin } from '../origin/index.ts';
import packageJson from '../package.json' with { type: 'json' };
import type { Storage } from '../storage/index.ts';
import { parseSumdb } from '../sumdb/key.ts';
import { createChecksums } from './checksums.ts';
import { createClaims } from './claim.ts';
import { createFetchCounter } from './counts.ts';
import { createDirect } from './direct.ts';
import { createEgress } from './egress.ts';
import { createFeedReader } from './feeds.ts';
import { createHandler } from './handler.ts';
import { createGuard, type Lookup } from './net/guard.ts';
import { createLimiter } from './net/limiter.ts';
import { createWeb } from './net/web.ts';
import { createOrigin } from './origin.ts';
import { type OriginSpec, parseOrigins } from './origins.ts';
import { createRoutes } from './routes.ts';
import { createOff, createUpstream, type OriginClient } from './upstream.ts';

export type { Lookup } from './net/guard.ts';

export type ProcessorConfig = Pick<
  Config,
  | 'UPSTREAM'
  | 'INDEX_FEEDS'
  | 'PRIVATE_UPSTREAM'
  | 'PRIVATE_MODULES'
  | 'SUMDB'
  | 'LEASE'
  | 'LIST_TTL'
  | 'NEGATIVE_TTL'
  | 'ORIGIN_TIMEOUT'
  | 'ORIGIN_RATE'
  | 'ORIGIN_CONCURRENCY'
  | 'ORIGIN_CA_FILE'
  | 'ALLOW_PRIVATE_ORIGINS'
  | 'OWN_HOSTS'
  | 'DIRECT_TIMEOUT'
  | 'GOVCS'
  | 'PROCESSOR_CONCURRENCY'
  | 'SHUTDOWN_TIMEOUT'
>;

export interface ProcessorDeps {
  config: ProcessorConfig;
  messaging: Pick<Messaging, 'publish' | 'subscribe'>;
  published: Storage;
  quarantine: Storage;
  records: Storage;
  metrics: Metrics;
  log: Logger;
  /** Resolves origins' names; the system's resolver by default. */
  lookup?: Lookup;
  /** Where go and git are, as in PATH; usual places by default. */
  path?: string;
  /** Longest wait before a second attempt, in ms. */
  firstDelay?: number;
}

/** The only service that talks to the world: fetches versions into quarantine and answers the origin port. */
export interface Processor {
  origin: Origin & IndexReader;
  /** Begins to take messages. */
  start(): void;
  /** Stops taking messages, gives those being handled half of SHUTDOWN_TIMEOUT to finish, then gives them back. */
  close(): Promise<void>;
  /** Throws `unavailable` unless messages are being taken. An origin that is down does not make it unready. */
  ready(): Promise<void>;
}

const usualPath = '/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Longest wait for a turn at an origin host, in ms. */
const longestWait = 30_000;

/** Throws `invalid` when the configuration of the origins is. */
export function createProcessor(deps: ProcessorDeps): Processor {
  const { config, messaging, published, quarantine, records, log } = deps;
  const silence = config.ORIGIN_TIMEOUT;
  const specs = parseOrigins(config.UPSTREAM);
  const privateSpecs = parseOrigins(config.PRIVATE_UPSTREAM);
  const database = parseSumdb(config.SUMDB);
  const ca = config.ORIGIN_CA_FILE === '' ? undefined : readAuthorities(config.ORIGIN_CA_FILE);
  const count = createFetchCounter(deps.metrics);
  const closing = new AbortController();

  const configured = [...specs, ...privateSpecs].flatMap(spec => (spec.kind === 'goproxy' ? [spec.url] : []));
  if (database !== undefined) configured.push(new URL(database.url));
  const addresses = config.INDEX_FEEDS.map(parseFeedAddress);
  configured.push(...addresses.map(({ url }) => url));
  const { lookup } = deps;
  const allow = config.ALLOW_PRIVATE_ORIGINS;
  const guard = createGuard({ allow, configured, own: config.OWN_HOSTS, ...(lookup && { lookup }) });
  // What a module says of itself gets no further for being on the same host as an upstream.
  const strictGuard = createGuard({ allow, own: config.OWN_HOSTS, ...(lookup && { lookup }) });
  const limiter = createLimiter({
    rate: config.ORIGIN_RATE,
    concurrency: config.ORIGIN_CONCURRENCY,
    maxWait: longestWait,
  });
  // A go command holds its place at the host while its own connections wait for theirs: three limits, or they would
  // wait for one another.
  const rate = config.ORIGIN_RATE;
  const maxWait = config.DIRECT_TIMEOUT;
  const hosts = createLimiter({ rate, concurrency: config.ORIGIN_CONCURRENCY, maxWait });
  const jobs = createLimiter({ rate: 1000, concurrency: config.PROCESSOR_CONCURRENCY, maxWait });
  const tunnels = createLimiter({ rate, concurrency: Number.POSITIVE_INFINITY, maxWait: longestWait });
  const web = createWeb({ guard, limiter, count, userAgent: `gocenter/${packageJson.version}`, silence, ca });
  const egress = createEgress({ guard: strictGuard, limiter: tunnels, count, silence });

  function clientOf(spec: OriginSpec): OriginClient {
    if (spec.kind === 'goproxy') return createUpstream(spec, web, silence);
    if (spec.kind === 'off') return createOff(spec);
    return createDirect(spec, {
      egress,
      hosts,
      jobs,
      timeout: config.DIRECT_TIMEOUT,
      silence,
      govcs: config.GOVCS,
      ca,
      path: deps.path ?? usualPath,
      folder: tmpdir(),
      log,
    });
  }

  const origins = specs.map(clientOf);
  const routes = createRoutes({
    origins,
    privateOrigins: privateSpecs.map(clientOf),
    privateModules: config.PRIVATE_MODULES,
    ...(deps.firstDelay !== undefined && { firstDelay: deps.firstDelay }),
  });
  const checksums = createChecksums({ database, origins, records, web, log, isPrivate: routes.isPrivate, silence });
  const feeds = createFeedReader({ feeds: addresses, web, silence, closing: closing.signal });
  const claims = createClaims({ quarantine, term: config.LEASE / 2, log });
  const handler = createHandler({
    messaging,
    published,
    quarantine,
    records,
    routes,
    // Free again when the messages of a process that died are, which is after a LEASE.
    claims,
    log,
    negativeTtl: config.NEGATIVE_TTL,
    closing: closing.signal,
  });
  let subscriber: Subscriber | undefined;
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    const shuttingDown = () =>
      closing.abort(new Fault('unavailable', 'the processor is shutting down', { retryAfter: 1 }));
    const timer = setTimeout(shuttingDown, config.SHUTDOWN_TIMEOUT / 2);
    await subscriber?.close();
    clearTimeout(timer);
    shuttingDown();
    await checksums.close();
    await Promise.all([web.close(), egress.close()]);
  }

  return {
    origin: createOrigin({ routes, checksums, feeds, listTtl: config.LIST_TTL, closing: closing.signal }),
    start() {
      claims.sweep().catch(err => log.warn({ err }, 'old claims are left'));
      subscriber ??= messaging.subscribe('processor', handler, { concurrency: config.PROCESSOR_CONCURRENCY });
    },
    close() {
      closed ??= close();
      return closed;
    },
    async ready() {
      if (subscriber === undefined || closed !== undefined) {
        throw new Fault('unavailable', 'the processor takes no messages');
      }
    },
  };
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('invalid', `ORIGIN_CA_FILE=${file} can't be read`, { cause: error });
  }
}
