import { createPrivateKey, createPublicKey, hash, type KeyObject, sign } from 'node:crypto';
import { Fault } from '../../services/errors.ts';

/**
 * A checksum database in memory, to forge at will: hashes by the definition in RFC 6962, section 2.1, and shares no
 * code with what it tests. log.oracle.test.ts holds it against Go's.
 */
const sha256 = (...parts: Uint8Array[]) => hash('sha256', Buffer.concat(parts), 'buffer');

export const leafHash = (record: string) => sha256(Buffer.of(0), Buffer.from(record));
export const innerHash = (left: Buffer, right: Buffer) => sha256(Buffer.of(1), left, right);

export interface Signer {
  name: string;
  verifierKey: string;
  /** A signature line of a note with this text. */
  sign(text: string): string;
}

/** A signer whose key follows from `seed`. */
export function createSigner(name: string, seed = name): Signer {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), sha256(Buffer.from(seed))]);
  const key: KeyObject = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  const publicKey = Buffer.concat([Buffer.of(1), Buffer.from(x, 'base64url')]);
  const keyHash = sha256(Buffer.from(`${name}\n`), publicKey).subarray(0, 4);
  return {
    name,
    verifierKey: `${name}+${keyHash.toString('hex')}+${publicKey.toString('base64')}`,
    sign: text => `— ${name} ${Buffer.concat([keyHash, sign(null, Buffer.from(text), key)]).toString('base64')}\n`,
  };
}

export const h1 = (text: string) => `h1:${sha256(Buffer.from(text)).toString('base64')}`;
export const zipHash = (module: string, version: string) => h1(`zip ${module}@${version}`);
export const goModHash = (module: string, version: string) => h1(`go.mod ${module}@${version}`);

export const recordOf = (module: string, version: string) =>
  `${module} ${version} ${zipHash(module, version)}\n${module} ${version}/go.mod ${goModHash(module, version)}\n`;

export const moduleAt = (position: number) => `example.com/m${position}`;

export class TestLog {
  readonly signer: Signer;
  readonly records: string[] = [];
  /** Position of `<module> <version>`. */
  readonly #positions = new Map<string, number>();
  /** Hashes of complete subtrees, by level. */
  readonly #levels: Buffer[][] = [];

  constructor(size = 0, signer = createSigner('sumdb.test')) {
    this.signer = signer;
    this.grow(size);
  }

  /** Adds records `example.com/m<position>@v1.0.0` until there are `size`. */
  grow(size: number): this {
    while (this.records.length < size) this.add(recordOf(moduleAt(this.records.length), 'v1.0.0'));
    return this;
  }

  add(record: string): number {
    let top = leafHash(record);
    for (let level = 0; ; level++) {
      this.#levels[level] ??= [];
      const row = this.#levels[level] ?? [];
      row.push(top);
      if (row.length % 2 !== 0) break;
      top = innerHash(this.subtree(level, row.length - 2), top);
    }
    const subject = record.split(' ', 2).join(' ');
    this.#positions.set(subject, this.records.length);
    return this.records.push(record) - 1;
  }

  subtree(level: number, index: number): Buffer {
    const hash = this.#levels[level]?.[index];
    if (hash === undefined) throw new Fault('not-found', `no subtree ${level}/${index}`);
    return hash;
  }

  root(size = this.records.length): Buffer {
    return size === 0 ? sha256() : this.#range(0, size);
  }

  #range(from: number, to: number): Buffer {
    let split = 1;
    let level = 0;
    for (; split * 2 < to - from; level++) split *= 2;
    if (to - from === 1) return this.subtree(0, from);
    if (to - from === split * 2) return this.subtree(level + 1, from / (split * 2));
    return innerHash(this.subtree(level, from / split), this.#range(from + split, to));
  }

  /** A signed tree note; `extra` are further lines of its text. */
  note(size = this.records.length, { extra = '', root = this.root(size), signer = this.signer } = {}): string {
    const text = `go.sum database tree\n${size}\n${root.toString('base64')}\n${extra}`;
    return `${text}\n${signer.sign(text)}`;
  }

  /** The answer to a lookup of what is at `position`, with the tree of `size` records. */
  lookup(position: number, size = this.records.length): string {
    return `${position}\n${this.records[position]}\n${this.note(size)}`;
  }

  tile(level: number, index: number, width: number): Buffer {
    const hashes = Array.from({ length: width }, (_, i) => this.subtree(8 * level, index * 256 + i));
    return Buffer.concat(hashes);
  }

  /** Answers as a server that has `size` records. */
  read(path: string, size = this.records.length): Buffer {
    if (path.startsWith('lookup/')) {
      const [module = '', version = ''] = path.slice('lookup/'.length).split('@');
      const position = this.#positions.get(`${module} ${version}`);
      if (position === undefined || position >= size) throw new Fault('not-found', `${path} is not in the log`);
      return Buffer.from(this.lookup(position, size));
    }
    const { level, index, width } = parseTilePath(path);
    if ((index * 256 + width) * 256 ** level > size) throw new Fault('not-found', `${path} is not in the log`);
    return this.tile(level, index, width);
  }
}

export function parseTilePath(path: string): { level: number; index: number; width: number } {
  const match = /^tile\/8\/(\d+)\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d+))?$/.exec(path);
  if (match === null) throw new Error(`malformed tile path ${path}`);
  const [, level, index = '', width = '256'] = match;
  return { level: Number(level), index: Number(index.replaceAll(/[x/]/g, '')), width: Number(width) };
}
