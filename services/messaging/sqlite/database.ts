import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../errors.ts';

/** SQLite waits in place, which stops the event loop; what takes longer is tried again later. Milliseconds. */
const longestBlocking = 20;
/** After which a database that others keep locked is given up. Milliseconds. */
export const longestWait = 10_000;

const schemaVersion = 1;

/**
 * A message is kept once, a delivery for each subscription that has not acknowledged it. `due` is when it may be taken:
 * a lease sets it to the lease's end, so that an expired lease needs no clearing up. Times are ms since 1970.
 */
const schema = `
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL,
    published INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE deliveries (
    message INTEGER NOT NULL REFERENCES messages,
    subscription TEXT NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    token TEXT,
    error TEXT,
    dead INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (message, subscription)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deliverable ON deliveries (subscription, due) WHERE dead = 0;
  CREATE INDEX dead_letters ON deliveries (subscription) WHERE dead = 1;
  PRAGMA user_version = ${schemaVersion};
`;

export interface Connections {
  /** Commits survive a crash of the machine: an fsync each (synchronous=FULL). For what others are promised. */
  durable: DatabaseSync;
  /**
   * Commits survive a crash of the process; that of the machine may undo the last of them (synchronous=NORMAL, whole in
   * any case). For leases and acknowledgements, which then happen again: the contract is at least once.
   */
  quick: DatabaseSync;
}

/** Opens the file, made when there is none. Any number of processes may have it open. */
export async function openDatabase(file: string): Promise<Connections> {
  try {
    await mkdir(dirname(file), { recursive: true });
  } catch (error) {
    throw new Fault('unavailable', 'the folder of the queue can’t be made', { cause: error });
  }
  const open = (synchronous: string) =>
    untilFree(() => {
      const db = new DatabaseSync(file, { timeout: longestBlocking });
      try {
        db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA journal_size_limit = 67108864`);
        migrate(db);
        return db;
      } catch (error) {
        db.close();
        throw error;
      }
    });
  const durable = await open('FULL');
  try {
    await untilFree(() => inspect(durable));
    return { durable, quick: await open('NORMAL') };
  } catch (error) {
    durable.close();
    throw error;
  }
}

/** Finds a damaged file at the start, not by the first message that can't be kept. Reads all, which is what is pending. */
function inspect(db: DatabaseSync): void {
  let found: string;
  try {
    found = String(db.prepare('PRAGMA quick_check(1)').get()?.quick_check);
  } catch (error) {
    if (codeOf(error) !== 11) throw error;
    found = (error as Error).message;
  }
  if (found === 'ok') return;
  const remedy = 'stop all services, move it and its -wal and -shm away, and start again: what was pending is lost';
  throw new Fault('unavailable', `the queue failed: its file is damaged (${found}); ${remedy}`);
}

function migrate(db: DatabaseSync): void {
  const known = () => Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (known() === schemaVersion) return;
  transaction(db, () => {
    const found = known();
    if (found > schemaVersion) {
      throw new Fault(
        'unavailable',
        `the queue was written by a newer version of this program (schema ${found}, this one knows ${schemaVersion}): ` +
          'run that version, or give this one a folder of its own',
      );
    }
    if (found === 0) db.exec(schema);
  });
}

/** Runs statements as one: all or nothing. Takes the write lock at its start, so that it can't fail half-way. */
export function transaction<T>(db: DatabaseSync, run: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = run();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Runs statements, again and again while another process locks the database, without stopping the event loop. */
export async function untilFree<T>(run: () => T): Promise<T> {
  const deadline = performance.now() + longestWait;
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw databaseFault(error);
    }
    await sleep(5 + Math.random() * 20);
  }
}

/** SQLite's primary result code: sqlite.org/rescode.html. */
const codeOf = (error: unknown) => Number((error as { errcode?: number } | undefined)?.errcode ?? 0) & 0xff;

/** SQLITE_BUSY: another process holds the lock. */
export const isBusy = (error: unknown) => codeOf(error) === 5;

const reasons: Record<number, string> = {
  5: 'other processes keep it locked',
  11: 'its file is damaged',
  13: 'no space left for it',
  26: 'its file is no SQLite database',
};

export function databaseFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const reason = reasons[codeOf(error)] ?? (error instanceof Error ? error.message : String(error));
  return new Fault('unavailable', `the queue failed: ${reason}`, { cause: error });
}
