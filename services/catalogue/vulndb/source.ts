import { glob, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Fault } from '../../errors.ts';

/** A file of the database as it was last read. */
export interface Copy {
  bytes: Uint8Array;
  /** What tells a change: an ETag or a time. */
  validators: { etag?: string; modified?: string };
}

/** Where a vulnerability database is read from. */
export interface Source {
  /**
   * `index/vulns.json` or `ID/<id>.json`, as go.dev/doc/security/vuln/database has them.
   * Undefined when it is what it was in `known`. Throws `unavailable`, `timed-out` or `bad-origin`.
   */
  read(name: string, known?: Copy): Promise<Copy | undefined>;
}

/** The largest file there is, all.zip left out, is of some megabytes. */
const largest = 64 << 20;
const patience = 30_000;
const mostFiles = 100_000;

export function createSource(setting: string): Source {
  return /^https?:\/\//i.test(setting) ? httpSource(setting.replace(/\/+$/, '')) : folderSource(setting);
}

/** Laid out as vuln.go.dev, or of OSV files alone. */
function folderSource(folder: string): Source {
  return {
    async read(name, known) {
      const isFlat = (await stat(join(folder, 'index')).catch(() => undefined)) === undefined;
      const list = isFlat && !name.startsWith('ID/') ? await listEntries(folder) : undefined;
      if (list !== undefined) {
        const isKnown = known?.validators.modified === list;
        return isKnown ? undefined : { bytes: Buffer.from(list), validators: { modified: list } };
      }
      const file = join(folder, isFlat ? name.replace(/^ID\//, '') : name);
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

/** The index of a folder of files `GO-*.json`, undefined without any: one has changed when its time or size has. */
async function listEntries(folder: string): Promise<string | undefined> {
  const entries: { id: string; modified: string }[] = [];
  for await (const file of glob('GO-*.json', { cwd: folder })) {
    const found = await stat(join(folder, file)).catch(() => undefined); // it may go meanwhile
    if (found?.isFile()) entries.push({ id: basename(file, '.json'), modified: `${found.mtimeMs}-${found.size}` });
    if (entries.length > mostFiles)
      throw new Fault('bad-origin', `${folder} has more than ${mostFiles} files GO-*.json`);
  }
  return entries.length === 0 ? undefined : JSON.stringify(entries.sort((a, b) => (a.id < b.id ? -1 : 1)));
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
