import { hash as digest } from 'node:crypto';
import { Fault } from '../errors.ts';
import { decodeBase64, isPlainText } from './text.ts';

/**
 * The transparent log of a checksum database: a Merkle tree as in RFC 6962, section 2.1, and the texts that speak of
 * it, as in golang.org/x/mod/sumdb/tlog. Sizes and positions are numbers of records, below 2^53.
 */

export const hashSize = 32;

export interface Tree {
  /** Records in it. */
  size: number;
  root: Buffer;
}

/** The complete subtree of 2^level records that begins at record index × 2^level. */
export interface Subtree {
  level: number;
  index: number;
}

const sha256 = (bytes: Uint8Array): Buffer => digest('sha256', bytes, 'buffer');

const emptyRoot = sha256(Buffer.alloc(0));

/** Hash of a leaf. */
export const recordHash = (text: Uint8Array): Buffer => sha256(Buffer.concat([Buffer.of(0x00), text]));

const node = Buffer.alloc(1 + 2 * hashSize, 0x01);

/** Hash of an inner node. Its two children are the 64 bytes at `at`. */
export function pairHash(children: Uint8Array, at: number): Buffer {
  node.set(children.subarray(at, at + 2 * hashSize), 1);
  return sha256(node);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1);
  node.set(right, 1 + hashSize);
  return sha256(node);
}

/** The fewest complete subtrees that make up records [from, to), left to right, so the largest first when from is 0. */
export function subtrees(from: number, to: number): Subtree[] {
  const parts: Subtree[] = [];
  for (let start = from; start < to; ) {
    let level = 0;
    while (2 ** (level + 1) <= to - start) level++;
    parts.push({ level, index: start / 2 ** level });
    start += 2 ** level;
  }
  return parts;
}

/** The root over the hashes of such subtrees; that of the empty tree for none. */
export function foldRoot(hashes: readonly Buffer[]): Buffer {
  return hashes.length === 0 ? emptyRoot : hashes.reduceRight((right, left) => nodeHash(left, right));
}

const treeHeader = 'go.sum database tree';
const maxTreeText = 1e6;

/** Parses the text of a tree note. Lines after the third are ignored, as tlog.ParseTree does for later additions. */
export function parseTree(text: string): Tree {
  const [header, size, root, rest] = text.split('\n', 4);
  const malformed = (what: string) => new Fault('security', `malformed tree: ${what}`);
  if (header !== treeHeader || text.length > maxTreeText) throw malformed(`it does not begin with "${treeHeader}"`);
  if (size === undefined || root === undefined || rest === undefined) throw malformed('it has fewer than three lines');
  const hash = decodeBase64(root);
  if (hash?.length !== hashSize) throw malformed('its root is no hash');
  return { size: parseNumber(size, malformed), root: hash };
}

export interface LogRecord {
  /** Its place in the log, from 0. */
  position: number;
  /** The bytes that are the leaf. */
  text: Buffer;
  /** What follows the record: the signed tree. */
  rest: Buffer;
}

/** Parses the answer to a lookup: position, record, blank line, and whatever follows. */
export function parseRecord(answer: Buffer): LogRecord {
  const malformed = (what: string) => new Fault('security', `malformed record: ${what}`);
  const start = answer.indexOf('\n') + 1;
  const blank = answer.indexOf('\n\n', start);
  if (start === 0 || blank < 0) throw malformed('it is cut short');
  const text = answer.subarray(start, blank + 1);
  // A blank line at once would make an empty record.
  if (text.length <= 1 || !isPlainText(text)) throw malformed('it is not plain text');
  return {
    position: parseNumber(answer.toString('latin1', 0, start - 1), malformed),
    text,
    rest: answer.subarray(blank + 2),
  };
}

function parseNumber(text: string, malformed: (what: string) => Fault): number {
  const number = Number(text);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(number)) throw malformed('its number is malformed');
  return number;
}
