import { createHash } from 'node:crypto';
import { removeCgroup } from './cgroups.ts';
import { disconnect } from './network.ts';
import { removeFiles } from './state.ts';

/** The name of a cluster's cable and control group: one a folder, short enough for both. */
export const idOf = (folder: string) => `gc${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;

/** Removes what outlives the processes of a cluster. Does nothing where there is nothing. */
export async function clean(folder: string): Promise<void> {
  const id = idOf(folder);
  await disconnect(id);
  await removeCgroup(id);
  await removeFiles(folder);
}
