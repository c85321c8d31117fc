import { startGoogle } from '../analytics/google.ts';
import { postgresFolder, startCluster } from '../catalogue/cluster.ts';
import { startBackends } from '../emulators/backends.ts';
import { type SlackStandIn, startSlack } from '../notifier/slack.ts';
import { type SumdbServer, startSumdbServer } from '../sumdb-server/server.ts';
import { type FixtureModule, startUpstream, type Upstream } from '../upstream/index.ts';
import { expose } from './expose.ts';

/** What the services stand on, all on this machine, reached by pods through its end of the cable. */
export interface Backing extends AsyncDisposable {
  /** Variables that lead to it. */
  settings: Readonly<Record<string, string>>;
  /** Where the processor fetches. */
  origin: string;
  /** As SLACK_URL. */
  slackUrl: string;
  database: { host: string; port: number; name: string; user: string };
  /** Contents of the secrets' files. */
  secrets: Readonly<Record<string, string>>;
  /** Its requests are the processor's alone. */
  upstream: Upstream;
  sumdb: SumdbServer;
  slack: SlackStandIn;
  /** Whether a file is in the bucket of what is published. */
  isPublished(key: string): Promise<boolean>;
}

export const hookSecret = 'not a secret, but long enough';

/** Why there is no PostgreSQL on this machine; undefined where there is. */
export const withoutPostgres =
  postgresFolder() === undefined ? 'needs postgresql: node scripts/setup.mjs test' : undefined;

/** Starts all of it at `host`; nothing is left when a part does not start. */
export async function startBacking(host: string, modules: readonly FixtureModule[]): Promise<Backing> {
  await using opening = new AsyncDisposableStack();
  const closing = <T extends { close(): unknown }>(each: T): T => {
    opening.defer(async () => void (await each.close()));
    return each;
  };
  const backends = closing(await startBackends('emulators', {}, { address: `${host}:0` }));
  const postgres = closing(await startCluster(postgresFolder() ?? '', { address: host }));
  await postgres.query('CREATE DATABASE catalogue');
  const upstream = closing(await startUpstream({ modules }));
  // The database asks another upstream, so that requests of the first are the processor's alone.
  const hashed = closing(await startUpstream({ modules }));
  const sumdb = closing(await startSumdbServer({ upstream: hashed.url }));
  const slack = closing(await startSlack());
  const google = opening.use(await startGoogle());
  const exposed = async (url: string) => closing(await expose(url, host)).url;
  const [origin, sums, slackUrl] = [await exposed(upstream.url), await exposed(sumdb.url), await exposed(slack.url)];
  const analytics = `bigquery:gocenter/analytics?endpoint=${await exposed(google.recorder.url)}`;
  const { url = '', published = '' } = backends.storage ?? {};
  const hooks = { github: [{ name: 'corp', secret: hookSecret, modules: ['github.com/corp'] }] };
  const settings = { ...backends.settings, SUMDB: `${sumdb.verifierKey} ${sums}`, ANALYTICS: analytics };
  const all = opening.move();
  return {
    settings,
    origin,
    slackUrl,
    database: { host, port: postgres.port, name: 'catalogue', user: 'catalogue' },
    secrets: {
      'tokens.json': '{"tokens":[]}',
      'catalogue-password': postgres.password,
      'slack-token': slack.token,
      'hook-secrets.json': JSON.stringify(hooks),
    },
    upstream,
    sumdb,
    slack,
    async isPublished(key) {
      const { status } = await fetch(`${url}/storage/v1/b/${published}/o/${encodeURIComponent(key)}`);
      return status === 200;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
