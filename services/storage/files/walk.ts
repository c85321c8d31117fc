import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { compareKeys, isKey } from '../key.ts';
import { isAbsent } from './faults.ts';
import { above } from './folders.ts';

/**
 * Keys of the files below `root` that start with `prefix` and come after `after`, in order. Reads one folder at a time
 * and none that can't hold such a key; at most one sorted listing for each level of folders is in memory.
 */
export async function* walk(root: string, prefix: string, after: string): AsyncGenerator<string> {
  const start = prefix.endsWith('/') ? prefix.slice(0, -1) : above(prefix);
  if (start !== '' && !isKey(start)) return;
  const stack = [await entries(root, start === '' ? '' : `${start}/`, prefix, after)];
  for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
    const key = level.pop();
    if (key === undefined) stack.pop();
    else if (key.endsWith('/')) stack.push(await entries(root, key, prefix, after));
    else yield key;
  }
}

/**
 * What of a folder may matter, last first. A folder has a slash at its end, so that it sorts where its keys do: `a-b`,
 * `a.b`, `a/…`, `a0`.
 */
async function entries(root: string, folder: string, prefix: string, after: string): Promise<string[]> {
  let found: Dirent[];
  try {
    found = await readdir(`${root}/${folder}`, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
  const kept: string[] = [];
  for (const entry of found) {
    if (!entry.isDirectory() && !entry.isFile()) continue;
    const key = entry.isDirectory() ? `${folder}${entry.name}/` : folder + entry.name;
    const matches = key.startsWith(prefix) && isKey(folder + entry.name);
    // All keys of a folder lie on one side of `after`, unless `after` begins with the folder.
    const comes = compareKeys(key, after) > 0 || (entry.isDirectory() && after.startsWith(key));
    if (matches && comes) kept.push(key);
  }
  return kept.sort((a, b) => compareKeys(b, a));
}
