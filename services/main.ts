import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { migrateCatalogue, openAnalyticsForCommand, openBackends, openCatalogue } from './backends.ts';
import { type Command, commands, currentUser } from './commands/index.ts';
import { type Config, ConfigError } from './config.ts';
import { configure, type Files } from './configure.ts';
import { asFault } from './errors.ts';
import { type Running, run, type ServiceName, serviceNames } from './run.ts';
import { createHttpApi } from './ui-backend/http-client.ts';

/**
 * The entry: `node services/main.ts` runs every service in this process, `node services/main.ts <service>…` some of
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
  const services =
    name === undefined ? serviceNames : serviceNames.filter(service => [name, ...rest].includes(service));
  const command = commands.find(candidate => candidate.name === name);
  if (name !== undefined && command === undefined && !services.some(service => service === name)) {
    const asked = name === 'help' || name === '--help' || name === '-h';
    if (!asked) say(`there is no service or command ${JSON.stringify(name)}.`);
    say(`services: ${serviceNames.join(', ')}; all of them without a name. Commands:`);
    for (const { name, usage, about } of commands) say(`  ${name} ${usage}\n      ${about}`);
    return asked ? 0 : 2;
  }
  const surplus = rest.filter(argument => !services.includes(argument as ServiceName));
  if (command === undefined && surplus.length > 0) {
    say(`a service takes no arguments, but got ${surplus.join(' ')}; it is configured by the environment.`);
    return 2;
  }
  try {
    const { config, ...files } = await configure(process.env, { fetches: services.includes('processor') });
    if (command !== undefined) return await operate(command, rest, config);
    return await serve(config, services, files);
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

async function operate(command: Command, argv: readonly string[], config: Config): Promise<number> {
  const backends = await openBackends(config, { reads: [], stores: command.stores }, error => say(error.message));
  let api: ReturnType<typeof createHttpApi> | undefined;
  // Only the services know the origins; ui-backend asks as it does for the page.
  const resolve = async (module: string, version: string) => {
    api ??= createHttpApi({ url: config.API_URL });
    return (await api.include({ module, version })).version;
  };
  try {
    process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') process.exit(0); // whoever reads has read enough, as `head` does
      say(`the answer can't be written: ${message}`);
      process.exit(1);
    });
    const deps = {
      out: process.stdout,
      err: process.stderr,
      input: process.stdin,
      now: () => new Date(),
      user: currentUser,
    };
    const catalogue = { openCatalogue: () => openCatalogue(config), migrateCatalogue: () => migrateCatalogue(config) };
    const openAnalytics = () => openAnalyticsForCommand(config, error => say(error.message));
    const code = await command.run({ ...backends, ...deps, ...catalogue, openAnalytics, resolve }, argv);
    // What can't be written is told of after the write.
    await new Promise<void>(done => process.stdout.write('', () => done()));
    return code;
  } finally {
    await api?.close();
    await backends.close();
  }
}

async function serve(config: Config, services: readonly ServiceName[], files: Files): Promise<number> {
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
  const requestLog = log.isLevelEnabled('info') ? out : undefined;
  const flushing = setInterval(() => out.flush(), 200).unref();
  const running = await run({ config, services, ...files, log, requestLog, say, path: process.env.PATH });
  greet(config, running.ports);
  log.info({ services, ports: running.ports, dataDir: resolve(config.DATA_DIR) }, 'started');

  const signal = await stopSignal();
  say('draining: no new requests, what is under way is finished');
  const clean = await running.close();
  if (!clean) log.warn({ signal }, 'not everything was finished in time; what is left is done after the next start');
  clearInterval(flushing);
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

function greet(config: Config, ports: Running['ports']): void {
  const host = config.HOST === '' || config.HOST === '::' || config.HOST === '0.0.0.0' ? 'localhost' : config.HOST;
  say(`health and metrics at http://${host}:${ports.admin}/readyz and /metrics`);
  if (ports.api !== undefined) say(`the API is told of at http://${host}:${ports.api}/api/openapi.json`);
  if (ports.notifier !== undefined)
    say(`results of builds and alerts are taken at http://${host}:${ports.notifier}/hooks/ci and /hooks/alerts`);
  if (ports.hooks !== undefined)
    say(`webhooks are taken at http://${host}:${ports.hooks}/hooks/github, gitlab and gitea`);
  if (ports.origin !== undefined) say(`the origin port for other services is http://${host}:${ports.origin}`);
  if (ports.ui !== undefined) say(`the pages are at http://${host}:${ports.ui}`);
  if (ports.proxy !== undefined) {
    say('ready. Paste this line into the shell where you use go:');
    process.stderr.write(`\n    export GOPROXY=http://${host}:${ports.proxy}\n\n`);
  }
}

process.exitCode = await main();
// Nothing may keep a drained process alive: idle sockets of origins, timers of libraries.
process.exit();
