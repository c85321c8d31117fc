import { Fault } from '../errors.ts';
import { checkFileName, checkModulePath } from './path.ts';
import { quote } from './quote.ts';

/**
 * The escaping of URLs and file names, where an upper-case letter is `!` and its lower case, for systems that do not
 * tell cases apart: golang.org/x/mod/module, "Escaped paths". All throw `invalid`.
 */

/** module.EscapePath */
export function escapePath(path: string): string {
  checkModulePath(path);
  return encode(path);
}

/** module.EscapeVersion: any name without `!` that could be a file's, a branch for example. */
export function escapeVersion(v: string): string {
  checkFileName(v);
  if (/[^\0-\x7f]|!/.test(v)) throw new Fault('invalid', `version ${quote(v)} has a character not allowed`);
  return encode(v);
}

function encode(text: string): string {
  return text.replace(/[A-Z]/g, letter => `!${letter.toLowerCase()}`);
}

/** module.UnescapePath */
export function unescapePath(escaped: string): string {
  const path = decode('module path', escaped);
  checkModulePath(path);
  return path;
}

/** module.UnescapeVersion */
export function unescapeVersion(escaped: string): string {
  const v = decode('version', escaped);
  checkFileName(v);
  return v;
}

function decode(what: string, escaped: string): string {
  if (/[A-Z]|[^\0-\x7f]|!(?![a-z])/.test(escaped)) {
    throw new Fault('invalid', `invalid escaped ${what} ${quote(escaped)}`);
  }
  return escaped.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
