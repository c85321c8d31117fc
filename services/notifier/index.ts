import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { FactsOf } from '../catalogue/store.ts';
import type { Config } from '../config.ts';
import { asFault, type Fault } from '../errors.ts';
import type { Messaging, Subscriber } from '../messaging/index.ts';
import type { Metrics } from '../metrics.ts';
import packageJson from '../package.json' with { type: 'json' };
import { createGuard, type Lookup } from '../processor/net/guard.ts';
import type { Token } from '../proxy/access.ts';
import { createTerm } from '../records/term.ts';
import type { Storage } from '../storage/index.ts';
import type { Api } from '../ui-backend/client.ts';
import { createDispatcher } from './dispatcher.ts';
import { createFollowers } from './followers.ts';
import { createHooks } from './hooks/app.ts';
import { createIncidents } from './incidents.ts';
import { createKubernetesHealth } from './kubernetes/index.ts';
import { createNotifierMetrics } from './metrics.ts';
import type { Notice } from './notice.ts';
import { publishedNotice, rejectedNotice, vulnerabilityNotice } from './notices.ts';
import { createAlarmWatch } from './operators/alarms.ts';
import { deadLetterProblems } from './operators/dead-letters.ts';
import { createUsedWatch } from './operators/rejected-but-used.ts';
import type { Outbox } from './outbox.ts';
import type { HookSecrets } from './secrets.ts';
import { mayWatchInto } from './slack/channels.ts';
import { createSlack, type Posted } from './slack/client.ts';
import { createFlood } from './slack/flood.ts';
import { createSlackSend } from './slack/send.ts';
import { createThreads } from './slack/threads.ts';
import { aboutKey, type Watches } from './watches.ts';
import { withPort } from './webhook/allowed.ts';
import { createWebhookLookup } from './webhook/lookup.ts';
import { createWebhookSend } from './webhook/send.ts';
import { createWeekly } from './weekly.ts';

export interface NotifierDeps {
  config: Pick<
    Config,
    | 'PUBLIC_URL'
    | 'PRIVATE_MODULES'
    | 'WEBHOOK_ALLOW_PRIVATE'
    | 'OWN_HOSTS'
    | 'SLACK_URL'
    | 'SLACK_CHANNEL'
    | 'SLACK_WATCH_CHANNELS'
    | 'KUBERNETES_HEALTH'
    | 'KUBERNETES_URL'
    | 'KUBERNETES_ACCOUNT'
  >;
  /** Empty where Slack is not set up. */
  slackToken: string;
  hookSecrets: HookSecrets;
  tokens: readonly Token[];
  published: Storage;
  records: Storage;
  factsOf: FactsOf;
  messaging: Messaging;
  /** Who uses a version. */
  api: Pick<Api, 'usedBy'>;
  /** Shared with who makes watches in this process, so that a delivery begins at once. */
  outbox: Outbox;
  watches: Watches;
  metrics: Metrics;
  log: Logger;
  now?: () => Date;
  lookup?: Lookup;
}

export interface Notifier {
  /** The hooks; not listening yet. */
  app: FastifyInstance;
  /** Takes messages. */
  subscribe(): void;
  /** Takes messages, and delivers what is due. */
  start(): void;
  /** Looks at what operators are told of, delivers all that is due and waits for it; what `start` does again and again. */
  round(): Promise<void>;
  /** Takes no more messages and hooks, finishes what is being sent, and lets another replica deliver. */
  close(): Promise<void>;
  /** Throws why nothing is delivered. */
  ready(): Promise<void>;
}

/** Longest time between two looks at what other replicas have added, in ms. */
const poll = 5_000;
/** Between two looks at alarms, dead letters and what is old, in ms. */
const lookEvery = 30_000;
const cleanEvery = 3_600_000;
const concurrency = 4;
/** A replica that dies is followed by another within twice this time, in ms. */
const term = 15_000;

