import { isUtf8 } from 'node:buffer';

/**
 * module.MatchPrefixPatterns: whether a leading part of the module path `target` matches one of the comma-separated
 * globs, as GOPRIVATE and GONOSUMDB are read ("Private modules" in the Go Modules Reference). Empty and malformed
 * patterns match nothing; a trailing slash is ignored.
 */
export function matchPrefixPatterns(globs: string, target: string): boolean {
  const elements = target.split('/');
  return globs.split(',').some(element => {
    const glob = element.endsWith('/') ? element.slice(0, -1) : element;
    const depth = glob.split('/').length;
    if (glob === '' || depth > elements.length) return false;
    return matches(Buffer.from(glob), Buffer.from(elements.slice(0, depth).join('/')));
  });
}

const star = 0x2a;
const question = 0x3f;
const open = 0x5b;
const close = 0x5d;
const backslash = 0x5c;
const slash = 0x2f;
const dash = 0x2d;
const caret = 0x5e;

/**
 * path.Match; a malformed pattern matches nothing. On bytes as in Go, where `*` may stop within a character. The time
 * is at most the product of the lengths, since only the last star met is ever tried again.
 */
function matches(pattern: Buffer, name: Buffer): boolean {
  let p = 0;
  let n = 0;
  while (p < pattern.length) {
    const afterStars = skipStars(pattern, p);
    const starred = afterStars > p;
    const chunk = pattern.subarray(afterStars, chunkEnd(pattern, afterStars));
    p = afterStars + chunk.length;
    if (starred && chunk.length === 0) return !name.includes(slash, n);
    const end = findChunk(chunk, name, n, starred, p === pattern.length);
    if (end === undefined) return false;
    n = end;
  }
  return n === name.length;
}

/** Where the chunk ends in the name when it is matched at `start` or, after a star, at the first place that does. */
function findChunk(chunk: Buffer, name: Buffer, start: number, starred: boolean, last: boolean): number | undefined {
  for (let i = start; ; i++) {
    const end = matchChunk(chunk, name, i);
    if (end !== undefined && (!last || end === name.length)) return end;
    if (!starred || i >= name.length || name[i] === slash) return undefined;
  }
}

function skipStars(pattern: Buffer, at: number): number {
  let i = at;
  while (pattern[i] === star) i++;
  return i;
}

/** A chunk runs to the next star outside a class. */
function chunkEnd(pattern: Buffer, at: number): number {
  let inClass = false;
  let i = at;
  for (; i < pattern.length; i++) {
    const byte = pattern[i];
    if (byte === backslash) i++;
    else if (byte === open) inClass = true;
    else if (byte === close) inClass = false;
    else if (byte === star && !inClass) break;
  }
  return Math.min(i, pattern.length);
}

/** The position after the chunk matched at `at`; undefined when it does not match or is malformed. */
function matchChunk(chunk: Buffer, name: Buffer, at: number): number | undefined {
  let n = at;
  for (let c = 0; c < chunk.length; c++) {
    if (n >= name.length) return undefined;
    if (chunk[c] === open) {
      const { value, size } = decodeRune(name, n);
      const end = matchClass(chunk, c + 1, value);
      if (end === undefined) return undefined;
      c = end;
      n += size;
    } else if (chunk[c] === question) {
      if (name[n] === slash) return undefined;
      n += decodeRune(name, n).size;
    } else {
      if (chunk[c] === backslash) c++;
      if (name[n] !== chunk[c]) return undefined;
      n++;
    }
  }
  return n;
}

/** The position of the bracket that closes the class when the character is in it. */
function matchClass(chunk: Buffer, at: number, char: number): number | undefined {
  const negated = chunk[at] === caret;
  let c = negated ? at + 1 : at;
  let matched = false;
  for (let ranges = 0; ranges === 0 || chunk[c] !== close; ranges++) {
    const low = classRune(chunk, c);
    const high = low !== undefined && chunk[low.end] === dash ? classRune(chunk, low.end + 1) : low;
    if (low === undefined || high === undefined) return undefined;
    if (low.value <= char && char <= high.value) matched = true;
    c = high.end;
  }
  return matched !== negated ? c : undefined;
}

/** One character of a class, which something must follow; undefined when malformed. */
function classRune(chunk: Buffer, at: number): { value: number; end: number } | undefined {
  const escaped = chunk[at] === backslash;
  const start = escaped ? at + 1 : at;
  const byte = chunk[start];
  if (byte === undefined || (!escaped && (byte === dash || byte === close))) return undefined;
  const { value, size } = decodeRune(chunk, start);
  if (start + size >= chunk.length) return undefined;
  return { value, end: start + size };
}

interface Rune {
  value: number;
  size: number;
}

/** utf8.DecodeRune: U+FFFD and one byte where the bytes are not UTF-8. */
function decodeRune(bytes: Buffer, at: number): Rune {
  const first = bytes[at] ?? 0;
  const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const char = bytes.subarray(at, at + size);
  return isUtf8(char) ? { value: char.toString().codePointAt(0) ?? 0, size } : { value: 0xfffd, size: 1 };
}
