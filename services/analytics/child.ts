import type { ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';

/** Gives a process its priority, as `nice` counts, before it has threads of its own, which have it then. */
export function lower({ pid }: ChildProcess, priority: number): void {
  try {
    if (pid !== undefined) setPriority(pid, priority);
  } catch {
    // Some systems do not let a process be lowered; it then works at the same priority.
  }
}

/** Ends a process that ends when it is disconnected, and kills it when it does not within so many milliseconds. */
export async function end(child: ChildProcess, patience: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  const kill = setTimeout(() => child.kill('SIGKILL'), patience);
  if (child.connected) child.disconnect();
  await promise;
  clearTimeout(kill);
}
