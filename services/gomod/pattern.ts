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
    return matchGlob(Buffer.from(glob), Buffer.from(elements.slice(0, depth).join('/')));
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

class BadPattern extends Error {}

/**
 * path.Match, false for a malformed pattern. On bytes as in Go, where `*` may stop within a character. The time is at
 * most the product of the lengths: only the last star met is ever tried again.
 */
function matchGlob(pattern: Buffer, name: Buffer): boolean {
  try {
    return match(pattern, name);
  } catch (error) {
    if (error instanceof BadPattern) return false;
    throw error;
  }
}

function match(pattern: Buffer, name: Buffer): boolean {
  let p = 0;
  let n = 0;
  while (p < pattern.length) {
    const afterStars = skipStars(pattern, p);
    const starred = afterStars > p;
    const chunk = pattern.subarray(afterStars, chunkEnd(pattern, afterStars));
    p = afterStars + chunk.length;
    const last = p === pattern.length;
    if (starred && chunk.length === 0) return !name.includes(slash, n);
    const end = findChunk(chunk, name, n, starred, last);
    if (end === undefined) {
      checkChunks(pattern, p);
      return false;
    }
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

/** The rest of a pattern must be well-formed for the pattern to count at all. */
function checkChunks(pattern: Buffer, at: number): void {
  for (let p = at; p < pattern.length; ) {
    const start = skipStars(pattern, p);
    p = chunkEnd(pattern, start);
    matchChunk(pattern.subarray(start, p), Buffer.alloc(0), 0);
  }
}

/** The position after the chunk matched at `at`, or undefined. Reads the chunk to its end to find what is malformed. */
function matchChunk(chunk: Buffer, name: Buffer, at: number): number | undefined {
  let c = 0;
  let n: number | undefined = at;
  while (c < chunk.length) {
    if (n !== undefined && n >= name.length) n = undefined;
    const op = chunk[c];
    if (op === open) {
      const rune: Rune | undefined = n === undefined ? undefined : decodeRune(name, n);
      const { matched, end } = matchClass(chunk, c + 1, rune?.value ?? 0);
      c = end;
      n = matched && n !== undefined && rune !== undefined ? n + rune.size : undefined;
      continue;
    }
    if (op === question) {
      if (n !== undefined) n = name[n] === slash ? undefined : n + decodeRune(name, n).size;
    } else {
      if (op === backslash && ++c === chunk.length) throw new BadPattern();
      if (n !== undefined) n = name[n] === chunk[c] ? n + 1 : undefined;
    }
    c++;
  }
  return n;
}

function matchClass(chunk: Buffer, at: number, rune: number): { matched: boolean; end: number } {
  let c = at;
  const negated = chunk[c] === caret;
  if (negated) c++;
  let matched = false;
  for (let ranges = 0; ranges === 0 || chunk[c] !== close; ranges++) {
    const low = classRune(chunk, c);
    c = low.end;
    let high = low;
    if (chunk[c] === dash) {
      high = classRune(chunk, c + 1);
      c = high.end;
    }
    if (low.value <= rune && rune <= high.value) matched = true;
  }
  return { matched: matched !== negated, end: c + 1 };
}

/** One character of a class, which something must follow. */
function classRune(chunk: Buffer, at: number): { value: number; end: number } {
  const escaped = chunk[at] === backslash;
  const start = escaped ? at + 1 : at;
  const byte = chunk[start];
  if (byte === undefined || (!escaped && (byte === dash || byte === close))) throw new BadPattern();
  const { value, size } = decodeRune(chunk, start);
  if (size === 1 && byte > 0x7f) throw new BadPattern();
  if (start + size >= chunk.length) throw new BadPattern();
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
