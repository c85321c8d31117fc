/** BigQuery's types, as far as they are used here. */
type Type = 'STRING' | 'TIMESTAMP' | 'DATE' | 'INTEGER' | 'FLOAT' | 'BOOLEAN';

interface Column {
  name: string;
  type: Type | 'RECORD';
  mode?: 'REQUIRED' | 'NULLABLE';
  fields?: Column[];
}

/**
 * One row a request for a module, as PyPI's public table has it: never an address. `kind` is what was asked for (zip, mod,
 * info, list, latest), `cache` where the answer came from (memory, store, fetched, none, or edge), `durationMs` how long it
 * took. What the edge answers has no country, ci and duration.
 */
export const download = {
  timestamp: 'TIMESTAMP',
  module: 'STRING',
  version: 'STRING',
  kind: 'STRING',
  status: 'INTEGER',
  bytes: 'INTEGER',
  cache: 'STRING',
  country: 'STRING',
  client: 'STRING',
  clientVersion: 'STRING',
  ci: 'BOOLEAN',
  durationMs: 'FLOAT',
} as const satisfies Readonly<Record<string, Type>>;
export type DownloadColumn = keyof typeof download;

/**
 * A column as a log sink makes it of a field of a JSON payload: the name in lower case, every number a FLOAT.
 * https://cloud.google.com/logging/docs/export/bigquery
 */
const payloadColumn = ([name, type]: [string, Type]): Column => ({
  name: name.toLowerCase(),
  type: type === 'INTEGER' ? 'FLOAT' : type,
});

const text = (name: string): Column => ({ name, type: 'STRING' });

/** What the view reads of log entries; the sink adds a column for everything else that it finds. */
export const rawTables = {
  /** Log `downloads`, written by the proxy: a row of `download` as payload, but for the time, which is the entry's. */
  downloads: [
    { name: 'timestamp', type: 'TIMESTAMP' },
    {
      name: 'jsonPayload',
      type: 'RECORD',
      fields: Object.entries(download)
        .filter(([name]) => name !== 'timestamp')
        .map(payloadColumn),
    },
  ],
  /** Log `requests`, written by the load balancer. */
  requests: [
    { name: 'timestamp', type: 'TIMESTAMP' },
    {
      name: 'httpRequest',
      type: 'RECORD',
      fields: [
        text('requestUrl'),
        { name: 'status', type: 'INTEGER' },
        { name: 'responseSize', type: 'INTEGER' },
        text('userAgent'),
      ],
    },
  ],
} as const satisfies Readonly<Record<string, readonly Column[]>>;

/** What the sums are told apart by, besides the day. */
export const dimensions = ['module', 'version', 'country', 'client', 'ci', 'cache'] as const satisfies DownloadColumn[];

/** A row a day and combination: `downloads` are zips that were given, `requests` everything that was asked for. */
export const daily: readonly Column[] = [
  { name: 'day', type: 'DATE', mode: 'REQUIRED' },
  ...dimensions.map(name => ({ name, type: download[name] })),
  { name: 'downloads', type: 'INTEGER', mode: 'REQUIRED' },
  { name: 'requests', type: 'INTEGER', mode: 'REQUIRED' },
  { name: 'bytes', type: 'INTEGER', mode: 'REQUIRED' },
];
