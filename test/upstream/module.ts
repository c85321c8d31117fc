import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import yazl from 'yazl';

/** A version of a module as a test describes it. */
export interface FixtureModule {
  path: string;
  /** Canonical. */
  version: string;
  /** RFC 3339. */
  time: string;
  /** Content by name inside the module. Without a `go.mod`, the upstream answers `.mod` with a synthesised one. */
  files: Readonly<Record<string, string | Buffer>>;
  /** What `.mod` answers when it is not the `go.mod` of the files. */
  gomod?: string;
  /** What `.zip` answers when it is not made from the files. */
  zip?: Buffer;
  /** Branches, tag prefixes and commits whose `.info` is this version. */
  queries?: readonly string[];
}

export const goModOf = (module: FixtureModule): string =>
  module.gomod ?? module.files['go.mod']?.toString() ?? `module ${module.path}\n`;

export function infoOf(module: FixtureModule) {
  const hash = createHash('sha1').update(`${module.path}@${module.version}`).digest('hex');
  const origin = { VCS: 'git', URL: `https://git.${module.path}`, Hash: hash };
  const ref = isPseudo(module.version) ? {} : { Ref: `refs/tags/${module.version.replace('+incompatible', '')}` };
  return { Version: module.version, Time: module.time, Origin: { ...origin, ...ref } };
}

export const isPseudo = (version: string) => /[-.]\d{14}-[0-9a-f]{12}(\+incompatible)?$/.test(version);

/** DOS times are local: made from local fields, the same bytes come out in every time zone. */
const epoch = new Date(1980, 0, 1, 0, 0, 0);
const entryOptions = { mtime: epoch, forceDosTimestamp: true, mode: 0o100644, compressionLevel: 1 };

/** The module zip: entries `<module>@<version>/<name>` sorted by name. The same module gives the same bytes. */
export async function moduleZip(module: FixtureModule): Promise<Buffer> {
  if (module.zip !== undefined) return module.zip;
  const zip = new yazl.ZipFile();
  for (const [name, content] of Object.entries(module.files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    zip.addBuffer(Buffer.from(content), `${module.path}@${module.version}/${name}`, entryOptions);
  }
  return finish(zip);
}

/** Bytes that do not compress, the same for the same seed: a key stream. */
export function noise(bytes: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

/** A module whose zip is `bytes` long, within 1 KB, compressed or not. */
export function syntheticModule(path: string, version: string, bytes: number): FixtureModule {
  const overhead = 512;
  return {
    path,
    version,
    time: '2024-06-01T12:00:00Z',
    files: {
      'go.mod': `module ${path}\n\ngo 1.22\n`,
      'data.go': `// Package data holds what does not compress.\npackage data\n\nimport _ "embed"\n\n//go:embed data.bin\nvar Data []byte\n`,
      'data.bin': noise(Math.max(0, bytes - overhead), `${path}@${version}`),
    },
  };
}

/**
 * A small zip that inflates to `bytes` of zeros. With `declared`, its central directory says that it inflates to so
 * many only.
 */
export async function zipBomb(path: string, version: string, bytes: number, declared?: number): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  const root = `${path}@${version}`;
  zip.addBuffer(Buffer.from(`module ${path}\n`), `${root}/go.mod`, entryOptions);
  zip.addReadStream(Readable.from(zeros(bytes)), `${root}/zeros.bin`, entryOptions);
  const bomb = await finish(zip);
  if (declared !== undefined) {
    const header = bomb.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    bomb.writeUInt32LE(declared, header + 24); // "uncompressed size" of a central directory header
  }
  return bomb;
}

function* zeros(bytes: number) {
  const chunk = Buffer.alloc(1 << 20);
  for (let left = bytes; left > 0; left -= chunk.length) yield left < chunk.length ? chunk.subarray(0, left) : chunk;
}

async function finish(zip: yazl.ZipFile): Promise<Buffer> {
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
