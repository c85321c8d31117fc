import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Daemon {
  readonly name: string;
  readonly pid: number;
  readonly stdin: ChildProcess['stdin'];
  /** Settles when the process has ended, with a sentence that says how. */
  readonly ended: Promise<string>;
  /** Ends it at once. What it holds is thrown away with the cluster, so there is nothing to say goodbye to. */
  kill(): Promise<void>;
}

/**
 * Starts a program that dies with this one, however this one ends: the kernel sends it SIGKILL (Linux only). Its output
 * goes to the file `log`.
 */
export async function startDaemon(name: string, command: string, args: string[], log: string): Promise<Daemon> {
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], { stdio: ['pipe', output, output] });
  closeSync(output);
  child.stdin?.on('error', () => {}); // a program that ended shows as that
  const ended = once(child, 'exit').then(
    ([code, signal]) => `${name} ended with ${code ?? signal}; the end of its log:\n${tail(log)}`,
    (error: Error) => `${name} could not be started: ${error.message}`,
  );
  const { pid } = child;
  if (pid === undefined) throw new Error(await ended);
  return {
    name,
    pid,
    stdin: child.stdin,
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function tail(log: string): string {
  return readFileSync(log, 'utf8').split('\n').slice(-15).join('\n').slice(-3000);
}
