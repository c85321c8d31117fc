import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clean } from './clean.ts';
import { type Cluster, isAlive, readState } from './state.ts';
import type { Message } from './supervisor.ts';

export type { Cluster } from './state.ts';

/** Where `npm run cluster:up` keeps its cluster. */
export const defaultFolder = join(import.meta.dirname, '..', '..', '.cache', 'cluster');

export interface Started {
  cluster: Cluster;
  /** Lets the cluster outlive this process, until `stopCluster`. */
  release(): void;
  /** Ends it and resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/**
 * Starts a cluster whose files are in `folder`. It ends with this process, even when that is killed, unless it is released.
 * Throws, and leaves nothing, when a part of it does not start or when one runs in this folder already.
 */
export async function startCluster(folder: string, say: (line: string) => void = () => {}): Promise<Started> {
  // In a group of its own: Ctrl-C is for this process, which then closes the channel.
  const child = fork(join(import.meta.dirname, 'supervisor.ts'), [folder], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const exit = once(child, 'exit');
  const cluster = await new Promise<Cluster>((resolve, reject) => {
    child.on('message', (message: Message) => {
      if (message.kind === 'say') say(message.line);
      else if (message.kind === 'ready') resolve(message.cluster);
      else reject(new Error(message.line));
    });
    child.once('exit', code => reject(new Error(`the cluster's supervisor ended with ${code}`)));
  }).catch(async error => {
    await exit;
    throw error;
  });
  return {
    cluster,
    release() {
      child.send('stay');
      child.unref();
    },
    async stop() {
      child.kill('SIGTERM');
      await exit;
    },
  };
}

/** The cluster that runs in `folder`, if one does. */
export async function runningCluster(folder: string): Promise<Cluster | undefined> {
  const state = await readState(folder);
  return state !== undefined && isAlive(state) ? state.cluster : undefined;
}

/** Ends the cluster in `folder`, or clears what a crash left of it. False when there was none. */
export async function stopCluster(folder: string): Promise<boolean> {
  const state = await readState(folder);
  if (state === undefined) return false;
  if (isAlive(state)) process.kill(state.pid, 'SIGTERM');
  for (let waited = 0; isAlive(state); waited += 50) {
    // Its children die with it.
    if (waited === 20_000) process.kill(state.pid, 'SIGKILL');
    await sleep(50);
  }
  await clean(folder);
  return true;
}
