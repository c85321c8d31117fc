import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Running extends AsyncDisposable {
  pid: number;
}

/** Starts a program with its output in a file and waits until `url` answers, 60 s at most; disposing ends it. */
export async function run(
  [command, args]: [string, string[]],
  options: { log: string; env?: NodeJS.ProcessEnv; ready: string },
): Promise<Running> {
  const output = openSync(options.log, 'a');
  const child = spawn(command, args, { stdio: ['ignore', output, output], env: { ...process.env, ...options.env } });
  closeSync(output);
  child.on('error', () => {}); // shows as an exit, below
  try {
    await answers(child, options.ready);
  } catch (error) {
    await end(child);
    const said = readFileSync(options.log, 'utf8').slice(-2000);
    throw new Error(`${[command, ...args].join(' ')}: ${(error as Error).message}\n${said}`);
  }
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: () => end(child) };
}

async function answers(child: ChildProcess, url: string): Promise<void> {
  for (const start = performance.now(); performance.now() - start < 60_000; await sleep(50)) {
    if (child.pid === undefined) throw new Error('could not be started');
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response !== undefined && response.status < 500) return;
  }
  throw new Error(`${url} did not answer within 60 s`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await exit;
  clearTimeout(killer);
}
