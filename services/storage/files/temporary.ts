import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, stat, unlink } from 'node:fs/promises';
import { isAbsent } from './faults.ts';

/** A file of an unknown owner that nobody has written to for so long is left over. */
const oldest = 60 * 60 * 1000;

/**
 * The folder of unfinished objects, `<root>/.tmp`, shared by all processes on this root. A name begins with its owner:
 * machine start, process namespace, process id and start time, so that neither a reused id nor a container's process 1
 * is mistaken for the owner.
 */
export interface Temporary {
  /** A new path in the folder. */
  path(): string;
}

/** Makes the folder and removes what dead processes have left in it, never a file of a living one. */
export async function createTemporary(root: string): Promise<Temporary> {
  const folder = `${root}/.tmp`;
  await mkdir(folder, { recursive: true });
  const world = await ownWorld();
  for (const name of await readdir(folder)) {
    if (await isLeftOver(`${folder}/${name}`, name, world)) await unlink(`${folder}/${name}`).catch(ignoreAbsent);
  }
  const owner = `${world ?? 'elsewhere'}.${process.pid}.${(await startOf(process.pid)) ?? '0'}`;
  return { path: () => `${folder}/${owner}.${randomBytes(9).toString('hex')}` };
}

/** Processes can only be told alive or dead from within their namespace; for all others age decides. */
async function isLeftOver(path: string, name: string, world: string | undefined): Promise<boolean> {
  const [itsWorld, pid, start] = name.split('.');
  if (world !== undefined && itsWorld === world) return (await startOf(Number(pid))) !== start;
  const stats = await stat(path).catch(ignoreAbsent);
  return stats?.isFile() === true && stats.mtimeMs < Date.now() - oldest;
}

/** Identifies the running kernel and its process namespace; undefined where there is no Linux /proc. */
async function ownWorld(): Promise<string | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const namespace = await readlink('/proc/self/ns/pid');
    return `${boot.slice(0, 8)}-${namespace.replaceAll(/\D/g, '')}`;
  } catch {
    return undefined;
  }
}

/** Start time in clock ticks since the machine's start: field 22 of proc_pid_stat(5). Undefined for a dead process. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Field 2 is the program's name in parentheses and may hold anything.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function ignoreAbsent(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
}
