import { deflateRawSync } from 'node:zlib';
import { buildZip, type Ending, endRecords, extra, type Part } from './zip-builder.ts';

export const module = 'example.com/m';
export const version = 'v1.0.0';
const root = `${module}@${version}/`;

/** A part in the module's folder. */
export function part(path: string, content: string | Buffer = `content of ${path}`, more: Partial<Part> = {}): Part {
  return { name: root + path, content, ...more };
}

export const goMod = part('go.mod', `module ${module}\n`);
const other = part('a.go', 'package m\n');

export interface Attack {
  name: string;
  zip: Buffer;
  /** What we refuse it with. */
  reason: RegExp;
  /** Whether CheckZip and HashZip accept it: then we are stricter. */
  goAccepts: boolean;
}

function zip(parts: Part[], ending?: Ending): Buffer {
  return buildZip([goMod, other, ...parts], ending);
}

const bytes = (text: string) => Buffer.from(text, 'latin1');
const symlink = (0o120777 << 16) >>> 0;
const folder = (0o040755 << 16) >>> 0;
const device = (0o020644 << 16) >>> 0;
const million = Buffer.alloc(1_000_000);
const text = Buffer.from('text');

/** What x/mod's CheckZip, or reading the files, refuses as well. */
const refusedByGo: [name: string, zip: Buffer, reason: RegExp][] = [
  ['a name outside the module’s folder', zip([{ name: 'other@v1.0.0/a' }]), /does not begin with/],
  ['a name that climbs out', zip([part('../../etc/passwd')]), /invalid path element/],
  ['an absolute name', zip([{ name: '/etc/passwd' }]), /does not begin with/],
  ['an absolute name within', zip([part('/etc/passwd')]), /empty path element/],
  ['a backslash', zip([part('a\\b')]), /invalid character/],
  ['a colon', zip([part('c:x')]), /invalid character/],
  ['a name reserved on Windows', zip([part('sub/NUL.txt')]), /reserved name/],
  ['a trailing dot', zip([part('a.')]), /trailing dot/],
  ['a double slash', zip([part('a//b')]), /empty path element/],
  ['a name that is not UTF-8', zip([{ name: Buffer.concat([bytes(root), bytes('\xff')]) }]), /not UTF-8/],
  ['a letter newer than Go knows', zip([part('\u{1c89}')]), /invalid character/],
  ['the same file twice', zip([part('b'), part('b')]), /listed twice/],
  ['names that differ in case', zip([part('b'), part('B')]), /differ only in case/],
  ['names that differ in Unicode case', zip([part('ß'), part('ẞ')]), /differ only in case/],
  ['names that differ in an old s', zip([part('s'), part('ſ')]), /differ only in case/],
  ['folders that differ in case', zip([part('sub/b'), part('SUB/c')]), /differ only in case/],
  ['a file that is a folder too', zip([part('sub/b'), part('sub')]), /both a file and a folder/],
  ['a folder that is a file too', zip([part('sub'), part('sub/b')]), /both a file and a folder/],
  ['go.mod in another case', zip([part('Go.mod')]), /differ only in case/],
  ['only a go.mod in another case', buildZip([part('GO.MOD')]), /lower-case/],
  ['go.mod in a folder', zip([part('sub/go.mod')]), /only allowed at the root/],
  ['go.mod in a folder in another case', zip([part('sub/Go.Mod')]), /only allowed at the root/],
  [
    'a go.mod that says 17 MiB',
    buildZip([part('go.mod', 'x', { central: { size: 17 << 20 } })]),
    /larger than 16777216/,
  ],
  ['a LICENSE that says 17 MiB', zip([part('LICENSE', 'x', { central: { size: 17 << 20 } })]), /larger than 16777216/],
  ['files that say 501 MiB', zip([part('b', 'x', { central: { size: 501 << 20 } })]), /files are larger/],
  ['a size that says too little', zip([part('b', million, { central: { size: 10 } })]), /larger than the 10 bytes/],
  [
    'a size that says too little, stream',
    zip([part('b', million, { central: { size: 200_000 } })]),
    /larger than the 2000/,
  ],
  ['a size that says too much', zip([part('b', 'x', { central: { size: 2 } })]), /has 1 bytes, not the 2/],
  ['a size that says too much, stream', zip([part('b', million, { central: { size: 1_000_001 } })]), /not the 1000001/],
  ['a wrong checksum', zip([part('b', 'x', { central: { crc: 1 }, local: { crc: 1 } })]), /checksum|descriptor/],
  [
    'a wrong checksum, no descriptor',
    zip([part('b', 'x', { ...none(), central: { crc: 1 }, local: { crc: 1 } })]),
    /checksum/,
  ],
  ['a wrong descriptor', zip([part('b', 'x', { descriptor: Buffer.alloc(16, 1) })]), /descriptor differs/],
  ['data that do not inflate', zip([part('b', 'x', { data: Buffer.from([0xff, 0xff]) })]), /does not inflate/],
  ['data cut short', zip([part('b', million, { data: deflateRawSync(million).subarray(0, 500) })]), /does not inflate/],
  ['a method that nobody knows', zip([part('b', 'x', { method: 12 })]), /neither stored nor deflated/],
  [
    'a stored file of two sizes',
    zip([part('b', undefined, { method: 0, central: { size: 2 } })]),
    /has 16 bytes, not the 2|larger than the 2/,
  ],
  ['a folder with content', zip([part('sub/', 'x')]), /folder with content/],
  [
    'a local header that is none',
    zip([part('b', 'x', { central: { offset: 1 } })]),
    /ends too early|local header|what follows/,
  ],
  ['content past the end', zip([part('b', 'x', { central: { compressedSize: 1 << 20 } })]), /what follows|too early/],
  ['no end of central directory', zip([]).subarray(0, -22), /end of central directory/i],
  ['nothing', Buffer.alloc(0), /not a valid zip/],
  ['a count that says too much', zip([], { count: 1 }), /not a valid zip/],
  ['a count that says too little', zip([], { count: -1 }), /does not fit/],
  ['a size of the directory that leads astray', zip([], { directorySize: 100_000 }), /does not fit/],
];

