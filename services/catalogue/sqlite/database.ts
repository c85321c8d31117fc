import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../errors.ts';

/**
 * A change of what is kept or how it is searched. From the version before it is brought up to date where that is a step;
 * else the catalogue is rebuilt, by `reindex`.
 */
export const schemaVersion = 2;

/**
 * Modules are kept under a number that is made of their path (rank.ts), so that what was put in another order is the
 * same. Both indexes for search have a module's place in the order of use as rowid, so that the most used are found first
 * whatever matches: FTS5 yields rowids in order. Their words are made by words.ts; `ascii` splits them at the spaces only.
 * Texts that are seldom needed are kept once each, compressed, under their hash.
 */
const schema = `
  CREATE TABLE modules (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    family TEXT NOT NULL,
    newest TEXT NOT NULL,
    -- As newest.ts has it; differs from newest when that one is retracted.
    highest TEXT NOT NULL,
    status TEXT NOT NULL,
    time TEXT,
    synopsis TEXT NOT NULL,
    licences TEXT NOT NULL,
    kinds TEXT NOT NULL,
    deprecated TEXT NOT NULL,
    retractions TEXT NOT NULL,
    versions INTEGER NOT NULL,
    first_seen TEXT,
    used_by INTEGER NOT NULL,
    downloads INTEGER NOT NULL DEFAULT 0,
    tier INTEGER NOT NULL,
    -- The tier that it stands under in the indexes; NULL when it is not in them.
    indexed INTEGER,
    -- Its words among terms, with spaces between; NULL until it is indexed.
    vocabulary TEXT
  ) STRICT;
  CREATE INDEX families ON modules (family);
  CREATE INDEX downloaded ON modules (downloads) WHERE downloads > 0;

  CREATE TABLE versions (
    id INTEGER PRIMARY KEY,
    module INTEGER NOT NULL REFERENCES modules,
    version TEXT NOT NULL,
    status TEXT NOT NULL,
    at TEXT NOT NULL,
    reasons TEXT NOT NULL,
    -- JSON (rows.ts): what lists show, and the rest that is small.
    summary TEXT,
    detail TEXT,
    go_mod BLOB, readme BLOB, packages BLOB, files BLOB,
    UNIQUE (module, version)
  ) STRICT;
  CREATE INDEX newest ON versions (status, at DESC, module, version);

  CREATE TABLE texts (hash BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;

  -- The newest version of requirer that requires required; tier is that of the requirer.
  CREATE TABLE edges (
    required TEXT NOT NULL,
    requirer TEXT NOT NULL,
    version TEXT NOT NULL,
    requires TEXT NOT NULL,
    indirect INTEGER NOT NULL,
    current INTEGER NOT NULL,
    counted INTEGER GENERATED ALWAYS AS (current AND NOT indirect) VIRTUAL,
    tier INTEGER NOT NULL,
    PRIMARY KEY (required, requirer)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX users ON edges (required, counted DESC, tier DESC, requirer);
  CREATE INDEX requirers ON edges (requirer);

  CREATE TABLE counts (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE terms (term TEXT PRIMARY KEY, modules INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE trigrams (
    trigram TEXT NOT NULL,
    length INTEGER NOT NULL, -- of the term
    term TEXT NOT NULL,
    PRIMARY KEY (trigram, length, term)
  ) STRICT, WITHOUT ROWID;

  CREATE VIRTUAL TABLE named USING
    fts5(words, facets, content='', contentless_delete=1, tokenize='ascii', detail='column', prefix='1 2 3 4 5 6');
  CREATE VIRTUAL TABLE found USING
    fts5(words, facets, content='', contentless_delete=1, tokenize='ascii', detail='column', prefix='3 4 5 6');

  CREATE TABLE vulnerabilities (
    id TEXT PRIMARY KEY,
    modified TEXT NOT NULL,
    entry TEXT NOT NULL,
    -- Published versions that are affected, by module.
    findings TEXT NOT NULL,
    affects INTEGER GENERATED ALWAYS AS (findings <> '[]') VIRTUAL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX affecting ON vulnerabilities (affects, modified DESC, id);
  CREATE TABLE affected (
    module TEXT NOT NULL,
    vulnerability TEXT NOT NULL,
    events TEXT NOT NULL,
    PRIMARY KEY (module, vulnerability)
  ) STRICT, WITHOUT ROWID;

  -- Affected versions that somebody was told of.
  CREATE TABLE told (
    vulnerability TEXT NOT NULL,
    module TEXT NOT NULL,
    versions TEXT NOT NULL,
    PRIMARY KEY (vulnerability, module)
  ) STRICT, WITHOUT ROWID;

  PRAGMA user_version = ${schemaVersion};
`;

/** Opens the file, made when there is none. Commits survive a crash of the process, and the store that of the machine. */
export async function openDatabase(file: string): Promise<DatabaseSync> {
  await mkdir(dirname(file), { recursive: true }).catch(error => {
    throw new Fault('unavailable', 'the folder of the catalogue can’t be made', { cause: error });
  });
  return openSync(file);
}

/** Another connection to it. */
export function openSync(file: string): DatabaseSync {
  return guarded(() => {
    const db = new DatabaseSync(file, { timeout: 10_000 });
    try {
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864');
      db.exec('PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY');
      migrate(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

function migrate(db: DatabaseSync): void {
  const known = () => Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (known() === schemaVersion) return;
  transaction(db, () => {
    const version = known();
    if (version === 0) db.exec(schema);
    else if (version === 1) db.exec('ALTER TABLE modules ADD COLUMN vocabulary TEXT; PRAGMA user_version = 2');
    else if (version !== schemaVersion) {
      const age = version > schemaVersion ? 'newer' : 'older';
      throw new Fault(
        'unavailable',
        `the catalogue was written by ${age === 'newer' ? 'a newer' : 'an older'} version of this program (schema ` +
          `${version}, this one knows ${schemaVersion}): remove its file and run reindex, which rebuilds it from the store`,
      );
    }
  });
}

/** Runs statements as one: all or nothing. */
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

/** What SQLite throws becomes `unavailable`. */
export function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof Fault) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_SQLITE_ERROR') throw error;
    throw new Fault('unavailable', `the catalogue failed: ${message}`, { cause: error });
  }
}
