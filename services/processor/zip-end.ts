import { pipeline, type Readable, Transform } from 'node:stream';
import { Fault } from '../errors.ts';

const endSize = 22;
const longestComment = 0xffff;

/**
 * Passes a zip through and fails with `bad-origin` when it does not end as one does (APPNOTE.TXT 4.3.16): an answer
 * without a length may be cut short unnoticed, and should be tried again, not judged. What is inside is the validator's.
 */
export function wholeZip(zip: Readable, what: string): Readable {
  let tail: Buffer[] = [];
  let size = 0;
  const check = new Transform({
    readableHighWaterMark: 1 << 18,
    transform(chunk: Buffer, _encoding, done) {
      tail.push(chunk);
      size += chunk.length;
      for (let first = tail[0]; first && size - first.length >= endSize + longestComment; first = tail[0]) {
        tail.shift();
        size -= first.length;
      }
      done(null, chunk);
    },
    flush(done) {
      const whole = hasEnd(Buffer.concat(tail));
      tail = [];
      done(whole ? null : new Fault('bad-origin', `${what} gave a zip that is cut short, or something else`));
    },
  });
  return pipeline(zip, check, () => {});
}

/** Whether an end-of-directory record is followed by a comment of the length that it says, and by nothing more. */
function hasEnd(tail: Buffer): boolean {
  for (let at = tail.length - endSize; at >= 0; at--) {
    if (tail.readUInt32LE(at) === 0x06054b50 && at + endSize + tail.readUInt16LE(at + 20) === tail.length) return true;
  }
  return false;
}
