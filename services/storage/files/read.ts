import fs from 'node:fs';
import { Readable } from 'node:stream';
import { Fault } from '../../errors.ts';
import { storageFault } from './faults.ts';

const readSize = 64 * 1024;

/** Bytes `start` to `start + length - 1` as a stream, from an open descriptor that the stream closes in every case. */
export async function readPart(fd: number, start: number, length: number, doing: string): Promise<Readable> {
  if (length > readSize) return streamPart(fd, start, start + length - 1, doing);
  try {
    return streamOf(await readBytes(fd, start, length, doing));
  } finally {
    fs.closeSync(fd);
  }
}

/** Bytes `start` to `start + length - 1`. */
export async function readBytes(fd: number, start: number, length: number, doing: string): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length; ) {
    const count = await new Promise<number>((resolve, reject) => {
      fs.read(fd, buffer, done, length - done, start + done, (error, bytes) => {
        if (error) reject(storageFault(error, doing));
        else resolve(bytes);
      });
    });
    if (count === 0) throw cutShort(doing);
    done += count;
  }
  return buffer;
}

function streamOf(bytes: Buffer): Readable {
  return new Readable({
    read() {
      if (bytes.length > 0) this.push(bytes);
      this.push(null);
    },
  });
}

type ReadDone = (error: Error | null, bytes: number, buffer: Buffer) => void;

function streamPart(fd: number, start: number, end: number, doing: string): Readable {
  const read = (from: number, into: Buffer, offset: number, length: number, position: number, done: ReadDone) =>
    fs.read(from, into, offset, length, position, (error, bytes, buffer) => {
      const fault = error ? storageFault(error, doing) : bytes === 0 ? cutShort(doing) : null;
      done(fault, bytes, buffer);
    });
  const options = { fd, start, end, highWaterMark: readSize, fs: { read, close: fs.close } };
  return fs.createReadStream('', options as unknown as Parameters<typeof fs.createReadStream>[1]);
}

/** Not by this program: it replaces files and never writes in place. */
const cutShort = (doing: string) => new Fault('unavailable', `the file is shorter than it was while ${doing}`);
