import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { schema } from '../../services/config.ts';
import { until } from './until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Settings as in the environment. */
export type Settings = Readonly<Record<string, string>>;

export interface End {
  /** Exit status; null when a signal ended it. */
  code: number | null;
  /** What it said on standard error. */
  said: string;
  /** What it wrote to standard output. */
  wrote: string;
}

/** `node services/main.ts …` as a process of its own, run as its user would. */
export interface Process {
  pid: number;
  /** So far. */
  said(): string;
  /** Lines of its log so far, parsed. */
  log(): Record<string, unknown>[];
  ended: Promise<End>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, or another signal; resolves to its end and the milliseconds until then. */
  stop(name?: NodeJS.Signals): Promise<End & { took: number }>;
}

export interface Service extends Process {
  /** As in `GOPROXY`; empty when no proxy runs in this process. */
  url: string;
  /** Address of the admin port. */
  admin: string;
  /** Where other services ask the processor; empty when they need not. */
  origin: string;
  /** Address of the web pages, and of the API below them; empty when they do not run in this process. */
  pages: string;
  /** Request lines of the log so far. */
  requests(): Record<string, unknown>[];
}

/** Free ports, loopback, no fetching: what a test wants unless it says otherwise. */
const defaults: Settings = {
  HOST: '127.0.0.1',
  PORT: '0',
  ADMIN_PORT: '0',
  API_PORT: '0',
  DISCOVERY_PORT: '0',
  UI_PORT: '0',
  NOTIFIER_PORT: '0',
  ORIGIN_PORT: '0',
};

/** How to kill each that a test has left. */
const running = new Set<() => void>();
process.once('exit', () => {
  for (const kill of running) kill();
});

export interface StartOptions {
  /** What is run; main.ts by default. */
  command?: readonly string[];
  /** In a process group of its own, as a shell runs what is typed. */
  group?: boolean;
}

/** Starts main.ts with these arguments. The environment is the machine's, settings aside. */
export function startProcess(args: readonly string[], settings: Settings, options: StartOptions = {}): Process {
  const { command = [process.execPath, 'services/main.ts'], group = false } = options;
  const machine = Object.entries(process.env).filter(([name]) => !(name in schema));
  const [file = '', ...first] = command;
  const child = spawn(file, [...first, ...args], {
    cwd: root,
    env: { ...Object.fromEntries(machine), ...defaults, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: group,
  });
  const signal = (name: NodeJS.Signals) => {
    if (!group) child.kill(name);
    else if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, name);
  };
  const kill = () => signal('SIGKILL');
  running.add(kill);
  let said = '';
  let wrote = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    said += text;
  });
  child.stdout.setEncoding('utf8').on('data', text => {
    wrote += text;
  });
  const ended = new Promise<End>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve({ code, said, wrote }));
  }).finally(() => running.delete(kill));
  ended.catch(() => {}); // whoever awaits it hears of it
  return {
    pid: child.pid ?? 0,
    said: () => said,
    log: () => wrote.split('\n').flatMap(parseLine),
    ended,
    signal,
    async stop(name = 'SIGTERM') {
      const from = performance.now();
      signal(name);
      return { ...(await ended), took: performance.now() - from };
    },
  };
}

/** Starts every service, or the one named, and waits until it is started. Throws what it said when it ends instead. */
export async function startService(settings: Settings, name?: 'proxy' | 'processor' | 'validator'): Promise<Service> {
  return ready(startProcess(name === undefined ? [] : [name], settings));
}

export async function ready(child: Process): Promise<Service> {
  let end: End | undefined;
  child.ended.then(
    ended => {
      end = ended;
    },
    () => {},
  );
  const started = () => child.log().find(({ message }) => message === 'started');
  await until('the service is started', () => started() !== undefined || end !== undefined, 60_000);
  if (end !== undefined) throw new Error(`the service ended with ${end.code} before it was started:\n${end.said}`);
  const ports = started()?.ports as { proxy?: number; admin: number; origin?: number; ui?: number };
  const address = (port: number | undefined) => (port === undefined ? '' : `http://127.0.0.1:${port}`);
  return {
    ...child,
    url: address(ports.proxy),
    admin: address(ports.admin),
    origin: address(ports.origin),
    pages: address(ports.ui),
    requests: () => child.log().filter(({ message }) => message === 'request'),
  };
}

/** A line that is not finished yet counts as none. */
function parseLine(line: string): Record<string, unknown>[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
