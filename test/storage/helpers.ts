import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { asFault, type FaultKind } from '../../services/errors.ts';
import type { ObjectInfo, Storage } from '../../services/storage/index.ts';

/** An adapter under test, on a backend of its own. */
export interface Backend {
  storage: Storage;
  /** Another client of the same backend, as another process would have it. */
  another(): Promise<Storage>;
  close(): Promise<void>;
}

/** Bytes that look random and depend on the seed only. */
export function bytesOf(seed: string, size: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** Bytes that tell whether they are whole, and what they are. */
export function selfDescribing(key: string, n: number, size: number): Buffer {
  return Buffer.concat([Buffer.from(`${key} ${n} ${size}\n`), bytesOf(`${key} ${n}`, size)]);
}

/** The number that `selfDescribing` was given; throws when they are not its bytes for this key. */
export function numberIn(key: string, bytes: Buffer): number {
  const [, n = '', size = ''] = bytes.subarray(0, bytes.indexOf('\n')).toString().split(' ');
  if (!selfDescribing(key, Number(n), Number(size)).equals(bytes)) throw new Error(`${key} is torn`);
  return Number(n);
}

/** A stream that gives the bytes in pieces of uneven sizes. */
export function streamOf(bytes: Uint8Array): Readable {
  const pieces: Uint8Array[] = [];
  for (let start = 0, step = 1; start < bytes.length; start += step, step = (step * 7) % 40_009) {
    pieces.push(bytes.subarray(start, start + step));
  }
  return Readable.from(pieces);
}

export async function readWith(storage: Storage, key: string): Promise<{ info: ObjectInfo; bytes: Buffer }> {
  const object = await storage.get(key);
  if (object === undefined) throw new Error(`${key} is not there`);
  const { body, ...info } = object;
  return { info, bytes: await buffer(body) };
}

/** All that is left of a body. */
export async function rest(object: { body: Readable } | undefined): Promise<Buffer> {
  if (object === undefined) throw new Error('the object is not there');
  return buffer(object.body);
}

export async function keysOf(storage: Storage, prefix: string, after?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list(prefix, after === undefined ? {} : { after })) keys.push(key);
  return keys;
}

/** The kind of the fault that was thrown; `internal` for what is no Fault, undefined when nothing was thrown. */
export async function kindOf(promise: Promise<unknown>): Promise<FaultKind | undefined> {
  return promise.then(
    () => undefined,
    error => asFault(error).kind,
  );
}
