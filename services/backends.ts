import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Check } from './admin.ts';
import type { Catalogue, CatalogueWriter } from './catalogue/index.ts';
import { parseAddress } from './catalogue/postgres/address.ts';
import { createPostgresCatalogue, migratePostgres, type PostgresOptions } from './catalogue/postgres.ts';
import { createSqliteCatalogue } from './catalogue/sqlite.ts';
import type { Config } from './config.ts';
import { asFault, Fault } from './errors.ts';
import type { Messaging } from './messaging/index.ts';
import { createSqliteMessaging } from './messaging/sqlite.ts';
import { createFileStorage } from './storage/files.ts';
import type { Storage } from './storage/index.ts';

/** What the services keep things in: adapters chosen by configuration. */
export interface Backends {
  /** Checked and immutable; a GOPROXY by itself. */
  published: Storage;
  /** Fetched, not yet checked. */
  quarantine: Storage;
  /** Outcomes, provenance, processing logs, the feed. */
  records: Storage;
  messaging: Messaging;
  /** One a backend, for readiness. */
  checks: Record<string, Check>;
  close(): Promise<void>;
}

/** The embedded backends: folders and one SQLite file under DATA_DIR. Several processes may share them. `onError` hears
 * of failures in the background, which are tried again. */
export async function openBackends(config: Config, onError: (error: Error) => void): Promise<Backends> {
  try {
    return await open(config, onError);
  } catch (error) {
    const { kind, message } = asFault(error);
    throw new Fault(kind, `DATA_DIR=${config.DATA_DIR}: ${message}`, { cause: error });
  }
}

async function open(config: Config, onError: (error: Error) => void): Promise<Backends> {
  await makeFolder(resolve(config.DATA_DIR));
  const folder = (name: string) => createFileStorage({ root: join(config.DATA_DIR, name) });
  const published = await folder('published');
  const quarantine = await folder('quarantine');
  const records = await folder('records');
  const messaging = await createSqliteMessaging({
    file: join(config.DATA_DIR, 'messages.sqlite'),
    maxAttempts: config.MAX_ATTEMPTS,
    lease: config.LEASE,
    onError,
  });
  return {
    published,
    quarantine,
    records,
    messaging,
    checks: {
      published: () => published.ready(),
      quarantine: () => quarantine.ready(),
      records: () => records.ready(),
      messaging: () => messaging.ready(),
    },
    close: () => messaging.close(),
  };
}

/** The catalogue, for the services and commands that need it: the others need not reach it. */
export async function openCatalogue(config: Config): Promise<Catalogue & CatalogueWriter> {
  const postgres = postgresOptions(config);
  if (postgres !== undefined) return named(config.CATALOGUE, createPostgresCatalogue(postgres));
  const file = config.CATALOGUE.replace(/^sqlite:/, '') || join(config.DATA_DIR, 'catalogue.sqlite');
  return named(file, createSqliteCatalogue({ file }));
}

/** Brings the schema of the catalogue to that of this program. Undefined where that is done by opening it. */
export async function migrateCatalogue(config: Config): Promise<{ from: number; to: number } | undefined> {
  const postgres = postgresOptions(config);
  return postgres && named(config.CATALOGUE, migratePostgres(postgres));
}

function postgresOptions({ CATALOGUE, CATALOGUE_PASSWORD_FILE: file }: Config): PostgresOptions | undefined {
  if (!CATALOGUE.startsWith('postgres:')) return undefined;
  const password = async () => (await readFile(file, 'utf8')).trimEnd();
  return { ...parseAddress(CATALOGUE), ...(file !== '' && { password }) };
}

async function named<T>(what: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    const { kind, message } = asFault(error);
    throw new Fault(kind, `CATALOGUE (${what}): ${message}`, { cause: error });
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
