import { readFile, rm, writeFile } from 'node:fs/promises';
import { until } from '../e2e/until.ts';

/** Longest wait for whoever holds it, in ms: as long as the images take where nothing of them is there. */
const patience = 600_000;

/** Waits until no other process holds the lock `file`, takes it, and gives its release. A process that died holds none. */
export async function lock(file: string): Promise<() => Promise<void>> {
  const take = () =>
    writeFile(file, String(process.pid), { flag: 'wx' }).then(
      () => true,
      () => false,
    );
  await until(
    `${file} is free`,
    async () => {
      if (await take()) return true;
      const holder = Number(await readFile(file, 'utf8').catch(() => ''));
      if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
      return false;
    },
    patience,
    200,
  );
  return () => rm(file);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
