import yauzl from 'yauzl';
import { Fault } from '../errors.ts';

const windowSize = 256 * 1024;

/** Fills `buffer` from `offset` with up to `length` bytes from `position` on: a local file, or an object of a store. */
export interface ByteSource {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

/**
 * A file read through one window that moves forward, for yauzl and for us: most of the small reads that a zip
 * asks for cost no system call, and the larger ones let the event loop turn.
 */
export class ZipFile extends yauzl.RandomAccessReader {
  readonly size: number;
  readonly #handle: ByteSource;
  readonly #buffer = Buffer.allocUnsafe(windowSize);
  #start = 0;
  #length = 0;

  constructor(handle: ByteSource, size: number) {
    super();
    this.#handle = handle;
    this.size = size;
  }

  /** What yauzl calls. */
  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const held = this.#held(position, length);
    if (held !== undefined) {
      held.copy(buffer, offset);
      callback(null);
      return;
    }
    this.view(position, length).then(
      bytes => {
        bytes.copy(buffer, offset);
        callback(null);
      },
      (error: Error) => callback(error),
    );
  }

  /** At most 256 KiB, valid until the next call. Throws `invalid` past the end of the file. */
  async view(position: number, length: number): Promise<Buffer> {
    if (position + length > this.size) throw tooShort();
    if (this.#held(position, length) === undefined) {
      if (length > windowSize) throw new Fault('internal', `${length} bytes are more than the window holds`);
      this.#length = 0;
      this.#length = await this.#fill(this.#buffer, position);
      this.#start = position;
    }
    const bytes = this.#held(position, length);
    if (bytes === undefined) throw tooShort();
    return bytes;
  }

  /** The bytes from `start` to `end` in chunks that stay valid. */
  async *chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let position = start; position < end; ) {
      const chunk = Buffer.allocUnsafe(Math.min(windowSize, end - position));
      const length = await this.#fill(chunk, position);
      if (length < chunk.length) throw tooShort();
      position += length;
      yield chunk;
    }
  }

  #held(position: number, length: number): Buffer | undefined {
    const offset = position - this.#start;
    if (offset < 0 || offset + length > this.#length) return undefined;
    return this.#buffer.subarray(offset, offset + length);
  }

  async #fill(buffer: Buffer, position: number): Promise<number> {
    let filled = 0;
    try {
      while (filled < buffer.length) {
        const { bytesRead } = await this.#handle.read(buffer, filled, buffer.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (error) {
      throw new Fault('unavailable', `the zip can't be read: ${(error as Error).message}`, { cause: error });
    }
    return filled;
  }
}

function tooShort(): Fault {
  return new Fault('invalid', 'not a valid zip: it ends too early');
}
