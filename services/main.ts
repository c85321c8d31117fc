import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { openBackends } from './backends.ts';
import { type Command, commands, currentUser } from './commands/index.ts';
import { type Config, ConfigError } from './config.ts';
import { configure } from './configure.ts';
import { asFault } from './errors.ts';
import type { Token } from './proxy/access.ts';
import { createBatch } from './proxy/request-log.ts';
import { run, type ServiceName, serviceNames } from './run.ts';

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
    const asked = name === 'help' || name === '--help' || name === '-h';
    if (!asked) say(`there is no service or command ${JSON.stringify(name)}.`);
    say(`services: ${serviceNames.join(', ')}; all of them without a name. Commands:`);
    for (const { name, usage, about } of commands) say(`  ${name} ${usage}\n      ${about}`);
    return asked ? 0 : 2;
  }
  if (command === undefined && rest.length > 0) {
    say(`a service takes no arguments, but got ${rest.join(' ')}; it is configured by the environment.`);
    return 2;
  }
  try {
    const { config, tokens } = await configure(process.env, { fetches: services.includes('processor') });
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

async function operate(command: Command, argv: readonly string[], config: Config): Promise<number> {
  const backends = await openBackends(config, { reads: [], quarantine: true }, error => say(error.message));
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
