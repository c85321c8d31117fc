import { crc32, deflateRawSync } from 'node:zlib';

/** Header fields that a test may falsify. */
export interface Fields {
  flags: number;
  method: number;
  crc: number;
  compressedSize: number;
  size: number;
  name: string | Buffer;
  extra: Buffer;
  modified: number;
}

export interface Part {
  name: string | Buffer;
  content?: string | Buffer;
  /** 8, deflated, is the default; others than that keep the content as it is. */
  method?: number;
  /** What follows the content; sizes stand in the local header without it. Go writes `signed`. */
  descriptor?: 'none' | 'signed' | 'bare' | 'signed64' | 'bare64' | Buffer;
  /** In both headers. */
  flags?: number;
  extra?: Buffer;
  /** Upper byte of "version made by": 3 is Unix. */
  system?: number;
  /** External attributes. */
  attributes?: number;
  local?: Partial<Fields>;
  central?: Partial<Fields> & { offset?: number; comment?: Buffer };
  /** Compressed data in place of the right ones. */
  data?: Buffer;
  /** Stands before the local header. */
  gap?: Buffer;
  /** Listed in the central directory, but without local header and content. */
  ghost?: boolean;
}

export interface Ending {
  leading?: Buffer;
  beforeDirectory?: Buffer;
  /** Between the central directory and the end record. */
  beforeEnd?: Buffer;
  comment?: Buffer;
  trailing?: Buffer;
  zip64?: boolean;
  /** Added to what the end records say. */
  count?: number;
  directorySize?: number;
  directoryOffset?: number;
}

/** Little-endian; 8 bytes for what must be large or may be negative. */
function numbers(...fields: [value: number, bytes: number][]): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [, size]) => sum + size, 0));
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 8) bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
    else bytes.writeUIntLE(size === 2 ? value & 0xffff : value >>> 0, at, size);
    at += size;
  }
  return bytes;
}

const descriptorFlag = 8;

/** Any zip, right or wrong; right unless a field says otherwise. */
export function buildZip(parts: Part[], ending: Ending = {}): Buffer {
  const chunks: Buffer[] = [ending.leading ?? Buffer.alloc(0)];
  const directory: Buffer[] = [];
  let offset = chunks[0]?.length ?? 0;
  for (const part of parts) {
    const { local, descriptor, central } = encode(part, offset + (part.gap?.length ?? 0));
    directory.push(central);
    if (part.ghost) continue;
    for (const chunk of [part.gap ?? Buffer.alloc(0), local, descriptor]) {
      chunks.push(chunk);
      offset += chunk.length;
    }
  }
  chunks.push(ending.beforeDirectory ?? Buffer.alloc(0));
  offset += ending.beforeDirectory?.length ?? 0;
  const size = directory.reduce((sum, entry) => sum + entry.length, 0);
  const end = endRecords(parts.length, size, offset, ending);
  return Buffer.concat([...chunks, ...directory, ending.beforeEnd ?? Buffer.alloc(0), end]);
}

function encode(part: Part, offset: number): { local: Buffer; descriptor: Buffer; central: Buffer } {
  const content = Buffer.from(part.content ?? '');
  const method = part.method ?? (String(part.name).endsWith('/') ? 0 : 8);
  const data = part.data ?? (method === 8 ? deflateRawSync(content) : content);
  const form = part.descriptor ?? (String(part.name).endsWith('/') ? 'none' : 'signed');
  const flags = part.flags ?? (form === 'none' ? 0 : descriptorFlag);
  const fields: Fields = {
    ...{ flags, method, crc: crc32(content), compressedSize: data.length, size: content.length },
    ...{ name: part.name, extra: part.extra ?? Buffer.alloc(0), modified: 0 },
  };
  const inLocal = form === 'none' ? fields : { ...fields, crc: 0, compressedSize: 0, size: 0 };
  const central = { ...fields, offset, comment: Buffer.alloc(0), ...part.central };
  return {
    local: Buffer.concat([header(0x04034b50, { ...inLocal, ...part.local }), data]),
    descriptor: Buffer.isBuffer(form) ? form : describe(form, fields),
    central: centralHeader(central, part),
  };
}

function common(fields: Fields): Buffer {
  const { flags, method, modified, crc, compressedSize, size } = fields;
  const sizes: [number, number][] = [compressedSize, size].map(value => [Math.min(value, 0xffffffff), 4]);
  return numbers([20, 2], [flags, 2], [method, 2], [modified, 4], [crc, 4], ...sizes);
}

function header(signature: number, fields: Fields): Buffer {
  const name = Buffer.from(fields.name);
  const lengths = numbers([name.length, 2], [fields.extra.length, 2]);
  return Buffer.concat([numbers([signature, 4]), common(fields), lengths, name, fields.extra]);
}

function centralHeader(fields: Fields & { offset: number; comment: Buffer }, part: Part): Buffer {
  const name = Buffer.from(fields.name);
  return Buffer.concat([
    numbers([0x02014b50, 4], [((part.system ?? 0) << 8) | 20, 2]),
    common(fields),
    numbers([name.length, 2], [fields.extra.length, 2], [fields.comment.length, 2], [0, 4]),
    numbers([part.attributes ?? 0, 4], [fields.offset, 4]),
    name,
    fields.extra,
    fields.comment,
  ]);
}

function describe(form: string, { crc, compressedSize, size }: Fields): Buffer {
  if (form === 'none') return Buffer.alloc(0);
  const width = form.endsWith('64') ? 8 : 4;
  const signature = form.startsWith('signed') ? numbers([0x08074b50, 4]) : Buffer.alloc(0);
  return Buffer.concat([signature, numbers([crc, 4], [compressedSize, width], [size, width])]);
}

/** The end record, after a Zip64 one when wanted. */
export function endRecords(entries: number, directorySize: number, directoryOffset: number, ending: Ending): Buffer {
  const count = entries + (ending.count ?? 0);
  const size = directorySize + (ending.directorySize ?? 0);
  const offset = directoryOffset + (ending.directoryOffset ?? 0);
  const comment = ending.comment ?? Buffer.alloc(0);
  const zip64 = Buffer.concat([
    numbers([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 8], [count, 8], [count, 8], [size, 8], [offset, 8]),
    numbers([0x07064b50, 4], [0, 4], [offset + size, 8], [1, 4]),
  ]);
  const short = ending.zip64 ? [0xffff, 0xffffffff, 0xffffffff] : [count, size, offset];
  const [shortCount = 0, shortSize = 0, shortOffset = 0] = short;
  return Buffer.concat([
    ending.zip64 ? zip64 : Buffer.alloc(0),
    numbers([0x06054b50, 4], [0, 4], [shortCount, 2], [shortCount, 2], [shortSize, 4], [shortOffset, 4]),
    numbers([comment.length, 2]),
    comment,
    ending.trailing ?? Buffer.alloc(0),
  ]);
}

/** An extra field. */
export function extra(id: number, data: Buffer): Buffer {
  return Buffer.concat([numbers([id, 2], [data.length, 2]), data]);
}
