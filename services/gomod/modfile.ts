import { Fault } from '../errors.ts';
import { readDirective, verbs } from './modfile-directives.ts';
import { parseSyntax } from './modfile-syntax.ts';
import type { Directive } from './modfile-values.ts';
import { quote, unquote } from './quote.ts';
import { trimSpace } from './unicode.ts';

/** A go.mod file as modfile.File holds it, without the syntax tree. */
export interface ModFile {
  /** `deprecated` is the message after `Deprecated:`, '' when there is none. */
  module: { path: string; deprecated: string } | undefined;
  /** The language version, without `go`. */
  go: string | undefined;
  /** With `go`, or `default`. */
  toolchain: string | undefined;
  godebug: { key: string; value: string }[];
  require: Require[];
  exclude: ModuleVersion[];
  replace: Replace[];
  retract: Retract[];
  /** Package paths. */
  tool: string[];
  /** Folders. */
  ignore: string[];
}

export interface ModuleVersion {
  path: string;
  version: string;
}

export interface Require extends ModuleVersion {
  indirect: boolean;
}

/** `old.version` is '' for all versions, `new.version` for a folder. */
export interface Replace {
  old: ModuleVersion;
  new: ModuleVersion;
}

/** Both ends included; equal for a single version. */
export interface Retract {
  low: string;
  high: string;
  rationale: string;
}

/**
 * modfile.Parse, or modfile.ParseLax when `lax`, without a version fixer: "go.mod files" in the Go Modules Reference.
 * Lax is for modules that are required by others: what is unknown or matters to the main module alone is ignored.
 * `name` is for messages. Throws `invalid` with the line and the first thing wrong; stricter than Go: for more than
 * 250,000 words.
 *
 * Versions in `require`, `exclude` and `replace` come out canonical; those in `retract` as written, since Go checks
 * them only against the versions there are. Bytes that are not UTF-8 come out as U+FFFD.
 */
export function parseModFile(name: string, bytes: Uint8Array, options: { lax?: boolean } = {}): ModFile {
  const strict = options.lax !== true;
  const file: ModFile = {
    module: undefined,
    go: undefined,
    toolchain: undefined,
    godebug: [],
    require: [],
    exclude: [],
    replace: [],
    retract: [],
    tool: [],
    ignore: [],
  };
  const read = (directive: Directive, line: number) => {
    const reason = readDirective(file, directive, strict);
    if (reason !== undefined) throw new Fault('invalid', `${name}:${line}: ${reason}`);
  };
  for (const statement of parseSyntax(name, decode(bytes))) {
    const [verb = '', ...args] = statement.tokens;
    if (statement.kind === 'line') {
      read({ verb, args, line: statement, block: undefined }, statement.start.line);
    } else if (args.length === 0 && verbs.get(verb)?.block === true) {
      for (const line of statement.lines) read({ verb, args: line.tokens, line, block: statement }, line.start.line);
    } else if (strict) {
      throw new Fault(
        'invalid',
        `${name}:${statement.start.line}: unknown block type: ${quote(statement.tokens.slice(0, 9).join(' '))}`,
      );
    }
  }
  return file;
}

/** modfile.ModulePath: the path of the first module line, whatever else is wrong with the file; '' if there is none. */
export function modulePath(bytes: Uint8Array): string {
  const text = decode(bytes);
  for (let at = text.indexOf('module'); at >= 0; ) {
    const lineBreak = text.indexOf('\n', at);
    const end = lineBreak < 0 ? text.length : lineBreak;
    const [line = ''] = text.slice(at, end).split('//', 1);
    const path = trimSpace(line.slice('module'.length));
    const first = trimSpace(text.slice(text.lastIndexOf('\n', at) + 1, at)) === '';
    if (first && path !== '' && !line.startsWith(`module${path}`)) {
      return /^["`]/.test(path) ? (unquote(path) ?? '') : path;
    }
    at = text.indexOf('module', end);
  }
  return '';
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
