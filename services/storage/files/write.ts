import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Fault } from '../../errors.ts';
import { attempt } from './faults.ts';

/** Chunks of a body are collected up to this many bytes, or this many chunks, for one write. */
const writeSize = 256 * 1024;
const writeChunks = 512;

/** Writes a body to a file as it comes. Throws a body's own errors as they are. */
export async function writeBody(handle: FileHandle, body: Readable | Uint8Array, doing: string): Promise<void> {
  if (body instanceof Uint8Array) return attempt(doing, () => writeAll(handle, [body]));
  if (body.errored) throw body.errored;
  if (body.destroyed || body.readableEnded) throw new Fault('internal', `the body was used up before ${doing}`);
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array | string>) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    size += chunk.length;
    if (size < writeSize && chunks.length < writeChunks) continue;
    const full = chunks;
    await attempt(doing, () => writeAll(handle, full));
    chunks = [];
    size = 0;
  }
  await attempt(doing, () => writeAll(handle, chunks));
}

/** A write may be short, when the disk is about to be full; the next one then tells why. */
async function writeAll(handle: FileHandle, chunks: Uint8Array[]): Promise<void> {
  let rest = chunks.filter(chunk => chunk.length > 0);
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest);
    const left: Uint8Array[] = [];
    for (const chunk of rest) {
      if (bytesWritten < chunk.length) left.push(chunk.subarray(bytesWritten));
      bytesWritten = Math.max(0, bytesWritten - chunk.length);
    }
    rest = left;
  }
}
