import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readdir, rename, stat } from 'node:fs/promises';
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
/** Lines in memory that wait for the disk; more are dropped. */
const pendingBytes = 16 << 20;

export async function openSpool(options: SpoolOptions): Promise<DownloadLog> {
  const { folder, interval = 2000, maxBytes = 1 << 30, onError } = options;
  await mkdir(folder, { recursive: true });
  let pending: string[] = [];
  let size = 0;
  let dropped = 0;
  let open: { path: string; bytes: number; since: number } | undefined;
  let waiting = await bytesIn(folder);
  let work = Promise.resolve();

  async function flush(last: boolean): Promise<void> {
    const lines = pending.join('');
    pending = [];
    size = 0;
    try {
      if (lines !== '') {
        open ??= { path: join(folder, newName()), bytes: 0, since: Date.now() };
        await appendFile(`${open.path}.open`, lines);
        open.bytes += Buffer.byteLength(lines);
      }
      if (open !== undefined && (last || open.bytes >= fileBytes || Date.now() - open.since >= interval)) {
        await rename(`${open.path}.open`, `${open.path}.ndjson`);
        open = undefined;
        waiting = await bytesIn(folder);
      }
    } catch (error) {
      dropped += count(lines);
      open = undefined; // what it has is found by whoever counts
      onError(error as Error);
    }
  }

  const next = (last = false) => {
    work = work.then(() => flush(last));
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
      if (size >= fileBytes) void next();
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
