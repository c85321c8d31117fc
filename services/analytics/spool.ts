import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open as openFile, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DownloadLog } from './index.ts';

/**
 * The embedded download log: files of log lines in one folder, where any number of processes may write, and whoever
 * counts them (duckdb.ts) takes them away. A file grows as `<name>.open` and is renamed to `<name>.ndjson` when it is
 * handed over.
 */
export interface SpoolOptions {
  folder: string;
  /** A file is handed over after this many milliseconds. */
  interval?: number;
  /** Bytes of files that wait in the folder, above which lines are dropped. */
  maxBytes?: number;
  onError(error: Error): void;
}

/** A file of this size is handed over without waiting. */
const fileBytes = 8 << 20;
/** So much is written at once, and so much waits before it is written without waiting for the interval. */
const writeBytes = 128 << 10;
const wakeBytes = 1 << 20;
/** Lines in memory that wait for the disk; more are dropped. */
const pendingBytes = 16 << 20;

interface OpenFile {
  path: string;
  handle: FileHandle;
  bytes: number;
  /** Milliseconds since 1970. */
  since: number;
}

export async function openSpool(options: SpoolOptions): Promise<DownloadLog> {
  const { folder, interval = 2000, maxBytes = 1 << 30, onError } = options;
  await mkdir(folder, { recursive: true });
  const pending: string[] = [];
  let size = 0;
  let dropped = 0;
  let open: OpenFile | undefined;
  let waiting = await bytesIn(folder);
  let busy = false;
  let work = Promise.resolve();

  async function flush(last: boolean): Promise<void> {
    let lines = '';
    try {
      while (pending.length > 0) {
        lines = takeSome();
        open ??= await create();
        await open.handle.appendFile(lines);
        open.bytes += lines.length;
        if (open.bytes >= fileBytes) await handOver();
      }
      if (open !== undefined && (last || Date.now() - open.since >= interval)) await handOver();
    } catch (error) {
      dropped += count(lines);
      await open?.handle.close().catch(() => {});
      open = undefined; // what it has is found by whoever counts
      onError(error as Error);
    }
  }

  /** A string is turned into bytes at once, during which nobody is served: a little at a time. */
  function takeSome(): string {
    let some = '';
    while (pending.length > 0 && some.length < writeBytes) some += pending.shift();
    size -= some.length;
    return some;
  }

  async function create(): Promise<OpenFile> {
    const path = join(folder, newName());
    return { path, handle: await openFile(`${path}.open`, 'a'), bytes: 0, since: Date.now() };
  }

  async function handOver(): Promise<void> {
    if (open === undefined) return;
    const { path, handle } = open;
    open = undefined;
    await handle.close();
    await rename(`${path}.open`, `${path}.ndjson`);
    waiting = await bytesIn(folder);
  }

  const next = (last = false) => {
    busy = true;
    work = work
      .then(() => flush(last))
      .finally(() => {
        busy = false;
      });
    return work;
  };
  const timer = setInterval(next, interval).unref();
  return {
    write(lines) {
      if (size + lines.length > pendingBytes || waiting > maxBytes) {
        dropped += count(lines);
        return;
      }
      pending.push(lines);
      size += lines.length;
      if (size >= wakeBytes && !busy) void next();
    },
    get dropped() {
      return dropped;
    },
    async close() {
      clearInterval(timer);
      await next(true);
    },
  };
}

/** Sorts by time; unique among processes. */
const newName = () => `${new Date().toISOString().replaceAll(':', '-')}-${randomBytes(6).toString('hex')}`;

const count = (lines: string) => lines.split('\n').length - 1;

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder))
    bytes += await stat(join(folder, name)).then(
      s => s.size,
      () => 0,
    );
  return bytes;
}

/** Not written to for this long, in milliseconds: its writer is gone. */
const abandoned = 60_000;

/** Files that can be taken: those handed over, and those that a dead process left; oldest first. */
export async function spooled(folder: string, now = Date.now()): Promise<string[]> {
  const files: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if (name.endsWith('.ndjson')) files.push(path);
    if (!name.endsWith('.open')) continue;
    const changed = await stat(path).then(
      s => s.mtimeMs,
      () => Infinity,
    );
    if (now - changed < abandoned) continue;
    const taken = `${path.slice(0, -'.open'.length)}.ndjson`;
    await rename(path, taken);
    files.push(taken);
  }
  return files;
}
