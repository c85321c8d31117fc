import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Config, ConfigError, readConfig } from './config.ts';
import { type HookSecrets, noHookSecrets, readHookSecrets } from './discovery/hooks/secrets.ts';
import { asFault } from './errors.ts';
import { type NotifierSecrets, noNotifierSecrets, readNotifierSecrets } from './notifier/secrets.ts';
import { parseOrigins } from './processor/origins.ts';
import { readTokens, type Token } from './proxy/access.ts';
import { parseSumdb } from './sumdb/key.ts';

/** Milliseconds. Pub/Sub takes no shorter one; a longer one would only make others wait for what a dead process had. */
const shortestLease = 10_000;
const longestLease = 60_000;

/** What the go command of this machine would use, as defaults. */
async function goDefaults(): Promise<{ UPSTREAM?: string; SUMDB?: string }> {
  try {
    const { stdout } = await promisify(execFile)('go', ['env', '-json', 'GOPROXY', 'GOSUMDB'], { timeout: 20_000 });
    const { GOPROXY, GOSUMDB } = JSON.parse(stdout) as { GOPROXY: string; GOSUMDB: string };
    return { ...(GOPROXY && { UPSTREAM: GOPROXY }), SUMDB: GOSUMDB || 'sum.golang.org' };
  } catch {
    return { SUMDB: 'sum.golang.org' };
  }
}

/** Where people find the pages and the proxy unless it is said: on this machine, at the ports chosen. */
function ownAddresses({ PORT = '', UI_PORT = '' }: Readonly<Record<string, string | undefined>>) {
  const at = (port: string) => (/^[1-9]\d*$/.test(port) ? `http://localhost:${port}` : undefined);
  const [proxy, pages] = [at(PORT), at(UI_PORT)];
  return { ...(proxy && { PROXY_PUBLIC_URL: proxy }), ...(pages && { PUBLIC_URL: pages }) };
}

/** What is in the files that the configuration names. */
export interface Files {
  tokens: Token[];
  hookSecrets: HookSecrets;
  notifier: NotifierSecrets;
}

/**
 * Reads and checks all before it complains: one ConfigError has every fault. Without `fetches` nothing of this process asks
 * an origin, so it needs none.
 */
export async function configure(
  environment: Readonly<Record<string, string | undefined>>,
  { fetches }: { fetches: boolean },
): Promise<{ config: Config } & Files> {
  let values: Partial<Config>;
  let faults: readonly string[] = [];
  try {
    values = readConfig(environment, {
      ...(!fetches && { UPSTREAM: 'off' }),
      ...(await goDefaults()),
      ...ownAddresses(environment),
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    ({ values, faults } = error);
  }
  const checked = await checkConfig(values, fetches);
  faults = [...faults, ...checked.faults];
  if (faults.length > 0) throw new ConfigError(faults);
  const { faults: _, ...files } = checked;
  return { config: values as Config, ...files };
}

/** What a single variable's schema can't see. What is missing has been told of already. */
async function checkConfig(config: Partial<Config>, fetches: boolean): Promise<{ faults: string[] } & Files> {
  const faults: string[] = [];
  const check = (variable: 'UPSTREAM' | 'PRIVATE_UPSTREAM' | 'SUMDB', test: (value: string) => unknown) => {
    try {
      test(config[variable] ?? 'off');
    } catch (error) {
      faults.push(`${variable} is wrong: ${asFault(error).message}`);
    }
  };
  check('UPSTREAM', parseOrigins);
  check('PRIVATE_UPSTREAM', parseOrigins);
  check('SUMDB', parseSumdb);
  const { UPSTREAM = '', ORIGIN_CA_FILE = '', TOKENS_FILE = '', CATALOGUE_PASSWORD_FILE = '' } = config;
  const self = new RegExp(`//(localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1\\]):${config.PORT}(?=[/,|]|$)`);
  // A shell that has GOPROXY set to this server may run commands all the same: they ask no origin.
  if (fetches && self.test(UPSTREAM)) {
    faults.push('UPSTREAM is this very server: unset GOPROXY in this shell, or give UPSTREAM');
  }
  if (ORIGIN_CA_FILE !== '') {
    try {
      new X509Certificate(await readFile(ORIGIN_CA_FILE));
    } catch (error) {
      faults.push(`ORIGIN_CA_FILE=${ORIGIN_CA_FILE} has no certificate in PEM: ${(error as Error).message}`);
    }
  }
  if (CATALOGUE_PASSWORD_FILE !== '') {
    await readFile(CATALOGUE_PASSWORD_FILE).catch(error =>
      faults.push(`CATALOGUE_PASSWORD_FILE=${CATALOGUE_PASSWORD_FILE} can't be read: ${(error as Error).message}`),
    );
  }
  if (config.REQUIRE_TOKEN === true && TOKENS_FILE === '') {
    faults.push('REQUIRE_TOKEN=true needs TOKENS_FILE, or nobody could read anything');
  }
  const { MESSAGING, LEASE = 0 } = config;
  if (MESSAGING?.kind === 'pubsub' && (LEASE < shortestLease || LEASE > longestLease)) {
    faults.push('LEASE must be from 10s to 60s with Pub/Sub, which keeps a dead process’s messages for so long');
  }
  let tokens: Token[] = [];
  if (TOKENS_FILE !== '') {
    await readTokens(TOKENS_FILE).then(
      found => {
        tokens = found;
      },
      error => faults.push(`TOKENS_FILE is wrong: ${asFault(error).message}`),
    );
  }
  let hookSecrets: HookSecrets = noHookSecrets;
  if (config.HOOK_SECRETS_FILE !== undefined && config.HOOK_SECRETS_FILE !== '') {
    await readHookSecrets(config.HOOK_SECRETS_FILE).then(
      found => {
        hookSecrets = found;
      },
      error => faults.push(`HOOK_SECRETS_FILE is wrong: ${asFault(error).message}`),
    );
  }
  let notifier = noNotifierSecrets;
  await readNotifierSecrets(config.SLACK_TOKEN_FILE ?? '', config.HOOK_SECRETS_FILE ?? '').then(
    found => {
      notifier = found;
    },
    error => faults.push(asFault(error).message),
  );
  return { faults, tokens, hookSecrets, notifier };
}
