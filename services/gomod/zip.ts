import { open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { Fault } from '../errors.ts';
import { type HashedFile, hash1 } from './dirhash.ts';
import { checkModuleVersion } from './path.ts';
import { quote } from './quote.ts';
import { canonicalVersion } from './version.ts';
import { readContent } from './zip-content.ts';
import { readDirectory, type ZipEntry } from './zip-directory.ts';
import { ZipFile } from './zip-file.ts';
import { createZipNames } from './zip-names.ts';

export interface ModuleZip {
  /** h1:… as dirhash.HashZip computes it. */
  hash: string;
  /** Files, without folders. */
  files: number;
  /** Their size together. */
  bytes: number;
  /** The go.mod at the root. */
  goMod: Buffer | undefined;
}

export interface ZipLimits {
  /** Bytes of the zip itself. */
  zip: number;
  /** Bytes of all files together. */
  unzipped: number;
  /** Bytes of go.mod, and of LICENSE, at the root. */
  goMod: number;
  license: number;
  /** Entries; also folders, listed or not. */
  entries: number;
  /** Bytes of the central directory, which is read before the files and held in memory. */
  directory: number;
}

/** The first four are golang.org/x/mod/zip's; the go command has no limit for the others. */
export const zipLimits: Readonly<ZipLimits> = {
  zip: 500 << 20,
  unzipped: 500 << 20,
  goMod: 16 << 20,
  license: 16 << 20,
  entries: 100_000,
  directory: 32 << 20,
};

/**
 * Reads and checks a whole module zip, in one pass and bounded memory: CheckZip and the sizes of Unzip in
 * golang.org/x/mod/zip ("Module zip files" in the Go Modules Reference), and the hash of its content.
 * Throws `invalid` with the reason, `unavailable` when the local file can't be read.
 *
 * Stricter than Go, so that no two readers can see two different contents: every byte of the file belongs to one entry
 * or to the directory, in order, and is said once; headers agree with the directory; nothing but plain files and
 * folders, nothing encrypted, no Zip64 sizes (no file here needs them), no second name; a limit on entries.
 */
export async function readModuleZip(
  file: string,
  module: string,
  version: string,
  limits: Partial<ZipLimits> = {},
): Promise<ModuleZip> {
  if (canonicalVersion(version) !== version) {
    throw new Fault('invalid', `version ${quote(version)} is not canonical`);
  }
  checkModuleVersion(module, version);
  await using handle = await open(file).catch(unreadable);
  const { size } = await handle.stat().catch(unreadable);
  return await readZip(new ZipFile(handle, size), `${module}@${version}/`, { ...zipLimits, ...limits });
}

function unreadable(error: Error): never {
  throw new Fault('unavailable', `the zip can't be read: ${error.message}`, { cause: error });
}

async function readZip(file: ZipFile, prefix: string, limits: ZipLimits): Promise<ModuleZip> {
  if (file.size > limits.zip) throw new Fault('invalid', `the zip is larger than ${limits.zip} bytes`);
  const { entries, start } = await readDirectory(file, limits.entries, limits.directory);
  const bytes = await checkNames(entries, prefix, limits);

  entries.sort((a, b) => a.offset - b.offset);
  if ((entries[0]?.offset ?? start) !== 0) throw new Fault('invalid', 'data comes before the first entry');
  const hashed: HashedFile[] = [];
  let goMod: Buffer | undefined;
  const rest = createRests();
  for (const [i, entry] of entries.entries()) {
    const isGoMod = entry.name === `${prefix}go.mod`;
    const content = await readContent(file, entry, entries[i + 1]?.offset ?? start, isGoMod);
    if (isGoMod) goMod = content.bytes;
    hashed.push({ name: entry.name, sha256: content.sha256 });
    await rest(entry.size + 4096);
  }
  return { hash: hash1(hashed), files: entries.filter(entry => !entry.isFolder).length, bytes, goMod };
}

/** Names and declared sizes, before anything is inflated. Returns the bytes of all files. */
async function checkNames(entries: ZipEntry[], prefix: string, limits: ZipLimits): Promise<number> {
  const names = createZipNames(prefix, limits.entries);
  const rest = createRests();
  let bytes = 0;
  for (const entry of entries) {
    await rest(entry.name.length * 16);
    try {
      const path = names.add(entry.name);
      bytes += entry.size;
      if (bytes > limits.unzipped) throw new Fault('invalid', `the files are larger than ${limits.unzipped} bytes`);
      const limit = path === 'go.mod' ? limits.goMod : path === 'LICENSE' ? limits.license : limits.unzipped;
      if (entry.size > limit) throw new Fault('invalid', `it is larger than ${limit} bytes`);
    } catch (error) {
      if (error instanceof Fault) throw new Fault('invalid', `${quote(entry.name)}: ${error.message}`);
      throw error;
    }
  }
  return bytes;
}

/** Lets the event loop turn after each MiB of work, since small files are read without a break. */
function createRests(): (work: number) => Promise<void> {
  let unbroken = 0;
  return async work => {
    unbroken += work;
    if (unbroken < 2 ** 20) return;
    unbroken = 0;
    await setImmediate();
  };
}
