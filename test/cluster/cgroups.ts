import { existsSync } from 'node:fs';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = '/sys/fs/cgroup';

/** The roots of all hierarchies: one with cgroup v2, one a controller with v1. */
async function hierarchies(): Promise<string[]> {
  if (existsSync(join(root, 'cgroup.controllers'))) return [root];
  const folders = await readdir(root);
  return folders.map(folder => join(root, folder)).filter(folder => existsSync(join(folder, 'cgroup.procs')));
}

/** Makes the group under which a kubelet keeps its pods; it insists that it be there. */
export async function makeCgroup(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) await mkdir(join(hierarchy, name), { recursive: true });
}

/** Removes the group and all below it. Its processes must have been killed; they may take a moment to go. */
export async function removeCgroup(name: string): Promise<void> {
  for (const hierarchy of existsSync(root) ? await hierarchies() : []) await remove(join(hierarchy, name));
}

async function remove(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await remove(join(folder, entry.name));
  }
  for (let attempt = 0; ; attempt++) {
    try {
      return await rmdir(folder);
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(50);
    }
  }
}
