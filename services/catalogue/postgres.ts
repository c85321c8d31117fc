import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../errors.ts';
import type { Catalogue, CatalogueWriter } from './index.ts';
import { Broken } from './postgres/faults.ts';
import { checkSchema, migrate, writerLock } from './postgres/migrate.ts';
import * as read from './postgres/read.ts';
import * as search from './postgres/search.ts';
import { createSessions, type Session } from './postgres/session.ts';
import { markTold, replaceVulnerabilities } from './postgres/vulnerabilities.ts';
import * as write from './postgres/write.ts';

export interface PostgresOptions {
  user: string;
  host: string;
  port: number;
  database: string;
  password?: (() => Promise<string>) | undefined;
}

/** Connections of one process: those that read, beside one that writes. */
const readers = 8;
/** Longest statement and longest wait for a connection, in milliseconds. A write may wait for those before it. */
const reading = { connections: readers, statement: 5000, wait: 5000 };
const writing = { connections: 1, statement: 60_000, wait: 60_000 };
/** A server that restarts drops every connection at once; the pool may hold that many which don't know it yet. */
const pause = 20;

/**
 * The catalogue in a PostgreSQL database, which any number of processes may read and write: writers take turns. The
 * schema is made by `migratePostgres`; any other schema than this program's is refused.
 */
export async function createPostgresCatalogue(options: PostgresOptions): Promise<Catalogue & CatalogueWriter> {
  const readSessions = createSessions({ ...options, ...reading });
  const writeSessions = createSessions({ ...options, ...writing });

  /** Each answer is of one moment, whatever is written meanwhile; a connection found broken is replaced. */
  async function ask<T>(run: (session: Session) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await readSessions.transaction('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', run);
      } catch (error) {
        if (!(error instanceof Broken) || attempt === 2) throw error;
        await delay(pause);
      }
    }
  }

  const change = <T>(run: (session: Session) => Promise<T>) =>
    writeSessions.transaction('BEGIN', async session => {
      await session.get(writerLock);
      return run(session);
    });

  const close = async () => void (await Promise.all([writeSessions.close(), readSessions.close()]));

  try {
    await ask(checkSchema);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    search: query => ask(session => search.search(session, query)),
    suggest: (text, limit) => ask(session => search.suggest(session, text, limit)),
    module: path => ask(session => read.module(session, path)),
    version: (module, version) => ask(session => read.version(session, module, version)),
    modules: async paths => ask(session => read.modules(session, atMost(paths))),
    versions: async wanted => ask(session => read.versions(session, atMost(wanted))),
    usedBy: query => ask(session => read.usedBy(session, query)),
    newest: query => ask(session => read.newest(session, query)),
    list: query => ask(session => read.list(session, query)),
    vulnerabilities: query => ask(session => read.vulnerabilities(session, query)),
    vulnerability: id => ask(session => read.vulnerability(session, id)),
    counts: () => ask(read.counts),
    ready: () => ask(checkReady),

    put: async versions => change(session => write.put(session, atMost(versions))),
    remove: async versions => change(session => write.remove(session, atMost(versions))),
    setDownloads: downloads => change(session => write.setDownloads(session, downloads)),
    setVulnerabilities: entries => change(session => replaceVulnerabilities(session, entries)),
    markTold: findings => change(session => markTold(session, findings)),
    close,
  };
}

async function checkReady(session: Session): Promise<void> {
  await checkSchema(session);
  const row = await session.get('SELECT pg_is_in_recovery() AS standby');
  if (row?.standby === true)
    throw new Fault('unavailable', 'the catalogue failed: PostgreSQL is a standby, which can’t be written');
}

/** Brings the schema of the database to that of this program, whole or not at all; nothing happens when it is. */
export async function migratePostgres(options: PostgresOptions): Promise<{ from: number; to: number }> {
  const sessions = createSessions({ ...options, ...writing, statement: 600_000 });
  try {
    return await migrate(sessions);
  } finally {
    await sessions.close();
  }
}

const most = 1000;

function atMost<T>(items: readonly T[]): readonly T[] {
  if (items.length > most)
    throw new Fault('invalid', `at most ${most} can be given at once, but there are ${items.length}`);
  return items;
}
