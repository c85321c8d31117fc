import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { type Check, createAdmin } from './admin.ts';
import { createDownloadCounts } from './analytics/counts.ts';
import { noBackends, openAnalytics, openBackends, openCatalogue, openDownloadLog } from './backends.ts';
import { createDescriber } from './catalogue/describer.ts';
import { createVulndb } from './catalogue/vulndb/index.ts';
import type { Config } from './config.ts';
import { type HookSecrets, noHookSecrets } from './discovery/hooks/secrets.ts';
import { createDiscovery } from './discovery/index.ts';
import { Fault } from './errors.ts';
import type { Messaging } from './messaging/index.ts';
import { type SubscriptionName, subscriptions } from './messaging/topics.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createNotifier } from './notifier/index.ts';
import { createOutbox } from './notifier/outbox.ts';
import { type NotifierSecrets, noNotifierSecrets } from './notifier/secrets.ts';
import { createWatches } from './notifier/watches.ts';
import { createHttpOrigin } from './origin/http.ts';
import type { Lookup } from './processor/egress.ts';
import { createProcessor, type Processor } from './processor/index.ts';
import { parseOrigins } from './processor/origins.ts';
import { createOriginServer } from './processor/server.ts';
import type { Token } from './proxy/access.ts';
import { createProxy, type Proxy as Serving } from './proxy/index.ts';
import { createBatch } from './proxy/request-log.ts';
import { storeNames, storesOf } from './stores.ts';
import { createUi, passToApp, passToUrl } from './ui/index.ts';
import type { Api } from './ui-backend/client.ts';
import { createHttpApi } from './ui-backend/http-client.ts';
import { createUiBackend, type UiBackend } from './ui-backend/index.ts';
import { createIndexer } from './ui-backend/indexer.ts';
import { createPopularity } from './ui-backend/popularity.ts';
import { createValidator } from './validator/index.ts';

export const serviceNames = ['proxy', 'processor', 'validator', 'discovery', 'notifier', 'ui-backend', 'ui'] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface RunOptions {
  config: Config;
  /** Services to run in this process. */
  services: readonly ServiceName[];
  tokens: readonly Token[];
  /** Without them no webhook is accepted. */
  hookSecrets?: HookSecrets;
  /** Without them nothing is told in Slack. */
  notifier?: NotifierSecrets;
  log: Logger;
  /** Takes the request log, some lines at a time; undefined writes none. */
  requestLog: { write(lines: string): unknown } | undefined;
  /** Told of each step of the start. */
  say?: (line: string) => void;
  /** Where go and git are looked for, as in PATH. */
  path?: string | undefined;
  /** Resolves origins' names; the system's resolver by default. */
  lookup?: Lookup;
}

export interface Running {
  /** The ports that are listened on; undefined for what does not run here. */
  ports: {
    proxy?: number;
    ui?: number;
    api?: number;
    hooks?: number;
    notifier?: number;
    admin: number;
    origin?: number;
  };
  /** Drains and closes everything, in order. Resolves within SHUTDOWN_TIMEOUT, true when all was finished. */
  close(): Promise<boolean>;
}

