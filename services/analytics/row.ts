/**
 * The one schema of the analytics. The tables of DuckDB (duckdb.ts) and of BigQuery (infra/cloud/analytics) are made from
 * it, with the same columns under the same names, so that a question is the same on both. Never an address, never a token.
 */
export type ColumnType = 'timestamp' | 'day' | 'string' | 'integer' | 'float' | 'boolean';

export interface Column {
  type: ColumnType;
  /** Name in the proxy's log line, where it is another. */
  logged?: string;
  /** One sentence for the table's readers. */
  about: string;
}

/** A row a request to the proxy about a module. */
const downloads = {
  timestamp: { type: 'timestamp', logged: 'time', about: 'When the request was answered, UTC.' },
  module: { type: 'string', about: 'Module path, unescaped.' },
  version: { type: 'string', about: 'Version or query; empty for lists and @latest.' },
  kind: { type: 'string', about: 'What was asked for: zip, mod, info, list, latest or query.' },
  status: { type: 'integer', about: 'HTTP status. A download is a zip with 200; the rest is resolution.' },
  bytes: { type: 'integer', about: 'Bytes of the body sent.' },
  cache: {
    type: 'string',
    about:
      'Where it came from: memory, store, edge (a cache before the proxy), fetched (from an origin; of each file the first that was given) or none.',
  },
  country: { type: 'string', about: 'ISO 3166 code that a trusted load balancer gave; empty when unknown.' },
  client: { type: 'string', about: 'What asked: go, browser, curl, the name of a mirror, or other.' },
  client_version: {
    type: 'string',
    logged: 'clientVersion',
    about: 'Its version as it says; empty when it says none.',
  },
  ci: { type: 'boolean', about: 'Whether it asked with a token of a CI system, or calls itself one.' },
  duration: {
    type: 'float',
    logged: 'durationMs',
    about: 'Milliseconds from the request to the end of the answer; null where the edge answered.',
  },
} as const satisfies Record<string, Column>;

export type DownloadColumn = keyof typeof downloads;

/** What the daily sums are told apart by, besides the day. */
export const dimensions = [
  'module',
  'version',
  'country',
  'client',
  'ci',
  'cache',
] as const satisfies readonly DownloadColumn[];

const { country, client, ci, cache } = downloads;
const module = { type: 'string', about: 'Module path; empty for all that was not given.' } as const;
const version = {
  type: 'string',
  about: 'Version or query; empty for lists, @latest and all that was not given.',
} as const;

/** A row a day and combination of dimensions. */
const downloads_daily = {
  day: { type: 'day', about: 'Day of UTC.' },
  ...({ module, version, country, client, ci, cache } satisfies Record<(typeof dimensions)[number], Column>),
  downloads: { type: 'integer', about: 'Zips that were given whole.' },
  requests: { type: 'integer', about: 'Everything that was asked for.' },
  bytes: { type: 'integer', about: 'Bytes of the bodies sent.' },
} as const satisfies Record<string, Column>;

export const tables = { downloads, downloads_daily } as const;
export type TableName = keyof typeof tables;

/** Kinds of request that are about a module. */
export const moduleKinds = ['zip', 'mod', 'info', 'list', 'latest', 'query'] as const;
