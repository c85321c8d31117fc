import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { Fault } from '../errors.ts';
import { quote } from './quote.ts';
import { checkExtras, descriptorFlag, type ZipEntry } from './zip-directory.ts';
import type { ZipFile } from './zip-file.ts';

export interface Content {
  sha256: Buffer;
  /** When asked for. */
  bytes: Buffer | undefined;
}

/** Up to here, compressed and not, an entry is inflated at once: a stream costs more than the inflating. */
const smallSize = 128 * 1024;

/**
 * Reads one entry: its local header must say what the central directory says, its content must have the declared
 * sizes and checksum, and it must reach exactly to `end`, where the next entry begins. Never inflates more than the
 * declared size and one chunk. Throws `invalid`.
 */
export async function readContent(file: ZipFile, entry: ZipEntry, end: number, keep: boolean): Promise<Content> {
  const fail = (reason: string) => new Fault('invalid', `${quote(entry.name)}: ${reason}`);
  const start = await checkLocalHeader(file, entry, fail);
  const dataEnd = start + entry.compressedSize;
  if (dataEnd > end) throw fail('it reaches into what follows it');
  const sink = createSink(entry, keep, fail);
  if (entry.compressedSize <= smallSize && entry.size <= smallSize) {
    const data = await file.view(start, entry.compressedSize);
    sink.write(entry.deflated ? inflate(data, entry, fail) : data);
  } else if (entry.deflated) {
    await inflateStream(file.chunks(start, dataEnd), entry, sink, fail);
  } else {
    for await (const chunk of file.chunks(start, dataEnd)) sink.write(chunk);
  }
  const content = sink.end();
  await checkDescriptor(file, entry, dataEnd, end, fail);
  return content;
}

type Fail = (reason: string) => Fault;

/** Returns where the content begins. APPNOTE.TXT 4.3.7 */
async function checkLocalHeader(file: ZipFile, entry: ZipEntry, fail: Fail): Promise<number> {
  const name = Buffer.from(entry.name);
  const differs = () => fail('its local header differs from the central directory');
  const header = await file.view(entry.offset, 30);
  const nameSize = header.readUInt16LE(26);
  const extraSize = header.readUInt16LE(28);
  const later = (entry.flags & descriptorFlag) !== 0;
  const agrees = (at: number, value: number) => {
    const found = header.readUInt32LE(at);
    return found === value || (later && found === 0);
  };
  const same =
    header.readUInt32LE(0) === 0x04034b50 &&
    header.readUInt16LE(6) === entry.flags &&
    header.readUInt16LE(8) === (entry.deflated ? 8 : 0) &&
    header.readUInt16LE(12) * 0x10000 + header.readUInt16LE(10) === entry.modified &&
    agrees(14, entry.crc32) &&
    agrees(18, entry.compressedSize) &&
    agrees(22, entry.size);
  if (!same || nameSize !== name.length) throw differs();
  const rest = await file.view(entry.offset + 30, nameSize + extraSize);
  if (!rest.subarray(0, nameSize).equals(name)) throw differs();
  checkExtras(rest.subarray(nameSize), fail);
  return entry.offset + 30 + nameSize + extraSize;
}

interface Sink {
  write(chunk: Buffer): void;
  end(): Content;
}

function createSink(entry: ZipEntry, keep: boolean, fail: Fail): Sink {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let size = 0;
  let crc = 0;
  return {
    write(chunk) {
      size += chunk.length;
      if (size > entry.size) throw fail(`it is larger than the ${entry.size} bytes declared`);
      hash.update(chunk);
      crc = crc32(chunk, crc);
      if (keep) kept.push(Buffer.from(chunk));
    },
    end() {
      if (size !== entry.size) throw fail(`it has ${size} bytes, not the ${entry.size} declared`);
      if (crc !== entry.crc32) throw fail('its checksum is wrong');
      return { sha256: hash.digest(), bytes: keep ? Buffer.concat(kept) : undefined };
    },
  };
}

function inflate(data: Buffer, entry: ZipEntry, fail: Fail): Buffer {
  const limit = entry.size + 1;
  try {
    const options = { info: true, maxOutputLength: limit, chunkSize: Math.max(64, limit) };
    const { buffer, engine } = inflateRawSync(data, options) as unknown as Inflated;
    if (engine.bytesWritten !== data.length) throw fail('data follows its end');
    return buffer;
  } catch (error) {
    throw inflateFault(error, entry, fail);
  }
}

/** What zlib returns with `info`; bytesWritten are those of the input that were used. */
interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

async function inflateStream(chunks: AsyncIterable<Buffer>, entry: ZipEntry, sink: Sink, fail: Fail): Promise<void> {
  const inflater = createInflateRaw({ chunkSize: smallSize });
  try {
    await pipeline(chunks, inflater, async (inflated: AsyncIterable<Buffer>) => {
      for await (const chunk of inflated) sink.write(chunk);
    });
  } catch (error) {
    throw inflateFault(error, entry, fail);
  }
  if (inflater.bytesWritten !== entry.compressedSize) throw fail('data follows its end');
}

function inflateFault(error: unknown, entry: ZipEntry, fail: Fail): Fault {
  if (error instanceof Fault) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_BUFFER_TOO_LARGE') return fail(`it is larger than the ${entry.size} bytes declared`);
  return fail(`it does not inflate: ${message}`);
}

/** After the content: nothing, or a data descriptor (APPNOTE.TXT 4.3.9), with or without signature or 64-bit sizes. */
async function checkDescriptor(file: ZipFile, entry: ZipEntry, start: number, end: number, fail: Fail): Promise<void> {
  const length = end - start;
  if ((entry.flags & descriptorFlag) === 0) {
    if (length !== 0) throw fail('data follows it that belongs to no entry');
    return;
  }
  if (![12, 16, 20, 24].includes(length)) throw fail('its data descriptor is missing or something follows it');
  const bytes = await file.view(start, length);
  const fields = bytes.subarray(bytes.readUInt32LE(0) === 0x08074b50 ? 4 : 0);
  const { crc32, compressedSize, size } = entry;
  const wanted = fields.length === 12 ? Buffer.alloc(12) : Buffer.alloc(20);
  wanted.writeUInt32LE(crc32);
  wanted.writeUInt32LE(compressedSize, 4);
  wanted.writeUInt32LE(size, wanted.length === 12 ? 8 : 12);
  if (!fields.equals(wanted)) throw fail('its data descriptor differs from the central directory');
}
