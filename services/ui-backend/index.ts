import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Check } from '../admin.ts';
import type { Catalogue } from '../catalogue/index.ts';
import type { Config } from '../config.ts';
import type { Messaging } from '../messaging/index.ts';
import type { Metrics } from '../metrics.ts';
import type { Outbox } from '../notifier/outbox.ts';
import type { Watches } from '../notifier/watches.ts';
import type { Origin } from '../origin/index.ts';
import { createAccess, type Token } from '../proxy/access.ts';
import type { Storage } from '../storage/index.ts';
import { compareAnswers } from './answers/compare.ts';
import { createDoctorAnswers } from './answers/doctor.ts';
import { createDownloadAnswers, type DownloadCounts, lastDays } from './answers/downloads.ts';
import { graphAnswers } from './answers/graph.ts';
import type { Handlers } from './answers/handlers.ts';
import { createInclusionAnswers } from './answers/inclusions.ts';
import { createModuleAnswers } from './answers/module.ts';
import { freshness } from './answers/objectives.ts';
import { createOverviewAnswers } from './answers/overview.ts';
import { createSearchAnswers } from './answers/search.ts';
import { createSecurityAnswers } from './answers/security.ts';
import { createStatusAnswer } from './answers/status.ts';
import { createWatchAnswers } from './answers/watches.ts';
import { type Answers, createAnswers, createApi } from './api.ts';
import { createApp } from './app.ts';
import type { Api } from './client.ts';
import { ifKnown, promptCounts } from './prompt-counts.ts';

export interface UiBackendDeps {
  config: Pick<
    Config,
    | 'API_CACHE_BYTES'
    | 'PRIVATE_MODULES'
    | 'PUBLIC_URL'
    | 'RATE_LIMIT'
    | 'REQUIRE_TOKEN'
    | 'SLACK_CHANNEL'
    | 'SLACK_WATCH_CHANNELS'
    | 'TRUSTED_PROXIES'
    | 'VULNDB'
    | 'WEBHOOK_ALLOW_PRIVATE'
  >;
  tokens: readonly Token[];
  catalogue: Catalogue;
  /** Undefined where downloads are not counted. */
  downloads: DownloadCounts | undefined;
  published: Storage;
  records: Storage;
  messaging: Messaging;
  origin: Origin;
  /** Shared with the notifier, where it runs in this process. */
  watches: Watches;
  outbox: Pick<Outbox, 'add'>;
  /** What the status tells of, by name. */
  checks: () => Readonly<Record<string, Check>>;
  /** Whether the processor counts its fetches in this process's metrics. */
  hasProcessor: boolean;
  metrics: Metrics;
  log: Logger;
  now?: () => Date;
}

export interface UiBackend {
  /** For pages in the same process. */
  api: Api;
  /** Not listening yet; its `close` ends what is followed, then waits for what is under way. */
  app: FastifyInstance;
  /** To be called when the catalogue has changed: hot answers are made anew. */
  changed(): void;
}

/** Days that "lately" means where downloads of versions are told. */
const lately = 30;
const maxVersions = 10_000;

/** How long measured objectives are told before they are measured again, in ms. */
const objectivesAge = 60_000;

/** The service that the pages and everybody's programs ask. */
export async function createUiBackend(deps: UiBackendDeps): Promise<UiBackend> {
  const { config, now = () => new Date() } = deps;
  const access = createAccess({
    tokens: deps.tokens,
    requireToken: config.REQUIRE_TOKEN,
    privateModules: config.PRIVATE_MODULES,
  });
  const answers: Answers = createAnswers({
    catalogue: deps.catalogue,
    access,
    anyPrivate: config.PRIVATE_MODULES.length > 0,
    handlers: createHandlers({ ...deps, now }),
    maxBytes: config.API_CACHE_BYTES,
  });
  const app = await createApp({ config, answers, registry: deps.metrics.registry, log: deps.log, now });
  return { api: createApi(answers), app, changed: () => answers.changed() };
}

function createHandlers(deps: UiBackendDeps & { now: () => Date }): Handlers {
  const { catalogue, metrics, now } = deps;
  const downloads =
    deps.downloads &&
    promptCounts(deps.downloads, err => deps.log.warn({ err }, 'downloads can’t be told just now; pages do without'));
  const versionDownloads = async (module: string) => {
    if (downloads === undefined) return undefined;
    const wanted = { module, ...lastDays(now(), lately), limit: maxVersions };
    const counted = await ifKnown(downloads.byVersion(wanted));
    return counted && new Map(counted.map(({ version, people }) => [version, people]));
  };
  const fetches = async () => {
    const { values } = await metrics.fetches.get();
    return values.map(({ labels, value }) => ({
      host: String(labels.host),
      outcome: String(labels.outcome),
      requests: value,
    }));
  };
  return {
    ...createSearchAnswers({ now }),
    ...createModuleAnswers({ ...deps, versionDownloads }),
    ...graphAnswers,
    ...compareAnswers,
    ...createSecurityAnswers({ database: deps.config.VULNDB !== '' }),
    ...createDownloadAnswers({ counts: downloads, now }),
    ...createOverviewAnswers({ counts: downloads, now }),
    ...createDoctorAnswers({ database: deps.config.VULNDB !== '' }),
    ...createInclusionAnswers({ ...deps, now }),
    ...createWatchAnswers({
      ...deps,
      pages: deps.config.PUBLIC_URL.href.replace(/\/+$/, ''),
    }),
    status: createStatusAnswer({
      ...deps,
      now,
      fetches: deps.hasProcessor ? fetches : undefined,
      objectives: remembered(objectivesAge, async () => [await freshness(catalogue)], now),
    }),
  };
}

/** What `measure` says, at most once in `age` ms; a failure is not remembered. */
function remembered<T>(age: number, measure: () => Promise<T>, now: () => Date): () => Promise<T> {
  let last: { at: number; value: T } | undefined;
  return async () => {
    if (last === undefined || now().getTime() - last.at >= age) last = { at: now().getTime(), value: await measure() };
    return last.value;
  };
}
