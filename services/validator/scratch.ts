import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { Fault } from '../errors.ts';

/** Folders for the copies of the zips that are being checked: one a job, removed with it. */
export interface Scratch {
  /** Throws `unavailable` when nothing can be written. */
  ready(): Promise<void>;
  /** Removes what processes that are gone have left behind. */
  sweep(): Promise<void>;
  /** Gives `work` a way to make its folder and removes that in the end. */
  use<T>(work: (folder: () => Promise<string>) => Promise<T>): Promise<T>;
}

const prefix = 'validator-';

export function createScratch(root: string): Scratch {
  async function make(): Promise<string> {
    try {
      await mkdir(root, { recursive: true });
      return await mkdtemp(join(root, `${prefix}${process.pid}-`));
    } catch (error) {
      throw new Fault('unavailable', `the temporary folder fails: ${reasonOf(error)}`, { cause: error });
    }
  }
  const remove = (folder: string) => rm(folder, { recursive: true, force: true });

  return {
    async ready() {
      await remove(await make());
    },
    async sweep() {
      const names = await readdir(root).catch(() => []);
      for (const name of names.filter(each => each.startsWith(prefix))) {
        const folder = join(root, name);
        const made = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Number.POSITIVE_INFINITY;
        // In a container every start has the same process id: then only what is older than this process is left over.
        if (made < performance.timeOrigin && !isOther(Number(name.split('-')[1]))) await remove(folder);
      }
    },
    async use(work) {
      let folder: Promise<string> | undefined;
      try {
        return await work(() => {
          folder ??= make();
          return folder;
        });
      } finally {
        const made = await folder?.catch(() => undefined);
        if (made !== undefined) await remove(made);
      }
    },
  };
}

/** Why a file system call failed, without the path of this machine that its message holds: clients may read it. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return errno === undefined ? message : getSystemErrorMessage(errno);
}

/** Whether another living process has this id. */
function isOther(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
