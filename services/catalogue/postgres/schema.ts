/**
 * What leads from an empty database to the schema of this program, a step a version; a step that was released is never
 * changed. Tables and columns are those of the SQLite adapter, where the reasons stand. Texts are ordered by their bytes.
 *
 * `search` stands in for the indexes of FTS5: words and facets (with `@` before them, which no word has) are lexemes of
 * the two vectors. The planner either walks the places and checks each, when much matches, or sorts what the GIN
 * index finds, when little does.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE modules (
    id BIGINT PRIMARY KEY,
    path TEXT COLLATE "C" NOT NULL UNIQUE,
    family TEXT COLLATE "C" NOT NULL,
    newest TEXT NOT NULL,
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
    downloads BIGINT NOT NULL DEFAULT 0,
    tier INTEGER NOT NULL,
    indexed INTEGER
  );
  CREATE INDEX modules_family ON modules (family);
  CREATE INDEX modules_downloaded ON modules (downloads) WHERE downloads > 0;

  CREATE TABLE versions (
    module BIGINT NOT NULL REFERENCES modules,
    version TEXT COLLATE "C" NOT NULL,
    status TEXT NOT NULL,
    at TEXT COLLATE "C" NOT NULL,
    reasons TEXT NOT NULL,
    summary TEXT,
    detail TEXT,
    go_mod BYTEA, readme BYTEA, packages BYTEA, files BYTEA,
    PRIMARY KEY (module, version)
  );
  CREATE INDEX versions_newest ON versions (status, at DESC, module, version);

  CREATE TABLE texts (hash BYTEA PRIMARY KEY, body BYTEA NOT NULL);
  ALTER TABLE texts ALTER COLUMN body SET STORAGE EXTERNAL; -- it is compressed already

  CREATE TABLE edges (
    required TEXT COLLATE "C" NOT NULL,
    requirer TEXT COLLATE "C" NOT NULL,
    version TEXT NOT NULL,
    requires TEXT NOT NULL,
    indirect BOOLEAN NOT NULL,
    current BOOLEAN NOT NULL,
    counted INTEGER NOT NULL GENERATED ALWAYS AS (CASE WHEN current AND NOT indirect THEN 1 ELSE 0 END) STORED,
    tier INTEGER NOT NULL,
    PRIMARY KEY (required, requirer)
  );
  CREATE INDEX edges_users ON edges (required, counted DESC, tier DESC, requirer);
  CREATE INDEX edges_requirer ON edges (requirer);

  CREATE TABLE counts (name TEXT PRIMARY KEY, n BIGINT NOT NULL);

  CREATE TABLE terms (term TEXT COLLATE "C" PRIMARY KEY, modules INTEGER NOT NULL);
  CREATE TABLE trigrams (
    trigram TEXT COLLATE "C" NOT NULL,
    length INTEGER NOT NULL,
    term TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (trigram, length, term)
  );

  CREATE TABLE search (
    place BIGINT PRIMARY KEY,
    named TSVECTOR NOT NULL,
    found TSVECTOR NOT NULL
  );
  CREATE INDEX search_named ON search USING gin (named);
  CREATE INDEX search_found ON search USING gin (found);

  CREATE TABLE vulnerabilities (
    id TEXT COLLATE "C" PRIMARY KEY,
    modified TEXT COLLATE "C" NOT NULL,
    entry TEXT NOT NULL,
    findings TEXT NOT NULL,
    affects BOOLEAN NOT NULL GENERATED ALWAYS AS (findings <> '[]') STORED
  );
  CREATE INDEX vulnerabilities_affecting ON vulnerabilities (modified DESC, id) WHERE affects;
  CREATE TABLE affected (
    module TEXT COLLATE "C" NOT NULL,
    vulnerability TEXT COLLATE "C" NOT NULL,
    events TEXT NOT NULL,
    PRIMARY KEY (module, vulnerability)
  );

  CREATE TABLE told (
    vulnerability TEXT NOT NULL,
    module TEXT NOT NULL,
    versions TEXT NOT NULL,
    PRIMARY KEY (vulnerability, module)
  );
  `,
  'ALTER TABLE modules ADD COLUMN vocabulary TEXT',
];
