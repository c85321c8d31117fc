import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(import.meta.resolve('../../services/main.ts'));

/** Settings as in the environment. PATH is not passed on, so no go command is asked for defaults. */
export type Settings = Readonly<Record<string, string>>;

const defaults: Settings = {
  HOST: '127.0.0.1',
  PORT: '0',
  ADMIN_PORT: '0',
  API_PORT: '0',
  DISCOVERY_PORT: '0',
  UI_PORT: '0',
  ORIGIN_PORT: '0',
  NOTIFIER_PORT: '0',
  UPSTREAM: 'off',
  PRIVATE_UPSTREAM: 'off',
  SUMDB: 'off',
  RATE_LIMIT: '0',
};

/** The services that bring modules, in a process of their own. */
export interface Service {
  /** As in `GOPROXY`. */
  url: string;
  admin: string;
  pid: number;
  process: ChildProcess;
  /** Its log so far, a JSON object a line, request lines included. */
  log: Record<string, unknown>[];
  /** What it said on standard error so far. */
  said: () => string;
  /** `kill -9`; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves to the exit status. */
  stop(): Promise<number | null>;
}

export interface Start {
  settings: Settings;
  /** A module that is loaded before the service. */
  preload?: string;
  /** Told of the process as soon as there is one. */
  onSpawn?: (child: ChildProcess) => void;
}

/** Starts the service and waits until it is ready. Throws what it said when it ends instead. */
export async function startService({ settings, preload, onSpawn }: Start): Promise<Service> {
  const args = [...(preload === undefined ? [] : ['--import', preload]), main, 'proxy', 'processor', 'validator'];
  const child = spawn(process.execPath, args, {
    env: { ...defaults, ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  onSpawn?.(child);
  const exit = once(child, 'exit');
  const log: Record<string, unknown>[] = [];
  let said = '';
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  lines.on('line', line => log.push(parse(line)));
  const { promise: ports, resolve } = Promise.withResolvers<{ url: string; admin: string }>();
  child.stderr?.setEncoding('utf8').on('data', text => {
    said += text;
    const url = /export GOPROXY=(\S+)\n/.exec(said)?.[1];
    const admin = /health and metrics at (http:\S+)\/readyz/.exec(said)?.[1];
    if (url !== undefined && admin !== undefined) resolve({ url, admin });
  });
  const ready = await Promise.race([ports, exit]);
  if (Array.isArray(ready)) throw new Error(`the service ended before it was ready (${ready}):\n${said}`);
  return {
    ...ready,
    pid: child.pid ?? 0,
    process: child,
    log,
    said: () => said,
    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
    async stop() {
      child.kill('SIGTERM');
      return (await exit)[0];
    },
  };
}

/** A line that a killed process has not finished is kept as it is. */
function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    return { unfinished: line };
  }
}

/** Runs an operator's command: `node services/main.ts <name> …`. */
export async function operate(settings: Settings, ...args: string[]): Promise<{ status: number | null; out: string }> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...defaults, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (out += text));
  const [status] = await once(child, 'close');
  return { status, out };
}
