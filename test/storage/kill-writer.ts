import { writeSync } from 'node:fs';
import fsPromises, { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { createFileStorage } from '../../services/storage/files.ts';
import { selfDescribing, streamOf } from './helpers.ts';

/**
 * A process to be killed: stores, replaces and deletes objects for ever and tells on standard output what has been
 * acknowledged. Arguments: root, a name for this run, and the file system call before which it kills itself; 0 is never.
 */
const [root = '', run = '', dieAt = '0'] = process.argv.slice(2);

const tell = (line: string) => writeSync(1, `${line}\n`);

let calls = 0;
async function dieInTime(): Promise<void> {
  const handle = await open(root, 'r');
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const count = (target: Record<string, (...args: unknown[]) => unknown>, name: string) => {
    const call = target[name];
    target[name] = function (this: unknown, ...args: unknown[]) {
      calls++;
      if (calls === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
      return call?.apply(this, args);
    };
  };
  for (const name of ['writev', 'utimes', 'sync', 'stat', 'close']) count(prototype, name);
  for (const name of ['open', 'link', 'rename', 'unlink', 'mkdir', 'rmdir']) count(fsPromises as never, name);
  syncBuiltinESMExports();
}

const storage = await createFileStorage({ root });
await dieInTime();
tell('ready');
for (let n = 1; ; n++) {
  const size = 100 + ((n * 7919) % 12) * 50_000;
  const key = `${run}/${n}/object`;
  const body = selfDescribing(key, n, size);
  await storage.put(key, streamOf(body), { ifAbsent: true });
  tell(`put ${key} ${n}`);
  await storage.put('current', selfDescribing('current', n, size));
  tell(`put current ${n}`);
  if (n % 3 === 1) {
    await storage.put(key, body, { ifAbsent: true });
    tell(`deleting ${key}`);
    await storage.delete(key);
    tell(`deleted ${key}`);
  }
}
