import { createHash, hash } from 'node:crypto';
import { Fault } from '../errors.ts';

/** A file that goes into an h1 hash: its name and the SHA-256 of its content, 32 bytes. */
export interface HashedFile {
  name: string;
  sha256: Buffer;
}

/** dirhash.Hash1, from the files' own hashes. Names sort by their UTF-8 bytes; a line break in one throws `invalid`. */
export function hash1(files: Iterable<HashedFile>): string {
  const sorted = Array.from(files, ({ name, sha256 }) => ({ name: Buffer.from(name), sha256 }));
  sorted.sort((a, b) => Buffer.compare(a.name, b.name));
  const summary = createHash('sha256');
  for (const { name, sha256 } of sorted) {
    if (name.includes('\n')) throw new Fault('invalid', 'file names with line breaks cannot be hashed');
    summary
      .update(`${sha256.toString('hex')}  `)
      .update(name)
      .update('\n');
  }
  return `h1:${summary.digest('base64')}`;
}

/** The hash of a go.mod file alone, as in go.sum's `/go.mod` lines: Hash1 of one file named go.mod. */
export function hashGoMod(bytes: Uint8Array): string {
  return hash1([{ name: 'go.mod', sha256: hash('sha256', bytes, 'buffer') }]);
}
