import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildTools, type Tool } from '../tools/index.ts';

/** A server that stands in for one of Google's. It ends with this process at the latest. */
export interface Emulator {
  /** What it printed: where it listens. */
  address: string;
  close(): Promise<void>;
}

/** Starts a tool that prints where it listens, and ends when its standard input does. */
export async function startEmulator(tool: Tool, options: Record<string, string | undefined>): Promise<Emulator> {
  const { [tool]: program } = await buildTools([tool]);
  const args = Object.entries(options).flatMap(([flag, value]) => (value === undefined ? [] : [`-${flag}=${value}`]));
  const server = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(server, 'exit');
  const lines = createInterface(server.stdout);
  const [line] = await Promise.race([once(lines, 'line'), exit]);
  if (typeof line !== 'string') throw new Error(`${tool} did not start: it ended with ${line}`);
  return {
    address: line,
    async close() {
      server.stdin.end();
      await exit;
    },
  };
}
