import fc from 'fast-check';
import { filePath, hostileChar } from './arbitraries.ts';
import { attacks, module, part, version } from './zip-attacks.ts';
import { buildZip, type Ending, extra, type Part } from './zip-builder.ts';

export interface GeneratedZip {
  bytes: Buffer;
  path: string;
  v: string;
}

const goodName = fc.constantFrom('go.mod', 'a.go', 'LICENSE', 'sub/a.go', 'sub/b/c d.txt', 'é/ß.go', 'x', 'sub/', 'y/');
const oddName = fc.oneof(
  fc.constantFrom(
    'Go.mod',
    'sub/go.mod',
    'A.go',
    'SUB/a.go',
    'é/ẞ.go',
    'sub',
    'x/y',
    'sub//',
    '',
    'con',
    'sub/go.mod/',
  ),
  filePath.map(path => path.toWellFormed()),
  hostileChar.map(char => `x${char.toWellFormed()}`),
);
const content = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('', 'x', 'package m\n', `module ${module}\n`) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 300_000 }).map(size => 'some text\n'.repeat(size / 10)) },
);

/** One thing about an entry that is not as Go would write it, harmless or not. */
const oddity: fc.Arbitrary<Partial<Part>> = fc.oneof(
  fc.constantFrom<Partial<Part>[]>({ method: 0 }, { descriptor: 'none' }, { method: 0, descriptor: 'none' }),
  fc.constantFrom<Partial<Part>[]>({ descriptor: 'bare' }, { descriptor: 'signed64' }, { descriptor: 'bare64' }),
  fc.constantFrom<Partial<Part>[]>({ flags: 8 | 2 | 4 | 0x800 }, { flags: 9 }, { flags: 0 }, { flags: 8 | 0x2000 }),
  fc.constantFrom<Partial<Part>[]>({ extra: extra(0x5455, Buffer.alloc(5)) }, { extra: extra(1, Buffer.alloc(8)) }),
  fc.constantFrom<Partial<Part>[]>({ system: 3, attributes: 0o100644 * 0x10000 }, { attributes: 0x20 }, { method: 12 }),
  fc.constantFrom<Partial<Part>[]>({ system: 3, attributes: 0o120777 * 0x10000 }, { attributes: 0x10 }),
  fc.constantFrom<Partial<Part>[]>(
    { central: { size: 1 } },
    { central: { crc: 0 } },
    { central: { compressedSize: 3 } },
  ),
  fc.constantFrom<Partial<Part>[]>({ local: { crc: 5 } }, { local: { name: 'z' } }, { local: { modified: 7 } }),
  fc.constantFrom<Partial<Part>[]>({ central: { size: 600 << 20 } }, { central: { comment: Buffer.from('why') } }),
  fc.constantFrom<Partial<Part>[]>({ gap: Buffer.from('gap') }, { data: Buffer.from([3, 0]) }, { ghost: true }),
);

const entry: fc.Arbitrary<Part> = fc
  .tuple(
    fc.oneof({ weight: 25, arbitrary: goodName }, { weight: 1, arbitrary: oddName }),
    content,
    fc.oneof({ weight: 25, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: oddity }),
  )
  .map(([name, text, odd]) => part(name, name.endsWith('/') ? '' : text, odd));

const entries = fc.oneof(
  { weight: 9, arbitrary: fc.uniqueArray(entry, { selector: ({ name }) => String(name), maxLength: 6 }) },
  { weight: 1, arbitrary: fc.array(entry, { maxLength: 6 }) },
);

const ending: fc.Arbitrary<Ending> = fc.oneof(
  { weight: 30, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.constantFrom<Ending[]>({ zip64: true }, { comment: Buffer.from('a comment') }) },
  { weight: 1, arbitrary: fc.constantFrom<Ending[]>({ leading: Buffer.from('#!') }, { trailing: Buffer.from('x') }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Ending[]>({ count: 1 }, { count: -1 }, { count: 65_536 }, { directorySize: 1 }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Ending[]>({ directoryOffset: 1 }, { beforeDirectory: Buffer.from('x') }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Ending[]>({ comment: Buffer.from('PK\x05\x06') }, { zip64: true, count: 1 }),
  },
);

/** Overwrites up to three bytes, mostly of the headers near the end. */
const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 255 })), {
  minLength: 1,
  maxLength: 3,
});

function damaged(zip: Buffer, changes: [at: number, byte: number][]): Buffer {
  const bytes = Buffer.from(zip);
  for (const [at, byte] of changes) bytes[Math.floor(Math.sqrt(at) * bytes.length)] = byte;
  return bytes;
}

const rightZip = fc.tuple(entries, ending).map(([parts, end]) => buildZip(parts, end));
const zip = fc.oneof(
  { weight: 6, arbitrary: rightZip },
  { weight: 3, arbitrary: fc.tuple(rightZip, damage).map(([bytes, changes]) => damaged(bytes, changes)) },
  { weight: 1, arbitrary: fc.constantFrom(...attacks.map(attack => attack.zip)) },
);

const wrongModule = fc.constantFrom(
  [module, 'v1.0'],
  [module, 'v2.0.0'],
  [`${module}/v2`, version],
  ['nodot', version],
);

export const generatedZip: fc.Arbitrary<GeneratedZip> = fc.oneof(
  { weight: 30, arbitrary: zip.map(bytes => ({ bytes, path: module, v: version })) },
  { weight: 1, arbitrary: fc.tuple(zip, wrongModule).map(([bytes, [path = '', v = '']]) => ({ bytes, path, v })) },
);
