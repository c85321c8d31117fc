import { type FileHandle, mkdir, open, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path/posix';
import { isAbsent } from './faults.ts';

/** Folders remembered as durable; forgetting them only costs an fsync each. */
const remembered = 10_000;

/** The folders below a root, named relative to it; '' is the root itself. */
export interface Folders {
  make(folder: string): Promise<void>;
  /** Returns when the folder's entries, and the folder itself, survive a crash of the machine. */
  sync(folder: string): Promise<void>;
  /** Removes the folder and those above it as far as they are empty. Returns the first that stays. */
  prune(folder: string): Promise<string>;
}

/** `limit` bounds the fsyncs that run at once. */
export function createFolders(root: string, limit: <T>(run: () => Promise<T>) => Promise<T>): Folders {
  const durable = new Set<string>(['']);

  return {
    async make(folder) {
      const first = await mkdir(`${root}/${folder}`, { recursive: true });
      if (first === undefined) return;
      for (let made = folder; `${root}/${made}`.length >= first.length; made = above(made)) durable.delete(made);
    },

    async sync(folder) {
      const added: string[] = [];
      for (let each = folder; !durable.has(each); each = above(each)) added.push(each);
      await Promise.all([folder, ...added.map(above)].map(each => limit(() => syncFolder(`${root}/${each}`))));
      if (durable.size + added.length > remembered) durable.clear();
      for (const each of ['', ...added]) durable.add(each);
    },

    async prune(folder) {
      for (let each = folder; each !== ''; each = above(each)) {
        try {
          await rmdir(`${root}/${each}`);
        } catch (error) {
          if (!isAbsent(error)) return each;
        }
      }
      return '';
    },
  };
}

/** fsync of a folder: its entries survive. One that is gone has been pruned meanwhile, and what was in it deleted. */
export async function syncFolder(path: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The folder that holds this path; '' at the top. */
export function above(path: string): string {
  const folder = dirname(path);
  return folder === '.' ? '' : folder;
}
