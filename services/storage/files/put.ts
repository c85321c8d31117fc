import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises';
import { Fault } from '../../errors.ts';
import type { ObjectInfo, PutResult, Storage } from '../index.ts';
import { checkKey } from '../key.ts';
import { attempt, failedWith, isAbsent } from './faults.ts';
import { above, type Folders } from './folders.ts';
import { describe } from './object.ts';
import { readBytes } from './read.ts';
import type { Temporary } from './temporary.ts';
import { writeBody } from './write.ts';

/** Bounds a put that races with deletes, which remove its folder each time. */
const placements = 100;
const compareSize = 256 * 1024;

interface Deps {
  root: string;
  folders: Folders;
  temporary: Temporary;
  /** Bounds the fsyncs that run at once. */
  limit: <T>(run: () => Promise<T>) => Promise<T>;
}

/** `put` of the file storage: a temporary file, fsync, link or rename, fsync of the folders. */
export function createPut({ root, folders, temporary, limit }: Deps): Storage['put'] {
  const stamp = createStamp();

  async function finish(key: string, path: string, handle: FileHandle, ifAbsent: boolean): Promise<PutResult> {
    const time = stamp();
    await handle.utimes(time, time);
    await limit(() => handle.sync());
    const info = describe(key, await handle.stat({ bigint: true }));
    const existing = await place(path, handle, info, ifAbsent);
    // Also for one that was there: whoever made it may not have come so far yet.
    await folders.sync(above(key));
    return { ...(existing ?? info), created: existing === undefined };
  }

  /** Moves a finished file to its key; with `ifAbsent`, returns the object of the same bytes that was there already. */
  async function place(path: string, handle: FileHandle, info: ObjectInfo, ifAbsent: boolean) {
    const target = `${root}/${info.key}`;
    for (let tries = 0; tries < placements; tries++) {
      try {
        await (ifAbsent ? link(path, target) : rename(path, target));
        return undefined;
      } catch (error) {
        if (failedWith(error, 'ENOENT')) await makeFolder(info.key);
        else if (failedWith(error, 'ENOTDIR', 'EISDIR', 'ENOTEMPTY')) throw clash(info.key, error);
        else if (!failedWith(error, 'EEXIST')) throw error;
        else {
          const existing = await compare(target, handle, info);
          if (existing !== undefined) return existing;
        }
      }
    }
    throw new Fault('unavailable', `${info.key} could not be stored: its folder kept vanishing`);
  }

  async function makeFolder(key: string): Promise<void> {
    try {
      await folders.make(above(key));
    } catch (error) {
      if (!failedWith(error, 'ENOENT', 'ENOTDIR', 'EEXIST')) throw error;
      // Node says ENOTDIR of a folder that is removed while it is made, too: the next try makes it again.
      if (await hasObjectAbove(key)) throw clash(key, error);
    }
  }

  async function hasObjectAbove(key: string): Promise<boolean> {
    for (let folder = above(key); folder !== ''; folder = above(folder)) {
      const found = await stat(`${root}/${folder}`).catch(error => {
        if (!isAbsent(error)) throw error;
      });
      if (found !== undefined) return !found.isDirectory();
    }
    return false;
  }

  return async (key, body, { ifAbsent = false } = {}) => {
    const stream = body instanceof Uint8Array ? undefined : body;
    stream?.on('error', () => {}); // an error before it is read, or after, would have no listener
    const doing = `storing ${key}`;
    const path = temporary.path();
    let handle: FileHandle | undefined;
    try {
      checkKey(key);
      const opened = await attempt(doing, () => open(path, 'wx+'));
      handle = opened;
      await writeBody(opened, body, doing);
      return await attempt(doing, () => finish(key, path, opened, ifAbsent));
    } finally {
      stream?.destroy();
      // When these fail it says nothing of the object, and a file that stays is removed at the next start.
      await handle?.close().catch(() => {});
      if (handle !== undefined) await unlink(path).catch(() => {});
    }
  };
}

/** What is in place, when it has the bytes of `handle`; undefined when it is gone again. */
async function compare(target: string, handle: FileHandle, info: ObjectInfo): Promise<ObjectInfo | undefined> {
  const existing = await open(target, 'r').catch(error => {
    if (!isAbsent(error)) throw error;
  });
  if (existing === undefined) return undefined;
  try {
    const stats = await existing.stat({ bigint: true });
    if (!stats.isFile()) throw clash(info.key, undefined);
    const found = describe(info.key, stats);
    if (found.size === info.size && (await sameBytes(handle, existing, info))) return found;
    throw new Fault('conflict', `other bytes are already kept under ${info.key}`);
  } finally {
    await existing.close();
  }
}

async function sameBytes(a: FileHandle, b: FileHandle, { key, size }: ObjectInfo): Promise<boolean> {
  for (let start = 0; start < size; start += compareSize) {
    const length = Math.min(compareSize, size - start);
    const left = await readBytes(a.fd, start, length, `comparing ${key}`);
    const right = await readBytes(b.fd, start, length, `comparing ${key}`);
    if (!left.equals(right)) return false;
  }
  return true;
}

const clash = (key: string, cause: unknown) =>
  new Fault('invalid', `${key} can’t be stored: an object and a folder would have the same name`, { cause });

/**
 * Modification times in seconds, of the present and never the same twice, so that an etag changes with every put: a
 * file system's own times advance in ticks of milliseconds, and inodes are used again.
 */
function createStamp(): () => number {
  let last = 0; // microseconds
  return () => {
    last = Math.max(Date.now() * 1000, last + 1);
    return (last + 0.5) / 1e6; // the half keeps the rounding of a double within its microsecond
  };
}
