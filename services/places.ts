/**
 * Where a backend is: the values of STORAGE, MESSAGING and ANALYTICS, parsed. An address of Google Cloud may end with
 * `?endpoint=<address>`, of a server that speaks the same and asks for no credentials, as emulators do.
 */
export type StoragePlace =
  /** A folder; undefined is DATA_DIR. */
  | { kind: 'files'; folder: string | undefined }
  /** Buckets `<base>-published`, `<base>-quarantine`, `<base>-records`; `endpoint` is an http or https address, or empty. */
  | { kind: 'gcs'; base: string; endpoint: string };

export type MessagingPlace =
  /** A file; undefined is `messages.sqlite` in DATA_DIR. */
  | { kind: 'sqlite'; file: string | undefined }
  /** `endpoint` is `host:port`, or empty. */
  | { kind: 'pubsub'; project: string; endpoint: string };

export type AnalyticsPlace =
  /** A folder for the database and what it takes in; undefined is DATA_DIR. */
  | { kind: 'duckdb'; folder: string | undefined }
  /** The proxies write to Cloud Logging, from where it comes to BigQuery; `endpoint` is an http or https address, or empty. */
  | { kind: 'bigquery'; project: string; dataset: string; endpoint: string };

/** Throws a sentence that says what to write instead. */
export function parseStorage(value: string): StoragePlace {
  if (value === '') return { kind: 'files', folder: undefined };
  const folder = afterScheme(value, 'file:');
  if (folder !== undefined) return { kind: 'files', folder };
  const [place, endpoint] = splitEndpoint(value);
  // A bucket's name has 63 characters at most; the longest ending is -quarantine.
  const base = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,51})\/?$/.exec(place)?.[1];
  if (base === undefined) throw new Error('must be file:<folder> or gs://<base>, the beginning of its buckets’ names');
  checkAddress(endpoint, '4443');
  return { kind: 'gcs', base, endpoint };
}

/** Throws a sentence that says what to write instead. */
export function parseMessaging(value: string): MessagingPlace {
  if (value === '') return { kind: 'sqlite', file: undefined };
  const file = afterScheme(value, 'sqlite:');
  if (file !== undefined) return { kind: 'sqlite', file };
  const [place, endpoint] = splitEndpoint(value);
  const project = /^pubsub:([a-z][a-z0-9.:-]*[a-z0-9])$/.exec(place)?.[1];
  if (project === undefined) throw new Error('must be sqlite:<file> or pubsub:<project>');
  if (endpoint !== '' && !(hostAndPort.test(endpoint) && URL.canParse(`http://${endpoint}`))) {
    throw new Error('has an endpoint that is no host and port such as 127.0.0.1:8085');
  }
  return { kind: 'pubsub', project, endpoint };
}

/** Throws a sentence that says what to write instead. */
export function parseAnalytics(value: string): AnalyticsPlace {
  if (value === '') return { kind: 'duckdb', folder: undefined };
  const folder = afterScheme(value, 'duckdb:');
  if (folder !== undefined) return { kind: 'duckdb', folder };
  const [place, endpoint] = splitEndpoint(value);
  const [, project, dataset] = /^bigquery:([a-z](?:[a-z0-9.:-]*[a-z0-9])?)\/(\w{1,1024})$/.exec(place) ?? [];
  if (project === undefined || dataset === undefined) {
    throw new Error('must be duckdb:<folder> or bigquery:<project>/<dataset>');
  }
  checkAddress(endpoint, '9050');
  return { kind: 'bigquery', project, dataset, endpoint };
}

/** A name, an IPv4 address, or an IPv6 address in brackets, with a port. */
const hostAndPort = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\]):\d{1,5}$/i;

/** With http and https the port may be the usual one. */
function checkAddress(endpoint: string, port: string): void {
  if (endpoint === '') return;
  const [, host = ''] = /^https?:\/\/(.*)$/.exec(endpoint) ?? [];
  if (URL.canParse(endpoint) && (hostAndPort.test(host) || hostAndPort.test(`${host}:80`))) return;
  throw new Error(`has an endpoint that is no address such as http://127.0.0.1:${port}`);
}

function afterScheme(value: string, scheme: string): string | undefined {
  if (!value.startsWith(scheme)) return undefined;
  const path = value.slice(scheme.length);
  if (path === '') throw new Error(`needs a path after ${scheme}`);
  return path;
}

function splitEndpoint(value: string): [place: string, endpoint: string] {
  const at = value.indexOf('?endpoint=');
  return at < 0 ? [value, ''] : [value.slice(0, at), value.slice(at + '?endpoint='.length)];
}
