import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Check } from './admin.ts';
import { openBigquery } from './analytics/bigquery.ts';
import type { Analytics, DownloadLog } from './analytics/index.ts';
import { openCloudLog } from './analytics/logging.ts';
import { analyticsFiles, openForCommand } from './analytics/open.ts';
import { openSharedAnalytics } from './analytics/shared.ts';
import { openSpool } from './analytics/spool.ts';
import type { Catalogue, CatalogueWriter } from './catalogue/index.ts';
import { parseAddress } from './catalogue/postgres/address.ts';
import { createPostgresCatalogue, migratePostgres, type PostgresOptions } from './catalogue/postgres.ts';
import { createSqliteCatalogue } from './catalogue/sqlite.ts';
import type { Config } from './config.ts';
import { asFault, Fault } from './errors.ts';
import type { Messaging } from './messaging/index.ts';
import { createPubsubMessaging } from './messaging/pubsub.ts';
import { createSqliteMessaging } from './messaging/sqlite.ts';
import type { SubscriptionName } from './messaging/topics.ts';
import { createFileStorage } from './storage/files.ts';
import { createGcsClient } from './storage/gcs/client.ts';
import { createGcsStorage } from './storage/gcs.ts';
import type { Storage } from './storage/index.ts';
import type { StoreName } from './stores.ts';

/** What the services keep things in: adapters chosen by configuration. */
export interface Backends {
  /** Checked and immutable; a GOPROXY by itself. */
  published: Storage;
  /** Fetched, not yet checked. */
  quarantine: Storage;
  /** Outcomes, provenance, processing logs, the feed. */
  records: Storage;
  messaging: Messaging;
  /** One a backend that is used, for readiness. */
  checks: Partial<Record<StoreName, Check>> & { messaging: Check };
  close(): Promise<void>;
}

/** What a process has to do with the backends: no more is looked at, for it may have no right to more. */
export interface Uses {
  /** Subscriptions that it reads. */
  reads: readonly SubscriptionName[];
  /** Stores that it has to do with. */
  stores: readonly StoreName[];
}

type StorageConfig = Pick<Config, 'STORAGE' | 'DATA_DIR'>;
type CheckedStorage = Storage & { ready(): Promise<void> };
type CheckedMessaging = Messaging & { ready(): Promise<void> };

/**
 * Opens the backends that STORAGE and MESSAGING name. Several processes may share them. Throws a sentence that begins with
 * the variable that is to be corrected. `onError` hears of failures in the background, which are tried again.
 */
export async function openBackends(config: Config, uses: Uses, onError: (error: Error) => void): Promise<Backends> {
  const { stores, close } = await openStores(config, uses);
  let messaging: CheckedMessaging;
  try {
    messaging = await named(nameOf(config, 'MESSAGING'), () => openMessaging(config, uses, onError));
  } catch (error) {
    await close();
    throw error;
  }
  const used = uses.stores.map(name => [name, () => stores[name].ready()] as const);
  return {
    ...stores,
    messaging,
    checks: { ...Object.fromEntries(used), messaging: () => messaging.ready() },
    close: () => messaging.close().finally(close),
  };
}

/** For processes of services that keep nothing and ask others, as the pages do: whoever uses one is told so. */
export function noBackends(): Omit<Backends, 'checks'> & { checks: Backends['checks'] | undefined } {
  const unopened = <T extends object>(name: string): T =>
    new Proxy({} as T, {
      get() {
        throw new Fault('internal', `${name} is used by a service that was started without backends`);
      },
    });
  return {
    published: unopened('the published store'),
    quarantine: unopened('quarantine'),
    records: unopened('records'),
    messaging: unopened('messaging'),
    checks: undefined,
    close: async () => {},
  };
}

/** The catalogue, for the services and commands that need it: the others need not reach it. */
export async function openCatalogue(config: Config): Promise<Catalogue & CatalogueWriter> {
  const postgres = postgresOptions(config);
  if (postgres !== undefined) return named(`CATALOGUE=${config.CATALOGUE}`, () => createPostgresCatalogue(postgres));
  const file = config.CATALOGUE.replace(/^sqlite:/, '') || join(config.DATA_DIR, 'catalogue.sqlite');
  return named(`CATALOGUE (${file})`, () => createSqliteCatalogue({ file }));
}

/** What the downloads are asked of, for a service. `onError` hears of failures that may pass. */
export async function openAnalytics(config: Config, onError: (error: Error) => void): Promise<Analytics> {
  const { ANALYTICS: place, DOWNLOADS_KEPT: kept } = config;
  return named(nameOf(config, 'ANALYTICS'), () => {
    if (place.kind === 'bigquery') return openBigquery({ ...place, onError });
    const { file, spool } = analyticsFiles(place.folder ?? config.DATA_DIR);
    return openSharedAnalytics({ file, spool, kept, onError });
  });
}

