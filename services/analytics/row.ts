/**
 * What is known of one request to the proxy: the fields of its log line, and the columns of every table made from it.
 * The one schema: the embedded table is made from it, and so can a warehouse's be. Never an address, never a token.
 */
export interface Column {
  type: 'timestamp' | 'string' | 'integer' | 'float' | 'boolean';
  /** Name in the proxy's log line, where it is another. */
  logged?: string;
  /** One sentence for the table's readers. */
  about: string;
}

export const columns = {
  timestamp: { type: 'timestamp', logged: 'time', about: 'When the request was answered, UTC.' },
  module: { type: 'string', about: 'Module path, unescaped.' },
  version: { type: 'string', about: 'Version or query; empty for lists and @latest.' },
  kind: { type: 'string', about: 'What was asked for: zip, mod, info, list, latest or query.' },
  status: { type: 'integer', about: 'HTTP status. A download is a zip with 200; the rest is resolution.' },
  bytes: { type: 'integer', about: 'Bytes of the body sent.' },
  cache: { type: 'string', about: 'Where it came from: memory, store, fetched (from an origin just then) or none.' },
  country: { type: 'string', about: 'ISO 3166 code that a trusted load balancer gave; empty when unknown.' },
  client: { type: 'string', about: 'What asked: go, browser, curl, the name of a mirror, or other.' },
  client_version: {
    type: 'string',
    logged: 'clientVersion',
    about: 'Its version as it says; empty when it says none.',
  },
  ci: { type: 'boolean', about: 'Whether it asked with a token of a CI system, or calls itself one.' },
  duration: { type: 'float', logged: 'durationMs', about: 'Milliseconds from the request to the end of the answer.' },
} as const satisfies Record<string, Column>;

export type ColumnName = keyof typeof columns;

/** Kinds of request that are about a module. */
export const moduleKinds = ['zip', 'mod', 'info', 'list', 'latest', 'query'] as const;
