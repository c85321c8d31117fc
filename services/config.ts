import ipaddr from 'ipaddr.js';
import { parseAddress } from './catalogue/postgres/address.ts';
import { bytes, duration, flag, integer, list, oneOf, parsed, port, text, url, type Variable } from './env.ts';
import { parseFeedAddress } from './origin/feed-address.ts';
import { parseTime } from './origin/time.ts';
import { parseAnalytics, parseMessaging, parseStorage } from './places.ts';

/**
 * The environment as one schema; the schema is the type. Read once, in main.ts. The README's table is checked against
 * it (test/readme.test.ts). Durations are milliseconds, sizes are bytes.
 */
export const schema = {
  PORT: port({ default: '8080', about: 'Where the go command finds the proxy.' }),
  HOST: text({ default: '', about: 'Address to listen on, for every port; empty is all.' }),
  API_PORT: port({ default: '8082', about: 'The JSON API, badges and Atom feeds of ui-backend.' }),
  API_URL: url({
    default: 'http://127.0.0.1:8082',
    about: 'Where pages that run alone ask ui-backend.',
  }),
  PUBLIC_URL: url({
    default: 'http://localhost:8081',
    about: 'Address of the pages as people know it, for links in feeds and messages.',
  }),
  PROXY_PUBLIC_URL: url({
    default: 'http://localhost:8080',
    about: 'Address of the proxy as people know it, for the lines to paste on the pages.',
  }),
  UI_PORT: port({ default: '8081', about: 'The web pages.' }),
  DOWNLOADS_KEPT: duration({
    default: '400d',
    min: '1d',
    max: '3650d',
    about: 'How long each request is kept for the analytics; the counts of days are kept for ever.',
  }),
  API_CACHE_BYTES: bytes({ default: '64MiB', about: 'Memory for hot answers of the API.' }),
  ADMIN_PORT: port({ default: '8090', about: '`/healthz`, `/readyz` and `/metrics`.' }),
  ORIGIN_PORT: port({
    default: '8070',
    about: 'Internal port of a processor that runs alone, on loopback unless `HOST` is given. It asks for no token.',
  }),
  ORIGIN_URL: url({
    default: 'http://127.0.0.1:8070',
    about: 'Where a proxy or validator that runs alone asks a processor.',
  }),
  DATA_DIR: text({ default: './data', about: 'Folder of everything that the embedded backends keep.' }),
  CATALOGUE: text({
    default: '',
    check: catalogueAddress,
    about:
      'Where the catalogue is kept: `sqlite:<file>`, or `postgres://<user>@<host>:<port>/<database>`; by default a file in `DATA_DIR`.',
  }),
  CATALOGUE_PASSWORD_FILE: text({
    default: '',
    about: 'File with the password of `CATALOGUE` on PostgreSQL, read at each connection. Empty: it asks for none.',
  }),
  VULNDB: text({
    default: '',
    check: vulndbAddress,
    about:
      'Go vulnerability database: an address such as `https://vuln.go.dev`, or a folder laid out like it (`index/`, `ID/`) or of OSV files (`GO-*.json`). Without it none are known.',
  }),
  VULNDB_REFRESH: duration({ default: '1h', min: '1m', max: '7d', about: 'How often `VULNDB` is read anew.' }),
  STORAGE: parsed('`file:<folder>`, `gs://<base>`', parseStorage, {
    default: '',
    about:
      'Where modules and records are kept; empty is `DATA_DIR`. `gs://acme` is the buckets `acme-published`, `acme-quarantine` and `acme-records` of Cloud Storage.',
  }),
  MESSAGING: parsed('`sqlite:<file>`, `pubsub:<project>`', parseMessaging, {
    default: '',
    about: 'Where messages between services are kept; empty is `DATA_DIR`. `pubsub:` is the Pub/Sub of a project.',
  }),
  ANALYTICS: parsed('`duckdb:<folder>`, `bigquery:<project>/<dataset>`', parseAnalytics, {
    default: '',
    about:
      'Where downloads are counted; empty is `DATA_DIR`. `bigquery:` has the proxies write them to the log `downloads` of Cloud Logging in the project, and questions asked of the dataset.',
  }),
  UPSTREAM: text({
    about:
      'Origins in order, as in `GOPROXY`: addresses, `direct`, `off`, separated by `,` or `|`. Default: `go env GOPROXY`.',
  }),
  SUMDB: text({
    about:
      'Checksum database, as in `GOSUMDB`: a name, or `name+hash+key [address]`, or `off`. Default: `go env GOSUMDB`.',
  }),
  PRIVATE_MODULES: list({
    default: '',
    check: modulePattern,
    about: 'Patterns of private modules, as in `GOPRIVATE`: never asked of `UPSTREAM` or the checksum database.',
  }),
  PRIVATE_UPSTREAM: text({ default: 'direct', about: 'Origins of private modules, as in `UPSTREAM`.' }),
  TOKENS_FILE: text({ default: '', about: 'JSON file of access tokens; see the section on private modules.' }),
  REQUIRE_TOKEN: flag({ default: 'false', about: 'Refuse every request that has no valid token.' }),
  RATE_LIMIT: integer(0, 10_000_000, {
    default: '500',
    about: 'Requests a second and client, with twice that as burst; 0 is no limit.',
  }),
  TRUSTED_PROXIES: list({
    default: '',
    check: cidr,
    about: 'Address ranges whose `X-Forwarded-For` tells the client’s address.',
  }),
  FETCH_TIMEOUT: duration({
    default: '60s',
    min: '100ms',
    max: '30m',
    about: 'Longest wait of a request for what is not here: a version, a list, a branch.',
  }),
  HOT_CACHE_BYTES: bytes({ default: '256MiB', about: 'Memory for hot objects, in front of the store.' }),
  LIST_TTL: duration({ default: '60s', max: '1h', about: 'How long lists, `@latest` and branch queries are fresh.' }),
  NEGATIVE_TTL: duration({
    default: '10m',
    max: '1d',
    about: 'How long a version that no origin has is not asked for again.',
  }),
  ORIGIN_TIMEOUT: duration({ default: '30s', min: '100ms', max: '10m', about: 'Longest silence of an origin.' }),
  ORIGIN_RATE: integer(1, 100_000, { default: '100', about: 'Requests a second to one origin host.' }),
  ORIGIN_CONCURRENCY: integer(1, 1000, { default: '16', about: 'Requests at once to one origin host.' }),
  ORIGIN_CA_FILE: text({ default: '', about: 'PEM file of authorities trusted for origins, besides the system’s.' }),
  ALLOW_PRIVATE_ORIGINS: list({
    default: '',
    check: host,
    about: 'Hosts that may be fetched from although their address is private, loopback or link-local.',
  }),
  OWN_HOSTS: list({
    default: '',
    check: host,
    about: 'Names of this very repository: never fetched from, which would be a loop.',
  }),
  DIRECT_TIMEOUT: duration({ default: '5m', min: '1s', max: '1h', about: 'Longest run of one `go mod download`.' }),
  GOVCS: text({ default: '*:git', about: 'Version control systems that `direct` may use, as in `GOVCS`.' }),
  ALLOW: list({
    default: '',
    check: pattern,
    about: 'If given, only modules of these patterns are published (`module` or `module@version`).',
  }),
  DENY: list({
    default: '',
    check: pattern,
    about: 'Modules that are refused, by pattern (`module` or `module@version`).',
  }),
  COOLDOWN: duration({ default: '0s', max: '365d', about: 'Refuse versions until they are this old; 0s is off.' }),
  PROCESSOR_CONCURRENCY: integer(1, 1000, { default: '16', about: 'Versions fetched at once by one processor.' }),
  VALIDATOR_CONCURRENCY: integer(1, 1000, { default: '4', about: 'Versions checked at once by one validator.' }),
  NOTIFIER_PORT: port({
    default: '8084',
    about: 'Hooks of the notifier: `/hooks/ci` for results of builds, `/hooks/alerts` for alerts.',
  }),
  SLACK_URL: url({ default: 'https://slack.com/api', about: 'Address of Slack’s Web API.' }),
  SLACK_TOKEN_FILE: text({
    default: '',
    about: 'File with the token of a Slack app (`xoxb-…`). Without it nothing is told in Slack.',
  }),
  SLACK_CHANNEL: text({
    default: '',
    check: slackChannel,
    about: 'Channel, best by its ID, where operators are told of alarms, dead letters, alerts and builds.',
  }),
  SLACK_WATCH_CHANNELS: list({
    default: '',
    check: channelPattern,
    about:
      'Channels that anybody may have told of a watch, as they are written there: `C0123456789`, `#go-*`. Empty: none. Never `SLACK_CHANNEL`. For ui-backend and the notifier.',
  }),
  WEBHOOK_ALLOW_PRIVATE: list({
    default: '',
    check: host,
    about:
      'Hosts, or `host:port`, that anybody’s watch may post to although they are private, on another port or without TLS; port 443 without one. For ui-backend and the notifier.',
  }),
  KUBERNETES_HEALTH: flag({
    default: 'false',
    about: 'Tell operators of pods, jobs and nodes in trouble; the notifier’s account must be allowed to watch them.',
  }),
  KUBERNETES_URL: url({ default: 'https://kubernetes.default.svc', about: 'Address of the Kubernetes API.' }),
  KUBERNETES_ACCOUNT: text({
    default: '/var/run/secrets/kubernetes.io/serviceaccount',
    about: 'Folder with `token` and `ca.crt`, as Kubernetes mounts it.',
  }),
  DISCOVERY_PORT: port({
    default: '8083',
    about: 'Webhooks of code hosts: `/hooks/github`, `/hooks/gitlab`, `/hooks/gitea`.',
  }),
  HOOK_SECRETS_FILE: text({
    default: '',
    about:
      'JSON file of the secrets that webhooks are signed with; see the section on discovery. Without it none is accepted.',
  }),
  INDEX_FEEDS: list({
    default: '',
    check: feed,
    about:
      'GOPROXYs whose `/index` is followed: `https://index.golang.org`, another GoCenter. The processor reads them, so it needs the same value.',
  }),
  INDEX_MODULES: list({
    default: '',
    check: text => text === 'known' || modulePattern(text),
    about:
      'Which modules of `INDEX_FEEDS` are asked for: patterns, and `known` for those of which a version is kept here. Empty: all.',
  }),
  INDEX_SINCE: text({
    default: '',
    check: rfc3339,
    about: 'From when on a feed that has not been followed before is read, in RFC 3339. Empty: from now on.',
  }),
  INDEX_INTERVAL: duration({
    default: '1m',
    min: '1s',
    max: '1d',
    about: 'How often a feed is read that has no more.',
  }),
  TAGS_PERIOD: duration({
    default: '0s',
    max: '90d',
    about: 'Time in which every module that is kept here is looked at for new tags, evenly spread: `1d`; 0s is off.',
  }),
  REQUIREMENTS_DEPTH: integer(0, 100, {
    default: '0',
    about:
      'How many steps from what was asked for its requirements are asked for in turn. 0 is off: go asks for what a build needs.',
  }),
  DISCOVERY_RATE: integer(1, 10_000, {
    default: '10',
    about: 'Versions a second that discovery asks for at most; what a webhook announces does not wait.',
  }),
  DISCOVERY_BACKLOG: integer(1, 1_000_000, {
    default: '100',
    about: 'Discovery waits while more versions than this are to be fetched: what people ask for comes first.',
  }),
  MAX_ATTEMPTS: integer(1, 100, { default: '5', about: 'Deliveries of a message before it becomes a dead letter.' }),
  LEASE: duration({
    default: '30s',
    min: '100ms',
    max: '10m',
    about: 'After which a dead process’s messages go to others.',
  }),
  SHUTDOWN_TIMEOUT: duration({ default: '8s', min: '100ms', max: '10m', about: 'Longest drain after SIGTERM.' }),
  LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error', 'silent'], {
    default: 'info',
    about: 'Least level that is logged.',
  }),
} as const satisfies Record<string, Variable<unknown>>;