/** The same for a command, which may run beside the services. */
export async function openAnalyticsForCommand(config: Config, onError: (error: Error) => void): Promise<Analytics> {
  const { ANALYTICS: place } = config;
  if (place.kind === 'bigquery') return openAnalytics(config, onError);
  return openForCommand({ ...config, DATA_DIR: place.folder ?? config.DATA_DIR }, onError);
}

/** Where a proxy writes its downloads. `ready` throws what is wrong; downloads go on in any case. */
export async function openDownloadLog(
  config: Config,
  onError: (error: Error) => void,
): Promise<{ log: DownloadLog; ready?: Check }> {
  const { ANALYTICS: place } = config;
  return named(nameOf(config, 'ANALYTICS'), async () => {
    if (place.kind === 'duckdb') {
      return { log: await openSpool({ folder: analyticsFiles(place.folder ?? config.DATA_DIR).spool, onError }) };
    }
    const log = await openCloudLog({ project: place.project, endpoint: place.endpoint, onError });
    return { log, ready: () => log.ready() };
  });
}

/** Brings the schema of the catalogue to that of this program. Undefined where that is done by opening it. */
export async function migrateCatalogue(config: Config): Promise<{ from: number; to: number } | undefined> {
  const postgres = postgresOptions(config);
  return postgres && named(`CATALOGUE=${config.CATALOGUE}`, () => migratePostgres(postgres));
}

function postgresOptions({ CATALOGUE, CATALOGUE_PASSWORD_FILE: file }: Config): PostgresOptions | undefined {
  if (!CATALOGUE.startsWith('postgres:')) return undefined;
  const password = async () => (await readFile(file, 'utf8')).trimEnd();
  return { ...parseAddress(CATALOGUE), ...(file !== '' && { password }) };
}

/** The variable that decided, with its value, for an operator's eyes. */
function nameOf(
  config: StorageConfig & Partial<Pick<Config, 'MESSAGING' | 'ANALYTICS'>>,
  variable: 'STORAGE' | 'MESSAGING' | 'ANALYTICS',
): string {
  const place = config[variable];
  if (place === undefined) return variable;
  if (place.kind === 'gcs') return `STORAGE=gs://${place.base}`;
  if (place.kind === 'pubsub') return `MESSAGING=pubsub:${place.project}`;
  if (place.kind === 'bigquery') return `ANALYTICS=bigquery:${place.project}/${place.dataset}`;
  const path = place.kind === 'sqlite' ? place.file : place.folder;
  return path === undefined ? `DATA_DIR=${config.DATA_DIR}` : `${variable}=${path}`;
}

/** The stores alone. */
export async function openStores(config: StorageConfig, uses: Pick<Uses, 'stores'>) {
  return named(nameOf(config, 'STORAGE'), () => openStorage(config, uses));
}

async function openStorage({ STORAGE: place, DATA_DIR }: StorageConfig, uses: Pick<Uses, 'stores'>) {
  if (place.kind === 'files') {
    const root = place.folder ?? DATA_DIR;
    await makeFolder(resolve(root));
    return { stores: await each(name => createFileStorage({ root: join(root, name) })), close: async () => {} };
  }
  const client = createGcsClient({ endpoint: place.endpoint });
  try {
    const open = (name: StoreName) =>
      createGcsStorage({ client, bucket: `${place.base}-${name}`, look: uses.stores.includes(name) });
    const stores = await each(open);
    return { stores, close: () => client.close() };
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function openMessaging(
  config: Config,
  { reads }: Uses,
  onError: (error: Error) => void,
): Promise<CheckedMessaging> {
  const { MESSAGING: place, MAX_ATTEMPTS: maxAttempts, LEASE: lease } = config;
  if (place.kind === 'pubsub') {
    const { project, endpoint: emulator } = place;
    return createPubsubMessaging({ project, emulator, reads, maxAttempts, lease, onError });
  }
  const file = place.file ?? join(config.DATA_DIR, 'messages.sqlite');
  await makeFolder(resolve(dirname(file)));
  return createSqliteMessaging({ file, maxAttempts, lease, onError });
}

async function each(open: (name: StoreName) => Promise<CheckedStorage>): Promise<Record<StoreName, CheckedStorage>> {
  const [published, quarantine, records] = [await open('published'), await open('quarantine'), await open('records')];
  return { published, quarantine, records };
}

/** Runs `open`; what it throws begins with this name. */
async function named<T>(name: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const { kind, message } = asFault(error);
    throw new Fault(kind, `${name}: ${message}`, { cause: error });
  }
}

/** Level by level: Node's recursive mkdir never ends where a file system refuses with "no such file", as /proc does. */
async function makeFolder(path: string): Promise<void> {
  const make = () =>
    mkdir(path).then(
      () => 'made',
      ({ code }: NodeJS.ErrnoException) => code ?? 'unknown',
    );
  let result = await make();
  if (result === 'ENOENT' && dirname(path) !== path) {
    await makeFolder(dirname(path));
    result = await make();
  }
  if (result !== 'made' && result !== 'EEXIST') {
    throw new Fault('unavailable', `the folder ${path} can't be made (${result})`);
  }
}
