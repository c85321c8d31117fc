import { createHash, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Bucket, CRC32C, type FileMetadata } from '@google-cloud/storage';
import { Fault } from '../../errors.ts';
import type { PutResult, Storage } from '../index.ts';
import { checkKey } from '../key.ts';
import { attempt, storageFault } from './faults.ts';
import { describe } from './object.ts';

/**
 * Bodies of at most so many bytes are sent in one request, from memory, so that it can be repeated; larger ones in a
 * resumable upload, by pieces of this size, each of which can be.
 */
const pieceSize = 8 * 2 ** 20;

/** Name of the metadata by which a put finds again what it has stored itself. */
const markName = 'put';

/** What was read of a body. */
interface Sum {
  size: number;
  md5: string;
  crc32c: string;
}

/** What a put has to do. */
interface Job {
  key: string;
  ifAbsent: boolean;
  mark: string;
}

/**
 * `put`: create-only by a precondition on the generation, which Cloud Storage checks when it finishes the object. When the
 * answer does not say what became of it (a broken connection, a repeat that finds the first one’s work), the stored
 * hashes do.
 */
export function createPut(bucket: Bucket): Storage['put'] {
  const optionsOf = ({ ifAbsent, mark }: Job) => ({
    validation: false as const, // ours compares, and never deletes what it did not expect
    metadata: { contentType: 'application/octet-stream', metadata: { [markName]: mark } },
    ...(ifAbsent && { preconditionOpts: { ifGenerationMatch: 0 } }),
  });

  /** What is stored under the key now, compared with what was put. */
  async function settle({ key, ifAbsent, mark }: Job, sum: Sum, failure: unknown): Promise<PutResult> {
    const found = await attempt(`comparing ${key}`, () => bucket.file(key).getMetadata());
    if (found === undefined) throw storageFault(failure, `storing ${key}`);
    const [metadata] = found;
    const ours = metadata.metadata?.[markName] === mark;
    if (sameBytes(metadata, sum) && (ours || ifAbsent)) return { ...describe(metadata), created: ours };
    if (ifAbsent) throw new Fault('conflict', `other bytes are already kept under ${key}`);
    throw storageFault(failure, `storing ${key}`);
  }

  /** Sends a whole body in one request. */
  async function putBytes(job: Job, bytes: Buffer): Promise<PutResult> {
    const sum = summing();
    sum.add(bytes);
    const file = bucket.file(job.key);
    const { metadata, ...options } = optionsOf(job);
    try {
      // With the hash, Cloud Storage refuses bytes that were changed on the way.
      await file.save(bytes, {
        ...options,
        resumable: false,
        metadata: { ...metadata, crc32c: sum.result().crc32c },
      });
    } catch (error) {
      return settle(job, sum.result(), error);
    }
    return finished(job, file.metadata, sum.result());
  }

  /** Sends what was read already and then the rest, as it comes. */
  async function putStream(job: Job, begun: Buffer[], rest: AsyncIterator<Buffer>): Promise<PutResult> {
    const sum = summing();
    let bodyFailure: { error: unknown } | undefined;
    async function* all() {
      for (const chunk of begun) {
        sum.add(chunk);
        yield chunk;
      }
      begun.length = 0;
      try {
        for (let next = await rest.next(); !next.done; next = await rest.next()) {
          sum.add(next.value);
          yield next.value;
        }
      } catch (error) {
        bodyFailure = { error };
        throw error;
      }
    }
    const file = bucket.file(job.key);
    const source = all();
    const upload = file.createWriteStream({ ...optionsOf(job), resumable: true, chunkSize: pieceSize });
    try {
      await pipeline(keepOpen(source), upload);
    } catch (error) {
      if (bodyFailure !== undefined) throw bodyFailure.error;
      // It may have been refused before all was read, and only the whole body can be compared.
      for await (const _ of source);
      return settle(job, sum.result(), error);
    }
    return finished(job, file.metadata, sum.result());
  }

  return async (key, body, { ifAbsent = false } = {}) => {
    const job = { key, ifAbsent, mark: randomUUID() };
    if (body instanceof Uint8Array) {
      checkKey(key);
      return putBytes(job, Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    }
    body.on('error', () => {}); // an error before it is read, or after, would have no listener
    try {
      checkKey(key);
      const rest = chunksOf(body, key);
      const begun: Buffer[] = [];
      for (let size = 0; size <= pieceSize; ) {
        const { done, value } = await rest.next();
        if (done) return await putBytes(job, Buffer.concat(begun, size));
        begun.push(value);
        size += value.length;
      }
      return await putStream(job, begun, rest);
    } finally {
      body.destroy();
    }
  };
}

/** A stored object as the result, once its hash is what was sent. */
function finished({ key }: Job, metadata: FileMetadata, sum: Sum): PutResult {
  if (sameBytes(metadata, sum)) return { ...describe(metadata), created: true };
  throw new Fault('unavailable', `${key} was changed on its way into the store; put it again`);
}

/** By all hashes that Cloud Storage keeps: CRC-32C always, MD5 unless the object was composed, which ours are not. */
const sameBytes = ({ size, md5Hash, crc32c }: FileMetadata, sum: Sum) =>
  Number(size) === sum.size && crc32c === sum.crc32c && md5Hash === sum.md5;

function summing() {
  const md5 = createHash('md5');
  const crc32c = new CRC32C();
  let size = 0;
  return {
    add(chunk: Buffer) {
      md5.update(chunk);
      crc32c.update(chunk);
      size += chunk.length;
    },
    /** What has been added; more may follow. */
    result: (): Sum => ({ size, md5: md5.copy().digest('base64'), crc32c: crc32c.toString() }),
  };
}

async function* chunksOf(body: Readable, key: string): AsyncGenerator<Buffer, undefined> {
  if (body.errored) throw body.errored;
  if (body.destroyed || body.readableEnded) throw new Fault('internal', `the body was used up before storing ${key}`);
  for await (const chunk of body as AsyncIterable<Uint8Array | string>) {
    yield typeof chunk === 'string'
      ? Buffer.from(chunk)
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}

/** An iterable that is not closed when its consumer ends early, so that the rest can be read. */
const keepOpen = <T>(source: AsyncGenerator<T>): AsyncIterable<T> => ({
  [Symbol.asyncIterator]: () => ({ next: () => source.next() }),
});
