import { isUtf8 } from 'node:buffer';
import yauzl from 'yauzl';
import { Fault } from '../errors.ts';
import { quote } from './quote.ts';
import type { ZipFile } from './zip-file.ts';

/** An entry of the central directory, checked on its own; sizes are what it declares. */
export interface ZipEntry {
  name: string;
  /** Its name ends with a slash. */
  isFolder: boolean;
  deflated: boolean;
  /** General purpose bits. */
  flags: number;
  /** MS-DOS date and time as they stand in the header. */
  modified: number;
  crc32: number;
  compressedSize: number;
  size: number;
  /** Where its local header begins. */
  offset: number;
}

export interface ZipDirectory {
  entries: ZipEntry[];
  /** Where the central directory begins: where the entries end. */
  start: number;
}

/** The sizes and checksum follow the content instead of standing in the local header, as in every zip that Go writes. */
export const descriptorFlag = 1 << 3;
/** Also known: how hard the writer tried to deflate (1, 2), and that the name is UTF-8 (11). */
const knownFlags = descriptorFlag | (1 << 1) | (1 << 2) | (1 << 11);

/** Extra fields that give another reader other sizes (Zip64), another name (Unicode Path) or encryption (AES). */
const refusedExtras = new Map([
  [0x0001, 'Zip64 sizes'],
  [0x7075, 'another name in an extra field'],
  [0x9901, 'encryption'],
]);

/**
 * Reads the central directory and what follows it, which must be all there is to the end of the file. Throws `invalid`.
 * Section numbers of PKWARE's APPNOTE.TXT: 4.3.12 entries, 4.3.14 Zip64 end record, 4.3.15 locator, 4.3.16 end record.
 */
export async function readDirectory(file: ZipFile, maxEntries: number, maxBytes: number): Promise<ZipDirectory> {
  const options = { lazyEntries: true, decodeStrings: false, validateEntrySizes: false, autoClose: false };
  const entries: ZipEntry[] = [];
  try {
    const zip = await yauzl.fromRandomAccessReaderPromise(file, file.size, options);
    const start = Number(zip.readEntryCursor); // the types say boolean
    if (zip.entryCount > maxEntries) throw new Fault('invalid', `it has more than ${maxEntries} entries`);
    if (file.size - start > maxBytes) throw new Fault('invalid', `its directory is larger than ${maxBytes} bytes`);
    for await (const entry of zip.eachEntry()) entries.push(checkEntry(entry));
    await checkEnd(file, start, Number(zip.readEntryCursor), entries.length);
    return { entries, start };
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('invalid', `not a valid zip: ${(error as Error).message}`, { cause: error });
  }
}

function checkEntry(entry: yauzl.Entry): ZipEntry {
  const name = entry.fileNameRaw.toString();
  const fail = (reason: string) => new Fault('invalid', `${quote(name)}: ${reason}`);
  if (!isUtf8(entry.fileNameRaw)) throw fail('its name is not UTF-8');
  const flags = entry.generalPurposeBitFlag;
  if (entry.isEncrypted()) throw fail('it is encrypted');
  if ((flags & ~knownFlags) !== 0) throw fail(`its flags ${flags.toString(2)} are not for plain files`);
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) throw fail('it is neither stored nor deflated');
  checkExtras(entry.extraFieldRaw, fail);
  const isFolder = name.endsWith('/');
  checkMode(entry.externalFileAttributes, isFolder, fail);
  if (isFolder && entry.uncompressedSize > 0) throw fail('it is a folder with content');
  return {
    name,
    isFolder,
    deflated: entry.compressionMethod === 8,
    flags,
    modified: entry.lastModFileDate * 0x10000 + entry.lastModFileTime,
    crc32: entry.crc32,
    compressedSize: entry.compressedSize,
    size: entry.uncompressedSize,
    offset: entry.relativeOffsetOfLocalHeader,
  };
}

export function checkExtras(raw: Buffer, fail: (reason: string) => Fault): void {
  for (let at = 0; at < raw.length; ) {
    const reason = at + 4 > raw.length ? 'malformed extra fields' : refusedExtras.get(raw.readUInt16LE(at));
    if (reason !== undefined) throw fail(`it has ${reason}`);
    at += 4 + raw.readUInt16LE(at + 2);
    if (at > raw.length) throw fail('it has malformed extra fields');
  }
}

/** File type in the upper half as Unix writes it, 0 from systems that have none; bit 4 is the folder of MS-DOS. */
function checkMode(attributes: number, isFolder: boolean, fail: (reason: string) => Fault): void {
  const type = (attributes >>> 16) & 0o170000;
  const ok = type === 0 || type === (isFolder ? 0o040000 : 0o100000);
  if (!ok) throw fail(type === 0o120000 ? 'it is a symbolic link' : 'it is not a regular file');
  if (!isFolder && (attributes & 0x10) !== 0) throw fail('it is a folder without a slash');
}

const endSize = 22;
const zip64Size = 56 + 20;

/** The end records say what was found, stand where they must, and nothing follows them. */
async function checkEnd(file: ZipFile, start: number, end: number, entries: number): Promise<void> {
  const tailSize = file.size - end;
  const wrong = () => new Fault('invalid', 'not a valid zip: its end of central directory does not fit the file');
  if (tailSize < endSize || tailSize > zip64Size + endSize + 0xffff) throw wrong();
  const tail = await file.view(end, tailSize);
  const isZip64 = tail.readUInt32LE(0) === 0x06064b50;
  if (isZip64 && (tailSize < zip64Size + endSize || !zip64Fits(tail, start, end, entries))) throw wrong();
  const record = tail.subarray(isZip64 ? zip64Size : 0);
  if (record.readUInt32LE(0) !== 0x06054b50 || record.readUInt32LE(4) !== 0) throw wrong();
  const fits16 = (at: number, value: number) => isOrOnes(record.readUInt16LE(at), value, isZip64, 0xffff);
  const fits32 = (at: number, value: number) => isOrOnes(record.readUInt32LE(at), value, isZip64, 0xffffffff);
  if (!fits16(8, entries) || !fits16(10, entries) || !fits32(12, end - start) || !fits32(16, start)) throw wrong();
  if (record.readUInt16LE(20) !== record.length - endSize) throw wrong();
  if (record.includes('PK\x05\x06', 4, 'latin1')) {
    throw new Fault('invalid', 'it has more than one end of central directory');
  }
}

/** All ones send the reader to the Zip64 record. */
function isOrOnes(found: number, value: number, isZip64: boolean, ones: number): boolean {
  return found === value || (isZip64 && found === ones);
}

function zip64Fits(tail: Buffer, start: number, end: number, entries: number): boolean {
  const numbers = [4, 24, 32, 40, 48].map(at => tail.readBigUInt64LE(at));
  const wanted = [44, entries, entries, end - start, start].map(BigInt);
  const locator = tail.subarray(56);
  return (
    numbers.every((number, i) => number === wanted[i]) &&
    tail.readBigUInt64LE(16) === 0n && // disk numbers
    locator.readUInt32LE(0) === 0x07064b50 &&
    locator.readUInt32LE(4) === 0 &&
    locator.readBigUInt64LE(8) === BigInt(end) &&
    locator.readUInt32LE(16) === 1
  );
}
