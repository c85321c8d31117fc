import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A running cluster, as `state.json` in its folder says it. */
export interface Cluster {
  /** Address of the API server. */
  server: string;
  /** File that kubectl and Pulumi sign in with, as an administrator. */
  kubeconfig: string;
  /** The node with real pods. Absent where this machine can't have one. */
  realNode?: {
    /** Its first process, in whose namespaces `nsenter` finds containerd. */
    pid: number;
    /** Addresses of Services, reached from this machine. */
    services: string;
  };
  /** Why there is no real node. */
  withoutRealNode?: string;
}

export interface State {
  /** The process that holds the cluster, and when it started: a number alone may be another's by now. */
  pid: number;
  started: string;
  cluster?: Cluster;
}

const file = (folder: string) => join(folder, 'state.json');

export async function readState(folder: string): Promise<State | undefined> {
  try {
    return JSON.parse(await readFile(file(folder), 'utf8')) as State;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** With `create` it fails with EEXIST when there is a state already, so of two that start one goes on. */
export async function writeState(folder: string, state: State, { create = false } = {}): Promise<void> {
  await mkdir(dirname(file(folder)), { recursive: true });
  if (create) return writeFile(file(folder), JSON.stringify(state), { flag: 'wx' });
  await writeFile(`${file(folder)}.new`, JSON.stringify(state));
  await rename(`${file(folder)}.new`, file(folder));
}

/** Removes what a cluster kept, but not its logs; the state last, as it is what leads here. */
export async function removeFiles(folder: string): Promise<void> {
  for (const name of ['etcd', 'pki', 'config', 'var', 'images'])
    await rm(join(folder, name), { recursive: true, force: true });
  for (const name of ['admin', 'controller-manager', 'scheduler', 'kwok'])
    await rm(join(folder, `${name}.kubeconfig`), { force: true });
  await rm(file(folder), { force: true });
}

/** When a process started, in ticks since the machine did; undefined when there is none (proc(5), field 22 of stat). */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export const isAlive = (state: State): boolean => startOf(state.pid) === state.started;
