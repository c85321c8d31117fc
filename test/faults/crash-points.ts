import { writeSync } from 'node:fs';
import fsPromises, { type FileHandle, open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Loaded before the service with `--import`: names the calls that change what the process would leave behind if it died
 * (files and folders made, written, linked, renamed, removed; commits of the queue) and kills it before a chosen one.
 * Calls that change nothing that outlives the process alone (fsync, times, removing empty folders) are no points of
 * their own. The product knows nothing of this.
 *
 * A point is `<call>#<n>`, the n-th such call since it was armed. FAULTS_DIE_AT arms it from the start; the parent does
 * so with `{dieAt: <point>}`, answered `{armed}`. `'points'` is answered with all points since. An empty one is never.
 */
const dataDir = process.env.DATA_DIR ?? '';

let dieAt = process.env.FAULTS_DIE_AT;
let counts = new Map<string, number>();
let points: string[] = [];

function point(name: string): void {
  if (dieAt === undefined) return;
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  points.push(`${name}#${count}`);
  if (points.at(-1) !== dieAt) return;
  writeSync(2, `killed before ${dieAt}\n`);
  process.kill(process.pid, 'SIGKILL');
}

/** The path below DATA_DIR, without what differs from run to run. */
function place(path: unknown): string {
  return relative(dataDir, String(path))
    .replace(/(\.tmp|\/log|^tmp|alarms)\/.*/, '$1/*')
    .replace(/^records\/index\/.*\/.*/, 'records/index/*')
    .replace(/\/v\d[^/]*?(\.(info|mod|zip|origin))?(?=\/|$)/, '/v*$1')
    .replace(/^((?:published|quarantine|records\/modules)\/)(?!\.tmp).+?(?=\/@v|$)/, '$1*');
}

const opened = new WeakMap<FileHandle, string>();
const isWriting = (flags: unknown) => typeof flags === 'string' && /[wa+]/.test(flags);

function wrapFunctions(): void {
  const functions = fsPromises as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const wrap = (name: string, labelOf: (args: unknown[]) => string) => {
    const call = functions[name];
    functions[name] = (...args) => {
      point(`${name} ${labelOf(args)}`);
      return call?.(...args) ?? Promise.reject(new Error(`there is no fs.${name}`));
    };
  };
  for (const name of ['unlink', 'mkdir', 'rm', 'mkdtemp']) wrap(name, ([path]) => place(path));
  for (const name of ['link', 'rename']) wrap(name, ([, target]) => place(target));
  const openFile = functions.open;
  functions.open = async (...args) => {
    if (isWriting(args[1])) point(`open ${place(args[0])}`);
    const handle = (await openFile?.(...args)) as FileHandle;
    opened.set(handle, place(args[0]));
    return handle;
  };
}

async function wrapHandles(): Promise<void> {
  const handle = await open(process.execPath, 'r');
  const prototype = Object.getPrototypeOf(handle) as Record<string, (...args: unknown[]) => unknown>;
  await handle.close();
  for (const name of ['write', 'writev']) {
    const call = prototype[name];
    prototype[name] = function (this: FileHandle, ...args) {
      point(`${name} ${opened.get(this)}`);
      return call?.apply(this, args);
    };
  }
}

function wrapQueue(): void {
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (sql) {
    if (sql !== 'COMMIT') return exec.call(this, sql);
    point('commit of the queue');
    exec.call(this, sql);
  };
}

await wrapHandles();
wrapFunctions();
wrapQueue();
syncBuiltinESMExports();

process.on('message', (order: 'points' | { dieAt: string }) => {
  if (order === 'points') {
    process.send?.({ points });
    return;
  }
  ({ dieAt } = order);
  counts = new Map();
  points = [];
  process.send?.({ armed: true });
});
process.channel?.unref();