export type Config = { readonly [K in keyof typeof schema]: ReturnType<(typeof schema)[K]['parse']> };

/** Every fault of the environment, a line each. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  /** The variables without a fault, so that they can be checked further before all faults are told. */
  readonly values: Partial<Config>;

  constructor(faults: readonly string[], values: Partial<Config> = {}) {
    super(faults.join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
    this.values = values;
  }
}

/**
 * Reads all variables of the schema from `environment`; what is empty counts as not given. `computed` gives the
 * defaults that depend on the machine. Throws one ConfigError that names every bad or missing variable.
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  computed: Readonly<Partial<Record<keyof typeof schema, string>>> = {},
): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries<Variable<unknown>>(schema)) {
    const given = environment[name] || (computed[name as keyof typeof schema] ?? variable.default);
    if (given === undefined) {
      faults.push(`${name} is missing: ${variable.about}`);
      continue;
    }
    try {
      values[name] = variable.parse(given);
    } catch (error) {
      faults.push(`${name}=${JSON.stringify(given)} ${(error as Error).message}`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults, values);
  return values as Config;
}

/** An ID, or a name as Slack allows it. */
export function slackChannel(text: string): void {
  if (text === '' || /^(?:[CGD][A-Z0-9]{7,20}|#?[\p{Ll}\p{N}_-]{1,80})$/u.test(text)) return;
  throw new Error(`has ${text.slice(0, 100)}, which is no Slack channel such as C0123456789 or #builds`);
}

/** A channel, or the beginning of its name. Direct messages go to nobody who has not asked for them. */
function channelPattern(text: string): void {
  const isName = /^(?:[CG][A-Z0-9]{7,20}|#?[\p{Ll}\p{N}_-]{1,80}\*?|#?\*)$/u.test(text);
  if (!isName) throw new Error(`has ${text.slice(0, 100)}, which is no channel such as C0123456789, #builds or #go-*`);
}

function catalogueAddress(text: string): void {
  if (text === '' || /^sqlite:./.test(text)) return;
  if (!text.startsWith('postgres:')) throw new Error('must be written sqlite:<file>, or begin with postgres://');
  parseAddress(text);
}

function vulndbAddress(text: string): void {
  if (!/^[a-z][a-z+.-]*:\/\//i.test(text)) return; // a folder
  if (!URL.canParse(text) || !/^https?:/i.test(text)) throw new Error('must be a folder, or an http or https address');
}

function feed(text: string): void {
  parseFeedAddress(text);
}

function rfc3339(text: string): void {
  if (text !== '' && parseTime(text) === undefined) throw new Error('must be a time such as 2026-11-01T00:00:00Z');
}

function cidr(range: string): void {
  if (!ipaddr.isValid(range) && !ipaddr.isValidCIDR(range)) throw new Error(`has ${range}, which is no address range`);
}

/** A glob as in GOPRIVATE (path.Match), perhaps of one version. A malformed one would match nothing, unseen. */
export function pattern(text: string): void {
  if (/^(?:[^\\[\]@\s]|\\.|\[\^?(?:[^\\\]@\s]|\\.)+\])+(?:@[^@\s]+)?$/.test(text) && !text.includes('://')) return;
  throw new Error(`has ${text}, which is no pattern such as corp.example/team or *.corp.example`);
}

/** The same of whole modules: with a version it would match nothing, and what is private would be told to the world. */
export function modulePattern(text: string): void {
  if (text.includes('@')) throw new Error(`has ${text}: privacy is of whole modules, so write no version`);
  pattern(text);
}

function host(text: string): void {
  if (/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(text)) return;
  throw new Error(`has ${text}, which is no host such as git.corp.example or git.corp.example:8443`);
}