/** Builds the services on their backends and starts them; nothing is left running when it throws. */
export async function run(options: RunOptions): Promise<Running> {
  const { config, services, log, say = () => {} } = options;
  const has = (name: ServiceName) => services.includes(name);
  const closers: (() => Promise<unknown>)[] = [];
  let draining = false;

  try {
    const metrics = createMetrics();
    const keepsNothing = services.every(name => askingOnly.includes(name));
    if (!keepsNothing) say('opening the backends');
    const reads = subscriptionsOf(services);
    const uses = {
      reads,
      stores: storeNames.filter(name => services.some(service => storesOf[service].includes(name))),
    };
    const warn = (err: Error) => log.warn({ err }, 'messaging fails in the background; it tries again');
    const backends = keepsNothing ? noBackends() : await openBackends(config, uses, warn);
    closers.unshift(() => backends.close());
    const shared = { ...backends, config, metrics, log };
    const ports: Running['ports'] = { admin: 0 };
    const { messaging, ...stores } = backends.checks ?? {};
    const ofMessaging: Record<string, Check> = messaging === undefined ? {} : { messaging };
    // Who only publishes can go on with what is published already while messaging fails.
    const checks: Record<string, Check> = { ...stores, ...(reads.length > 0 && ofMessaging) };
    const concerns: Record<string, Check> = { ...(reads.length === 0 && ofMessaging) };

    const admin = createAdmin({
      checks,
      concerns,
      registry: metrics.registry,
      collect: async () => {
        await Promise.all(reads.map(name => measureBacklog(metrics, backends.messaging, name)));
      },
      draining: () => draining,
    });
    closers.unshift(() => closeServer(admin));

    let proxy: Serving | undefined;
    let processor: Processor | undefined;
    if (has('processor')) {
      say(
        `starting the processor, fetching from ${parseOrigins(config.UPSTREAM)
          .map(({ name }) => name)
          .join(', ')}`,
      );
      // The proxy drains before and may take half of the time; what is left must do to give unfinished messages back.
      const time = has('proxy') ? config.SHUTDOWN_TIMEOUT / 2 : config.SHUTDOWN_TIMEOUT;
      processor = createProcessor({
        ...shared,
        config: { ...config, SHUTDOWN_TIMEOUT: time },
        ...(options.path && { path: options.path }),
        ...(options.lookup && { lookup: options.lookup }),
      });
      checks.processor = () => (processor as Processor).ready();
      const running = processor;
      if (services.length === serviceNames.length) {
        closers.unshift(() => running.close());
      } else {
        const server = createOriginServer({ origin: processor.origin, log });
        // It answers without asking who asks: beyond this machine only where the operator says so.
        ports.origin = await listen(server, config.ORIGIN_PORT, config.HOST || '127.0.0.1', 'ORIGIN_PORT');
        // Together: questions that hang end when the processor does.
        closers.unshift(() => Promise.all([running.close(), closeServer(server)]));
      }
      processor.start();
    }
    let origin = processor?.origin;
    if (origin === undefined) {
      // `direct` may take this long to resolve a branch.
      const remote = createHttpOrigin({ url: config.ORIGIN_URL, timeout: config.DIRECT_TIMEOUT + 30_000 });
      closers.unshift(() => remote.close());
      origin = remote;
      if (asksOrigins.some(has)) concerns.origin = () => remote.ready();
    }

    if (has('validator')) {
      say(`starting the validator, checksum database ${config.SUMDB.split(' ')[0]}`);
      const validator = createValidator({ ...shared, origin, onPublished: module => proxy?.published(module) });
      checks.validator = () => validator.ready();
      closers.unshift(() => validator.close());
      validator.start();
    }
    if (has('discovery')) {
      say('starting discovery');
      const discovery = createDiscovery({ ...shared, origin, secrets: options.hookSecrets ?? noHookSecrets });
      await discovery.app.ready();
      closers.unshift(() => discovery.close());
      Object.assign(concerns, discovery.concerns);
      ports.hooks = await listen(discovery.app.server, config.DISCOVERY_PORT, config.HOST, 'DISCOVERY_PORT');
      discovery.start();
    }
    const outbox = createOutbox({ records: backends.records, now: () => new Date() });
    const watches = createWatches({ records: backends.records, now: () => new Date() });
    // Its thread is started by the first version that is to be described.
    const describer = createDescriber(config);
    closers.unshift(() => describer.close());
    const { factsOf } = describer;
    let uiBackend: UiBackend | undefined;
    if (has('ui-backend')) {
      say('starting ui-backend');
      const catalogue = await openCatalogue(config);
      closers.unshift(() => catalogue.close());
      checks.catalogue = () => catalogue.ready();
      const analytics = await openAnalytics(config, err =>
        log.warn({ err }, 'downloads can’t be counted; it tries again'),
      );
      closers.unshift(() => analytics.close());
      concerns.analytics = () => analytics.ready();
      uiBackend = await createUiBackend({
        ...shared,
        tokens: options.tokens,
        catalogue,
        downloads: createDownloadCounts(analytics),
        origin,
        watches,
        outbox,
        // Looked at when they are asked for: by then all are there.
        checks: () => ({ ...checks, ...concerns }),
        hasProcessor: has('processor'),
      });
      const { app, changed } = uiBackend;
      const popularity = createPopularity({ analytics, catalogue, changed, log });
      closers.unshift(() => popularity.close());
      popularity.start();
      await app.ready();
      const indexer = createIndexer({ ...shared, factsOf, catalogue, changed });
      closers.unshift(() => Promise.all([app.close(), indexer.close()]));
      indexer.start();
      if (config.VULNDB !== '') {
        const timing = { interval: config.VULNDB_REFRESH, changed };
        const vulndb = createVulndb({ ...shared, ...timing, catalogue, database: config.VULNDB });
        closers.unshift(() => vulndb.close());
        concerns.vulndb = () => vulndb.ready();
        vulndb.start();
      }
      ports.api = await listen(app.server, config.API_PORT, config.HOST, 'API_PORT');
    }
    if (has('notifier')) {
      say('starting the notifier');
      let api: Pick<Api, 'usedBy'> | undefined = uiBackend?.api;
      if (api === undefined) {
        const remote = createHttpApi({ url: config.API_URL });
        closers.unshift(() => remote.close());
        api = remote;
      }
      const secrets = options.notifier ?? noNotifierSecrets;
      const notifier = createNotifier({ ...shared, ...secrets, factsOf, tokens: options.tokens, api, outbox, watches });
      await notifier.app.ready();
      closers.unshift(() => notifier.close());
      concerns.notifier = () => notifier.ready();
      notifier.start();
      ports.notifier = await listen(notifier.app.server, config.NOTIFIER_PORT, config.HOST, 'NOTIFIER_PORT');
    }
    if (has('ui')) {
      say('starting the pages');
      let pages = uiBackend && { api: uiBackend.api, passOn: passToApp(uiBackend.app) };
      if (pages === undefined) {
        const remote = createHttpApi({ url: config.API_URL });
        closers.unshift(() => remote.close());
        concerns['ui-backend'] = () => remote.ready();
        pages = { api: remote, passOn: passToUrl(config.API_URL) };
      }
      const ui = await createUi({ ...shared, ...pages, registry: metrics.registry });
      await ui.ready();
      closers.unshift(() => ui.close());
      ports.ui = await listen(ui.server, config.UI_PORT, config.HOST, 'UI_PORT');
    }
    if (has('proxy')) {
      say('starting the proxy');
      const { log: downloads, ready } = await openDownloadLog(config, err =>
        log.warn({ err }, 'the download log can’t be written; downloads go on'),
      );
      if (ready !== undefined) concerns.downloads = ready;
      metrics.downloadLinesDropped(() => downloads.dropped);
      const requestLines = createBatch([...(options.requestLog ? [options.requestLog] : []), downloads]);
      closers.unshift(async () => {
        requestLines.close();
        await downloads.close();
      });
      const serving = createProxy({ ...shared, origin, tokens: options.tokens, requestLines });
      ports.proxy = await listen(serving.server, config.PORT, config.HOST, 'PORT');
      proxy = serving;
      closers.unshift(() => serving.close(config.SHUTDOWN_TIMEOUT / 2));
    }
    ports.admin = await listen(admin, config.ADMIN_PORT, config.HOST, 'ADMIN_PORT');

    return {
      ports,
      async close() {
        draining = true;
        return await within(config.SHUTDOWN_TIMEOUT, closeAll(closers));
      },
    };
  } catch (error) {
    await within(config.SHUTDOWN_TIMEOUT, closeAll(closers));
    throw error;
  }
}

