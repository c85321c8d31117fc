import fs from 'node:fs';
import { stat } from 'node:fs/promises';
import { Fault } from '../../errors.ts';
import type { GetOptions, ObjectInfo, StoredObject } from '../index.ts';
import { attempt, isAbsent, storageFault } from './faults.ts';
import { readPart } from './read.ts';

/** What a file's inode says of an object. The time is its modification time, which put.ts makes unique. */
export const describe = (key: string, stats: fs.BigIntStats): ObjectInfo => ({
  key,
  size: Number(stats.size),
  etag: [stats.mtimeNs, stats.size, stats.ino].map(part => part.toString(36)).join('-'),
  time: new Date(Number(stats.mtimeMs)),
});

export async function statObject(root: string, key: string): Promise<ObjectInfo | undefined> {
  const stats = await attempt(`reading ${key}`, () => stat(`${root}/${key}`, { bigint: true }).catch(ignoreAbsent));
  return stats?.isFile() ? describe(key, stats) : undefined;
}

/**
 * Opens first and asks the descriptor, so that what is described is what is read although the key is replaced
 * meanwhile. An open file's inode is in memory: its calls need no thread, which halves the time of a small read.
 */
export async function getObject(root: string, key: string, options: GetOptions): Promise<StoredObject | undefined> {
  const doing = `reading ${key}`;
  const fd = await openToRead(`${root}/${key}`, doing);
  if (fd === undefined) return undefined;
  let part: { info: ObjectInfo; start: number; length: number };
  try {
    const stats = fs.fstatSync(fd, { bigint: true });
    if (!stats.isFile()) {
      fs.closeSync(fd);
      return undefined;
    }
    const info = describe(key, stats);
    part = { info, ...partOf(info, options.range) };
  } catch (error) {
    fs.closeSync(fd);
    throw storageFault(error, doing);
  }
  return { ...part.info, body: await readPart(fd, part.start, part.length, doing) };
}

function openToRead(path: string, doing: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    fs.open(path, 'r', (error, fd) => {
      if (error === null) resolve(fd);
      else if (isAbsent(error)) resolve(undefined);
      else reject(storageFault(error, doing));
    });
  });
}

function partOf({ key, size }: ObjectInfo, range: GetOptions['range']): { start: number; length: number } {
  if (range === undefined) return { start: 0, length: size };
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || start < 0 || start >= size || !(end >= start)) {
    throw new Fault('invalid', `${key} has ${size} bytes, which range ${start}–${end} is not within`);
  }
  return { start, length: Math.min(end, size - 1) - start + 1 };
}

function ignoreAbsent(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
}