function none(): Partial<Part> {
  return { descriptor: 'none' };
}

const inner = endRecords(0, 0, 0, {});
const twoEnds = Buffer.concat([inner, bytes(' ')]);

/** What Go accepts, because it looks at the central directory alone and takes the last of what it finds. */
const refusedByUs: [name: string, zip: Buffer, reason: RegExp][] = [
  [
    'a second end in the comment',
    zip([], { comment: Buffer.concat([bytes('xx'), twoEnds.subarray(0, 8)]) }),
    /more than one/,
  ],
  ['data after the end', zip([], { trailing: bytes('trailing') }), /comment length/i],
  ['data before the first entry', zip([], { leading: bytes('#!/bin/sh\n') }), /before the first entry/],
  ['data between entries', zip([part('b', 'x', { gap: bytes('hidden') })]), /descriptor is missing or something/],
  [
    'data between entries, no descriptor',
    buildZip([
      { ...goMod, ...none() },
      { ...other, gap: bytes('hidden') },
    ]),
    /no entry/,
  ],
  ['data before the directory', zip([], { beforeDirectory: bytes('hidden') }), /something follows/],
  ['data before the end', zip([], { beforeEnd: bytes('hidden'), directorySize: 6 }), /does not fit/],
  ['an entry that the directory does not list', zip([part('b', 'x', { gap: hiddenEntry() })]), /something follows/],
  ['an entry listed twice under two names', zip([twin()]), /reaches into what follows/],
  [
    'data after the content',
    zip([part('b', 'x', { data: Buffer.concat([deflateRawSync('x'), text]) })]),
    /data follows its end/,
  ],
  ['data after the content, stream', zip([part('b', million, { data: padded(million) })]), /data follows its end/],
  ['another name in the local header', zip([part('b', 'x', { local: { name: `${root}c` } })]), /local header differs/],
  [
    'another size in the local header',
    zip([part('b', 'x', { ...none(), local: { size: 2 } })]),
    /local header differs/,
  ],
  ['another method in the local header', zip([part('b', 'x', { local: { method: 0 } })]), /local header differs/],
  ['another time in the local header', zip([part('b', 'x', { local: { modified: 1 } })]), /local header differs/],
  ['another flag in the local header', zip([part('b', 'x', { local: { flags: 0 } })]), /local header differs/],
  ['a false size in the local header', zip([part('b', 'x', { local: { size: 9 } })]), /local header differs/],
  ['a false size in the descriptor', zip([part('b', 'x', { descriptor: falseSize() })]), /descriptor differs/],
  ['encryption', zip([part('b', 'x', { flags: 9 })]), /encrypted/],
  ['masked headers', zip([part('b', 'x', { flags: 8 | (1 << 13) })]), /flags/],
  ['a patch', zip([part('b', 'x', { flags: 8 | (1 << 5) })]), /flags/],
  ['AES encryption', zip([part('b', 'x', { extra: extra(0x9901, Buffer.alloc(7)) })]), /encryption/],
  ['a Unicode name', zip([part('b', 'x', { extra: extra(0x7075, bytes('\x01abcdc')) })]), /another name/],
  ['Zip64 sizes', zip([part('b', 'x', { extra: extra(1, Buffer.alloc(16)) })]), /Zip64/],
  ['Zip64 sizes in the directory', zip([part('b', 'x', { central: { extra: extra(1, Buffer.alloc(16)) } })]), /Zip64/],
  ['Zip64 sizes in the local header', zip([part('b', 'x', { local: { extra: extra(1, Buffer.alloc(16)) } })]), /Zip64/],
  ['malformed extra fields', zip([part('b', 'x', { extra: bytes('\x55\x54\xff\x00x') })]), /extra field/],
  ['an extra field cut short', zip([part('b', 'x', { local: { extra: bytes('\x55') } })]), /malformed extra/],
  ['a symbolic link', zip([part('b', '../../etc/passwd', { system: 3, attributes: symlink })]), /symbolic link/],
  ['a device', zip([part('b', '', { system: 3, attributes: device })]), /not a regular file/],
  ['a folder without a slash', zip([part('b', '', { system: 3, attributes: folder })]), /not a regular file/],
  ['a folder of MS-DOS without a slash', zip([part('b', '', { attributes: 0x10 })]), /folder without a slash/],
  ['the same folder twice', zip([part('sub/', ''), part('sub/', '')]), /listed twice/],
  ['a strongly encrypted entry', zip([part('b', 'x', { flags: 8 | 0x40 })]), /encryption/],
];

function hiddenEntry(): Buffer {
  const alone = buildZip([part('hidden')]);
  return alone.subarray(0, alone.indexOf(bytes('PK\x01\x02')));
}

/** Says that the content of go.mod is also another file's. */
function twin(): Part {
  return { ...goMod, name: `${root}b`, ghost: true, central: { offset: 0 } };
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([deflateRawSync(content), Buffer.alloc(200_000, 'x')]);
}

function falseSize(): Buffer {
  const right = buildZip([part('b', 'x')]);
  const at = right.indexOf(bytes('PK\x07\x08'));
  const descriptor = Buffer.from(right.subarray(at, at + 16));
  descriptor.writeUInt32LE(77, 12);
  return descriptor;
}

export const attacks: Attack[] = [
  ...refusedByGo.map(([name, zip, reason]) => ({ name, zip, reason, goAccepts: false })),
  ...refusedByUs.map(([name, zip, reason]) => ({ name, zip, reason, goAccepts: true })),
];
