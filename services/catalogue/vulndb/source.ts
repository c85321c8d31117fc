import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../errors.ts';

/** A file of the database as it was last read. */
export interface Copy {
  bytes: Uint8Array;
  /** What tells a change: an ETag or a time. */
  validators: { etag?: string; modified?: string };
}

/** Where a vulnerability database is read from. */
export interface Source {
  /** Undefined when it is what it was in `known`. Throws `unavailable`, `timed-out` or `bad-origin`. */
  read(name: string, known?: Copy): Promise<Copy | undefined>;
}

/** The largest file there is, all.zip left out, is of some megabytes. */
const largest = 64 << 20;
const patience = 30_000;

export function createSource(setting: string): Source {
  return /^https?:\/\//i.test(setting) ? httpSource(setting.replace(/\/+$/, '')) : folderSource(setting);
}

function folderSource(folder: string): Source {
  return {
    async read(name, known) {
      const file = join(folder, name);
      try {
        const { mtimeMs, size } = await stat(file);
        const modified = `${mtimeMs}-${size}`;
        if (known?.validators.modified === modified) return undefined;
        if (size > largest) throw new Fault('bad-origin', `${file} is larger than ${largest} bytes`);
        return { bytes: await readFile(file), validators: { modified } };
      } catch (error) {
        if (error instanceof Fault) throw error;
        throw new Fault('unavailable', `${file} can't be read: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

function httpSource(base: string): Source {
  return {
    async read(name, known) {
      const address = `${base}/${name}`;
      const { etag, modified } = known?.validators ?? {};
      try {
        const response = await fetch(address, {
          headers: { ...(etag && { 'if-none-match': etag }), ...(modified && { 'if-modified-since': modified }) },
          signal: AbortSignal.timeout(patience),
        });
        if (response.status === 304) return undefined;
        if (!response.ok) {
          await response.body?.cancel();
          throw new Fault('unavailable', `${address} answered ${response.status}`);
        }
        const validators = {
          ...pick('etag', response.headers.get('etag')),
          ...pick('modified', response.headers.get('last-modified')),
        };
        return { bytes: await readBody(response, address), validators };
      } catch (error) {
        if (error instanceof Fault) throw error;
        const late = (error as Error).name === 'TimeoutError';
        const reason = late
          ? `did not answer within ${patience / 1000} s`
          : `can't be reached: ${(error as Error).message}`;
        throw new Fault(late ? 'timed-out' : 'unavailable', `${address} ${reason}`, { cause: error });
      }
    },
  };
}

const pick = <K extends string>(key: K, value: string | null) =>
  value === null ? {} : ({ [key]: value } as Record<K, string>);

async function readBody(response: Response, address: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > largest) throw new Fault('bad-origin', `${address} is larger than ${largest} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
