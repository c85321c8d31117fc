import type { Readable } from 'node:stream';
import { Fault } from '../errors.ts';

/**
 * The storage port: named objects of bytes, as a folder or a bucket keeps them.
 *
 * Keys are UTF-8 paths of 1 to 1024 bytes, elements of at most 255 bytes separated by single slashes, none empty, `.` or
 * `..`, none beginning with `.tmp`, without control characters; anything else throws `invalid` (key.ts). No key should be
 * the folder of another (`a` and `a/b`): an adapter that can't keep both refuses the second with `invalid`. Every method
 * throws `unavailable` when the backend fails or is full, and never reports a failure as absence.
 *
 * Promised by every adapter, proven by test/storage/contract.ts:
 * - An object is visible whole or not at all, at every instant, whatever is killed: readers never see a part.
 * - When `put` has resolved, the object survives a crash of the process and of the machine; so does a `delete`.
 * - `put` with `ifAbsent` never replaces: of many racing writers of a key exactly one creates it.
 * - `list` yields keys in ascending order of their UTF-8 bytes.
 */
export interface Storage {
  /**
   * Stores `body` under `key`; replaces what is there unless `ifAbsent`. With `ifAbsent`, when the key exists: the same
   * bytes are a success with `created: false`, other bytes throw `conflict` and change nothing. A body that fails or
   * is aborted leaves no trace and its error is thrown as it is. A stream is read to its end or destroyed.
   */
  put(key: string, body: Readable | Uint8Array, options?: PutOptions): Promise<PutResult>;

  /** The object, or undefined when there is none. The caller must read or destroy `body`. */
  get(key: string, options?: GetOptions): Promise<StoredObject | undefined>;

  /** What is known of the object without its bytes, or undefined. */
  stat(key: string): Promise<ObjectInfo | undefined>;

  /**
   * Objects whose key starts with `prefix`, in order, those after `after` (exclusive) when given. What is stored or
   * removed meanwhile may be missing or there. Costs what it yields: what is before `after` is not walked.
   */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>;

  /** Removes the object; one that is not there is a success. */
  delete(key: string): Promise<void>;
}

export interface ObjectInfo {
  key: string;
  /** Bytes of the whole object. */
  size: number;
  /** Opaque, without quotes, [0-9a-zA-Z-]+; changes when the bytes change. */
  etag: string;
  /** When it was stored. */
  time: Date;
}

export interface StoredObject extends ObjectInfo {
  /** The bytes asked for: all, or those of `range`. */
  body: Readable;
}

export interface PutOptions {
  ifAbsent?: boolean;
}

export interface PutResult extends ObjectInfo {
  /** False when `ifAbsent` found the same bytes in place. */
  created: boolean;
}

export interface GetOptions {
  /** Byte offsets, both inclusive, as in HTTP; `end` is clamped to the last byte. A start past the end throws `invalid`. */
  range?: { start: number; end: number };
}

export interface ListOptions {
  after?: string;
}

/** Reads a whole object of at most `limit` bytes; undefined when there is none, `bad-origin` when it is larger. */
export async function readObject(storage: Storage, key: string, limit: number): Promise<Buffer | undefined> {
  const object = await storage.get(key);
  if (object === undefined) return undefined;
  return readAll(object.body, limit, key);
}

/** Collects a stream into one buffer, refusing as soon as it exceeds `limit` bytes; `what` names it in the error. */
export async function readAll(body: Readable, limit: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) {
      body.destroy();
      throw new Fault('bad-origin', `${what} is larger than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
