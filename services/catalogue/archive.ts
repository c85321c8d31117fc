import { Fault } from '../errors.ts';
import { zipLimits } from '../gomod/zip.ts';
import { readContent } from '../gomod/zip-content.ts';
import { readDirectory, type ZipEntry } from '../gomod/zip-directory.ts';
import { type ByteSource, ZipFile } from '../gomod/zip-file.ts';
import { readAll, type Storage } from '../storage/index.ts';

/** A published zip, of which some files are read. */
export interface Archive {
  /** Bytes of the zip. */
  size: number;
  /** In the order in which they lie in the zip, which is the cheapest to read them in. */
  entries: ArchiveEntry[];
}

export interface ArchiveEntry {
  /** Inside the module. */
  name: string;
  size: number;
  crc32: number;
  read(): Promise<Buffer>;
}

/** Zips up to here are read at once; of larger ones only what is asked for. Bytes. */
const smallZip = 1 << 20;

/** Undefined when the store has no such object. Throws `invalid` when it is no zip. */
export async function openArchive(storage: Storage, key: string, prefix: string): Promise<Archive | undefined> {
  const object = await storage.get(key);
  if (object === undefined) return undefined;
  const { size } = object;
  if (size > smallZip) object.body.destroy();
  const source = size > smallZip ? ranges(storage, key, size) : whole(await readAll(object.body, smallZip, key));
  const file = new ZipFile(source, size);
  const { entries, start } = await readDirectory(file, zipLimits.entries, zipLimits.directory);
  entries.sort((a, b) => a.offset - b.offset);
  const read = async (entry: ZipEntry, end: number) =>
    (await readContent(file, entry, end, true)).bytes ?? Buffer.alloc(0);
  return {
    size,
    entries: entries.flatMap((entry, i) => {
      if (entry.isFolder || !entry.name.startsWith(prefix)) return [];
      const { crc32, size } = entry;
      const end = entries[i + 1]?.offset ?? start;
      return [{ name: entry.name.slice(prefix.length), size, crc32, read: () => read(entry, end) }];
    }),
  };
}

function whole(bytes: Buffer): ByteSource {
  return { read: async (buffer, offset, length, at) => ({ bytesRead: bytes.copy(buffer, offset, at, at + length) }) };
}

function ranges(storage: Storage, key: string, size: number): ByteSource {
  return {
    async read(buffer, offset, length, start) {
      // Stores refuse a range that begins behind the end; a file that is read there gives nothing.
      if (start >= size) return { bytesRead: 0 };
      const end = Math.min(start + length, size) - 1;
      const object = await storage.get(key, { range: { start, end } });
      if (object === undefined) throw new Fault('unavailable', `${key} has gone while it was read`);
      const bytes = await readAll(object.body, length, key);
      return { bytesRead: bytes.copy(buffer, offset) };
    },
  };
}
