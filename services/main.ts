import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pino from 'pino';
import { openBackends } from './backends.ts';
import { type Command, commands, currentUser } from './commands/index.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { asFault } from './errors.ts';
import { parseOrigins } from './processor/origins.ts';
import { readTokens, type Token } from './proxy/access.ts';
import { createBatch } from './proxy/request-log.ts';
import { run, type ServiceName, serviceNames } from './run.ts';
import { parseSumdb } from './sumdb/key.ts';

/**
 * The entry: `node services/main.ts` runs every service in this process, `node services/main.ts <service>` one of
 * them, `node services/main.ts <command> …` an operator's command. The only place that reads the environment.
 * Exit codes: 0 done or drained, 1 failed, 2 bad configuration or usage, 130 a second Ctrl-C.
 */

/** Signals that come within this many milliseconds were meant as one. */
const samePress = 1000;
/** Longest wait for whoever reads the log, at the end, in milliseconds. */
const longestFlush = 500;

const say = (line: string) => process.stderr.write(`gocenter: ${line}\n`);

async function main(): Promise<number> {
  const [name, ...rest] = process.argv.slice(2);
  const services = name === undefined ? serviceNames : serviceNames.filter(service => service === name);
  const command = commands.find(candidate => candidate.name === name);
  if (services.length === 0 && command === undefined) {
    say(`there is no service or command ${JSON.stringify(name)}.`);
    say(`services: ${serviceNames.join(', ')}; all of them without a name. Commands:`);
    for (const { name, usage, about } of commands) say(`  ${name} ${usage}\n      ${about}`);
    return 2;
  }
  if (command === undefined && rest.length > 0) {
    say(`a service takes no arguments, but got ${rest.join(' ')}; it is configured by the environment.`);
    return 2;
  }
  try {
    const { config, tokens } = await configure();
    if (command !== undefined) return await operate(command, rest, config);
    return await serve(config, services, tokens);
  } catch (error) {
    if (error instanceof ConfigError) {
      say('the configuration is wrong; nothing was started:');
      for (const fault of error.faults) say(`  ${fault}`);
      return 2;
    }
    say(`can't start: ${asFault(error).message}`);
    if (asFault(error).kind === 'internal' && error instanceof Error) say(error.stack ?? '');
    return 1;
  }
}

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

/** Reads and checks all before it complains: one ConfigError has every fault. */
async function configure(): Promise<{ config: Config; tokens: Token[] }> {
  let values: Partial<Config>;
  let faults: readonly string[] = [];
  try {
    values = readConfig(process.env, await goDefaults());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    ({ values, faults } = error);
  }
  const checked = await checkConfig(values);
  faults = [...faults, ...checked.faults];
  if (faults.length > 0) throw new ConfigError(faults);
  return { config: values as Config, tokens: checked.tokens };
}

/** What a single variable's schema can't see. What is missing has been told of already. */
async function checkConfig(config: Partial<Config>): Promise<{ faults: string[]; tokens: Token[] }> {
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
  const { UPSTREAM = '', ORIGIN_CA_FILE = '', TOKENS_FILE = '' } = config;
  const self = new RegExp(`//(localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1\\]):${config.PORT}(?=[/,|]|$)`);
  if (self.test(UPSTREAM)) {
    faults.push(`UPSTREAM=${UPSTREAM} is this very server: unset GOPROXY in this shell, or give UPSTREAM`);
  }
  if (ORIGIN_CA_FILE !== '' && !existsSync(ORIGIN_CA_FILE)) {
    faults.push(`ORIGIN_CA_FILE=${ORIGIN_CA_FILE} does not exist`);
  }
  if (config.REQUIRE_TOKEN === true && TOKENS_FILE === '') {
    faults.push('REQUIRE_TOKEN=true needs TOKENS_FILE, or nobody could read anything');
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
  return { faults, tokens };
}

async function operate(command: Command, argv: readonly string[], config: Config): Promise<number> {
  const backends = await openBackends(config, error => say(error.message));
  try {
    return await command.run({ ...backends, out: process.stdout, now: () => new Date(), user: currentUser }, argv);
  } finally {
    await backends.close();
  }
}

async function serve(config: Config, services: readonly ServiceName[], tokens: Token[]): Promise<number> {
  // Lines are batched: a write each would cost the proxy two fifths of its throughput. What waits when the reader
  // is too slow is bounded, then dropped; a log must never hold up a download.
  const out = pino.destination({ dest: 1, minLength: 16_384, maxWrite: 65_536, maxLength: 16 << 20, sync: false });
  const log = pino(
    {
      level: config.LOG_LEVEL,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: label => ({ severity: label === 'warn' ? 'WARNING' : label.toUpperCase() }) },
    },
    out,
  );
  const batch = createBatch(out);
  const requestLines = log.isLevelEnabled('info') ? batch : undefined;
  const flush = () => {
    batch.flush();
    out.flush();
  };
  const flushing = setInterval(flush, 200).unref();
  const running = await run({ config, services, tokens, log, requestLines, say, path: process.env.PATH });
  greet(config, running.ports);
  log.info({ services, ports: running.ports, dataDir: resolve(config.DATA_DIR) }, 'started');

  const signal = await stopSignal();
  say('draining: no new requests, what is under way is finished');
  const clean = await running.close();
  if (!clean) log.warn({ signal }, 'not everything was finished in time; what is left is done after the next start');
  clearInterval(flushing);
  batch.flush();
  log.info({ signal }, 'stopped');
  // Not flushSync: it overtakes lines that are being written, which could be lost with the process.
  await Promise.race([new Promise(resolve => out.flush(resolve)), delay(longestFlush)]);
  say('stopped');
  return 0;
}

/**
 * Resolves at the first SIGTERM or Ctrl-C. Neither may cut the drain short by coming twice, as when npm passes on what
 * the terminal or a supervisor has sent to everybody; a Ctrl-C of somebody who has lost patience may.
 */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let first: number | undefined;
    const stop = (signal: NodeJS.Signals) => {
      first ??= performance.now();
      if (signal === 'SIGINT' && performance.now() - first > samePress) process.exit(130);
      resolve(signal);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

function greet(config: Config, ports: { proxy?: number; admin: number; origin?: number }): void {
  const host = config.HOST === '' || config.HOST === '::' || config.HOST === '0.0.0.0' ? 'localhost' : config.HOST;
  say(`health and metrics at http://${host}:${ports.admin}/readyz and /metrics`);
  if (ports.origin !== undefined) say(`the origin port for other services is http://${host}:${ports.origin}`);
  if (ports.proxy !== undefined) {
    say('ready. Paste this line into the shell where you use go:');
    process.stderr.write(`\n    export GOPROXY=http://${host}:${ports.proxy}\n\n`);
  }
}

process.exitCode = await main();
// Nothing may keep a drained process alive: idle sockets of origins, timers of libraries.
process.exit();