export function createNotifier(deps: NotifierDeps): Notifier {
  const { config, records, messaging, outbox, watches, log, now = () => new Date() } = deps;
  const pages = config.PUBLIC_URL.href.replace(/\/+$/, '');
  const metrics = createNotifierMetrics(deps.metrics.registry);
  const slack = deps.slackToken === '' ? undefined : createSlack({ url: config.SLACK_URL, token: deps.slackToken });
  const threads = createWeekly<Posted>('threads', { records, now });
  const over = createWeekly<true>('over', { records, now });
  const allow = config.WEBHOOK_ALLOW_PRIVATE.map(withPort);
  const guard = createGuard({
    allow,
    variable: 'WEBHOOK_ALLOW_PRIVATE',
    own: config.OWN_HOSTS,
    lookup: deps.lookup ?? createWebhookLookup(allow),
  });
  const userAgent = `gocenter/${packageJson.version}`;
  const webhook = createWebhookSend({ watches, guard, userAgent, now });
  // Of several replicas one delivers, or a message would be sent by each.
  const leader = createTerm({ storage: records, root: 'notifier/leader', length: term, now: () => now().getTime() });
  const dispatcher = createDispatcher({
    outbox,
    watches,
    send: { slack: createSlackSend({ slack, threads: createThreads(threads), outbox, now }), webhook: webhook.send },
    flood: createFlood(now),
    mayTell: target => target.kind !== 'slack' || mayWatchInto(target.channel, config),
    leads: () => leader.holds(),
    metrics,
    log,
    now,
  });

  const canTell = slack !== undefined && config.SLACK_CHANNEL !== '';
  const tell = async (notice: Notice, channel = config.SLACK_CHANNEL) => {
    if (slack !== undefined && channel !== '') return outbox.add(notice, { kind: 'slack', channel });
    log.warn({ notice: notice.id, text: notice.text }, notice.title);
    return 'added';
  };
  const tellOperators = async (notice: Notice, channel?: string): Promise<void> => {
    await tell(notice, channel);
  };
  const followers = createFollowers({ ...deps, privateModules: config.PRIVATE_MODULES });
  const alarms = createAlarmWatch({ records, tell: tellOperators });
  const used = createUsedWatch({ ...deps, tell: tellOperators, pages });
  const deadLetters = createIncidents({ name: 'dead-letters', records, tell: tellOperators, now });
  const kubernetes = config.KUBERNETES_HEALTH
    ? createKubernetesHealth({ config, records, tell: tellOperators, log, now })
    : undefined;
  const app = createHooks({
    secrets: deps.hookSecrets,
    tell: canTell ? tell : undefined,
    over,
    metrics,
    log,
    now,
  });

  let subscribers: Subscriber[] = [];
  const subscribe = () => {
    subscribers = [
      messaging.subscribe(
        'notifier.published',
        async message => {
          await followers.tell('published', publishedNotice(message, pages), message);
          await used.published(message);
        },
        { concurrency },
      ),
      messaging.subscribe(
        'notifier.rejected',
        async message => {
          await followers.tell('rejected', rejectedNotice(message, pages), { module: message.module });
          await used.rejected(message);
        },
        { concurrency },
      ),
      messaging.subscribe(
        'notifier.vulnerability',
        async message => {
          const { module, versions } = message;
          await followers.tell('vulnerability', vulnerabilityNotice(message, pages), { module, version: versions[0] });
        },
        { concurrency },
      ),
    ];
  };

  let looked = 0;
  let cleaned = 0;
  async function look(): Promise<void> {
    const time = now().getTime();
    if (time - looked >= lookEvery) {
      looked = time;
      await alarms.look();
      await deadLetters.reconcile(await deadLetterProblems(messaging));
      await kubernetes?.look();
    }
    if (time - cleaned >= cleanEvery) {
      cleaned = time;
      await outbox.clean();
      await threads.clean();
      await over.clean();
      await watches.clean();
    }
  }

  const stop = new AbortController();
  let wake = () => {};
  outbox.onAdded(() => wake());
  let failure: Fault | undefined;
  let following: Promise<void> | undefined;

  let looking: Promise<void> | undefined;
  /** One at a time; it may take long, where Kubernetes is slow, and no delivery waits for it. */
  const lookOnce = () => {
    looking ??= look()
      .catch(error => log.error({ err: asFault(error) }, 'what operators are told of can’t be looked at'))
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };

  async function follow(): Promise<void> {
    /** When all was looked at last, by a clock that is never set. */
    let looked = Number.NEGATIVE_INFINITY;
    await records.put(aboutKey, Buffer.from(JSON.stringify({ slack: slack !== undefined }))).catch(error => {
      log.error({ err: asFault(error) }, 'who makes watches can’t be told whether Slack is set up');
    });
    while (!stop.signal.aborted) {
      const woken = Promise.withResolvers<void>();
      wake = woken.resolve;
      let next = () => Number.POSITIVE_INFINITY;
      let done: Promise<void> | undefined;
      try {
        if (await leader.holds()) {
          void lookOnce();
          const which = failure !== undefined || performance.now() - looked >= poll ? 'all' : 'due';
          ({ next, done } = await dispatcher.round(which));
          if (which === 'all') looked = performance.now();
        }
        failure = undefined;
      } catch (error) {
        failure = asFault(error);
        log.error({ err: failure }, 'deliveries can’t be read; they are tried again');
      }
      // A lane that has ended may have something due sooner.
      const rest = () => Math.max(0, Math.min(poll, next() - now().getTime()));
      const turn = new AbortController();
      const signal = AbortSignal.any([stop.signal, turn.signal]);
      const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => {});
      await Promise.race([woken.promise, ...(done ? [done.then(() => pause(rest()))] : []), pause(poll)]);
      turn.abort();
    }
  }

  return {
    app,
    subscribe,
    start() {
      if (following !== undefined) return;
      subscribe();
      kubernetes?.start();
      following = follow();
    },
    async round() {
      if (!(await leader.holds())) return;
      await lookOnce();
      const { done } = await dispatcher.round('all');
      await done;
    },
    async close() {
      await Promise.all([app.close(), ...subscribers.map(subscriber => subscriber.close())]);
      stop.abort();
      await following;
      await looking;
      await kubernetes?.close();
      await dispatcher.close();
      await leader.resign().catch(error => log.warn({ err: asFault(error) }, 'another replica leads in some seconds'));
      await slack?.close();
      await webhook.close();
    },
    async ready() {
      if (failure !== undefined) throw failure;
    },
  };
}