/** Services that keep nothing: they ask another one for all that they show. */
const askingOnly: readonly ServiceName[] = ['ui'];

/** What asks an origin; the others need not reach a processor. */
const asksOrigins: readonly ServiceName[] = ['proxy', 'validator', 'discovery', 'ui-backend'];

/** The subscriptions of these services: a subscription is named after its service, or `<service>.<event>`. */
const subscriptionsOf = (services: readonly ServiceName[]): SubscriptionName[] =>
  (Object.keys(subscriptions) as SubscriptionName[]).filter(name =>
    services.some(service => service === name.split('.')[0]),
  );

/** What is not known has no value: neither an old one nor zero. */
async function measureBacklog(metrics: Metrics, messaging: Messaging, subscription: SubscriptionName): Promise<void> {
  const { queueDepth, queueAge, queueDead } = metrics;
  try {
    const { depth, oldestAge, dead } = await messaging.backlog(subscription);
    queueDepth.set({ subscription }, depth);
    queueAge.set({ subscription }, oldestAge);
    queueDead.set({ subscription }, dead);
  } catch {
    for (const gauge of [queueDepth, queueAge, queueDead]) gauge.remove({ subscription });
  }
}

/** In order: the proxy first, so that the others still serve what it waits for; the backends last. */
async function closeAll(closers: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const close of closers) await close();
}

/** Whether `work` has ended in time. */
async function within(milliseconds: number, work: Promise<void>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, milliseconds, false);
  work.then(
    () => resolve(true),
    () => resolve(false),
  );
  return promise.finally(() => clearTimeout(timer));
}

async function listen(server: Server, port: number, host: string, variable: string): Promise<number> {
  server.listen(port, host === '' ? undefined : host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'is in use by another process' : `can't be listened on: ${message}`;
    const what = code === 'EADDRINUSE' ? `${variable}=${port}` : `HOST=${host} with ${variable}=${port}`;
    throw new Fault('unavailable', `${what} ${reason}; choose another`, { cause: error });
  }
  return (server.address() as AddressInfo).port;
}

function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    if (!server.listening) return resolve();
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
