import { access, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import pLimit from 'p-limit';
import { attempt, failedWith, isAbsent, storageFault } from './files/faults.ts';
import { above, createFolders, syncFolder } from './files/folders.ts';
import { getObject, statObject } from './files/object.ts';
import { createPut } from './files/put.ts';
import { createTemporary } from './files/temporary.ts';
import { walk } from './files/walk.ts';
import type { Storage } from './index.ts';
import { checkKey } from './key.ts';

/** Node has 4 threads for files: fsyncs that wait for the disk must not hold them all, or reads wait too. */
const syncsAtOnce = 2;

/**
 * Storage in the folder `root`, which any number of processes may share. Keys are file paths, so that the folder of
 * published modules is itself a GOPROXY (`file://…`). Needs a case-sensitive file system with hard links. Objects are
 * written in `<root>/.tmp`, synced, then linked (create-only) or renamed (replacing) into their place.
 */
export async function createFileStorage(options: { root: string }): Promise<Storage & { ready(): Promise<void> }> {
  const root = resolve(options.root);
  await attempt('making its folder', () => makeDurable(root));
  const temporary = await attempt('making its folder of temporary files', () => createTemporary(root));
  const limit = pLimit(syncsAtOnce);
  const folders = createFolders(root, limit);

  /** A folder that was unmounted or removed looks empty; that must not pass for the absence of objects. */
  async function present(): Promise<void> {
    await attempt('looking for its folder of temporary files', () => access(`${root}/.tmp`));
  }

  return {
    put: createPut({ root, folders, temporary, limit }),

    async get(key, options = {}) {
      checkKey(key);
      const object = await getObject(root, key, options);
      if (object === undefined) await present();
      return object;
    },

    async stat(key) {
      checkKey(key);
      const info = await statObject(root, key);
      if (info === undefined) await present();
      return info;
    },

    async *list(prefix, { after = '' } = {}) {
      await present();
      try {
        for await (const key of walk(root, prefix, after)) {
          const info = await statObject(root, key);
          if (info !== undefined) yield info;
        }
      } catch (error) {
        throw storageFault(error, `listing ${prefix}`);
      }
    },

    async delete(key) {
      checkKey(key);
      await attempt(`deleting ${key}`, async () => {
        try {
          await unlink(`${root}/${key}`);
        } catch (error) {
          if (isAbsent(error) || failedWith(error, 'EISDIR')) return present();
          throw error;
        }
        await folders.sync(await folders.prune(above(key)));
      });
    },

    /** Throws `unavailable` unless the folder can be written and read. */
    async ready() {
      const [path, other] = [temporary.path(), temporary.path()];
      try {
        await attempt('checking that it can be written and read', async () => {
          await writeFile(path, 'ready', { flag: 'wx' });
          await link(path, other);
          if ((await readFile(other, 'utf8')) !== 'ready') throw new Error('it does not keep what is written');
        });
      } finally {
        for (const each of [path, other]) await unlink(each).catch(() => {}); // either may not have been made
      }
    },
  };
}

/** Makes the folder and those above it, so that they survive a crash of the machine. */
async function makeDurable(root: string): Promise<void> {
  // Node's recursive mkdir says "no such file" for a read-only file system; the plain one says what it is.
  const first = await mkdir(root, { recursive: true }).catch(() => mkdir(root).then(() => root));
  if (first === undefined) return;
  for (let made = root; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}
