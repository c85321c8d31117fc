import { Fault } from '../errors.ts';
import { quote } from './quote.ts';
import { printable } from './unicode.ts';

/**
 * The lexer of go.mod files: golang.org/x/mod/modfile, read.go; "Lexical elements" in the Go Modules Reference.
 * Bytes that are not UTF-8 count as U+FFFD, which may stand in a name.
 */
export type TokenKind =
  | 'end'
  | 'comment' // alone on its line, with the line break
  | 'suffix' // a comment after something on its line, with the line break
  | 'name'
  | 'string'
  | Punctuation;

type Punctuation = '\n' | '(' | ')' | '[' | ']' | '{' | '}' | ',';

export interface Position {
  /** From 1. */
  line: number;
  offset: number;
}

export interface Token {
  kind: TokenKind;
  /** As written; of a comment without the line break. */
  text: string;
  start: Position;
  end: Position;
}

/** Go has no limit but the 16 MiB of a go.mod, which could be made to cost minutes and gigabytes here. */
const maxTokens = 250_000;

export interface Lexer {
  /** The next token, again and again `end` after the last one. */
  next(): Token;
  fail(reason: string, at?: Position): never;
}

export function createLexer(name: string, text: string): Lexer {
  let offset = 0;
  let line = 1;
  /** Whether something stands before the offset on the same line. */
  let lineUsed = false;

  let tokens = 0;

  const position = (): Position => ({ line, offset });

  function fail(reason: string, at = position()): never {
    throw new Fault('invalid', `${name}:${at.line}: ${reason}`);
  }

  function token(kind: TokenKind, end: number): Token {
    const start = position();
    const raw = text.slice(offset, end);
    offset = end;
    if (kind === 'string')
      line += raw.split('\n').length - 1; // an escaped line break is an error later, or ignored
    else if (raw.endsWith('\n')) line++;
    lineUsed = !raw.endsWith('\n');
    return { kind, text: isComment(kind) ? raw.replace(/\r?\n$/, '') : raw, start, end: position() };
  }

  function next(): Token {
    if (++tokens > maxTokens) fail(`more than ${maxTokens} words, comments and line breaks`);
    offset = skipBlanks(text, offset);
    const char = text.charAt(offset);
    if (char === '') return { kind: 'end', text: '', start: position(), end: position() };
    if (text.startsWith('//', offset)) {
      const lineBreak = text.indexOf('\n', offset);
      return token(lineUsed ? 'suffix' : 'comment', lineBreak < 0 ? text.length : lineBreak + 1);
    }
    if (isPunctuation(char)) return token(char, offset + 1);
    if (char === '"' || char === '`') return token('string', stringEnd(char));
    return token('name', nameEnd());
  }

  function stringEnd(mark: string): number {
    for (let i = offset + 1; i < text.length; i++) {
      const char = text.charAt(i);
      if (char === mark) return i + 1;
      if (char === '\n') fail('unexpected newline in string');
      if (char === '\\' && mark === '"') i++;
    }
    return fail('unexpected end of file in string');
  }

  function nameEnd(): number {
    let end = offset;
    for (;;) {
      nameRE.lastIndex = end;
      if (nameRE.test(text)) {
        end = nameRE.lastIndex;
        continue;
      }
      if (text.startsWith('/*', end)) fail('mod files must use // comments (not /* */ comments)');
      if (text[end] !== '/' || text[end + 1] === '/') break;
      end++;
    }
    if (end === offset) fail(`unexpected input character ${quote(text.charAt(offset))}`);
    return end;
  }

  return { next, fail };
}

/**
 * What a name is made of: all that is printable but for punctuation, and for the slash, which may begin a comment.
 * In pieces, because the engine keeps a stack for what repeats.
 */
const nameRE = new RegExp(`[${printable}--[\\(\\)\\[\\]\\{\\},\\/]]{1,1000}`, 'vy');

function isComment(kind: TokenKind): boolean {
  return kind === 'comment' || kind === 'suffix';
}

function skipBlanks(text: string, offset: number): number {
  let end = offset;
  while (text[end] === ' ' || text[end] === '\t' || text[end] === '\r') end++;
  return end;
}

function isPunctuation(char: string): char is Punctuation {
  return /^[\n()[\]{},]$/.test(char);
}
