import type { ModuleVersion, Replace } from './modfile.ts';
import type { Comments } from './modfile-syntax.ts';
import { checkPathMajor, splitPathVersion } from './path.ts';
import { quote, unquote } from './quote.ts';
import { fields, trimSpace } from './unicode.ts';
import { canonicalVersion } from './version.ts';

/** One line of a go.mod file that is not blank. */
export interface Directive {
  verb: string;
  args: readonly string[];
  line: Comments;
  block: Comments | undefined;
}

/** What is wrong with a line, caught by readDirective. */
export class Wrong extends Error {}

export function single({ verb, args }: Directive): string {
  const [arg] = args;
  if (arg === undefined || args.length !== 1) throw new Wrong(`${verb} directive expects exactly one argument`);
  return string(arg);
}

function string(token: string): string {
  const text = token.startsWith('"') ? unquote(token) : /["'`]/.test(token) ? undefined : token;
  if (text === undefined) throw new Wrong(`invalid quoted string: ${quote(token)}`);
  return text;
}

function version(token: string): string {
  const canonical = canonicalVersion(string(token));
  if (canonical === '') throw new Wrong(`version ${quote(token)} invalid: must be of the form v1.2.3`);
  return canonical;
}

export function moduleVersion({ verb, args }: Directive): ModuleVersion {
  const [first, second] = args;
  if (first === undefined || second === undefined || args.length !== 2) {
    throw new Wrong(`usage: ${verb} module/path v1.2.3`);
  }
  const path = string(first);
  const module = { path, version: version(second) };
  checkPathMajor(module.version, pathMajor(path));
  return module;
}

function pathMajor(path: string): string {
  const split = splitPathVersion(path);
  if (split === undefined) throw new Wrong(`invalid module path ${quote(path)}`);
  return split.pathMajor;
}

export function replacement(args: readonly string[]): Replace {
  const arrow = args[1] === '=>' ? 1 : 2;
  const [oldPath, oldVersion] = args;
  const [newPath, newVersion, ...more] = args.slice(arrow + 1);
  if (args[arrow] !== '=>' || oldPath === undefined || newPath === undefined || more.length > 0) {
    throw new Wrong('usage: replace module/path [v1.2.3] => other/module v1.4 or ../local/directory');
  }
  const old = { path: string(oldPath), version: '' };
  const major = pathMajor(old.path);
  if (arrow === 2 && oldVersion !== undefined) {
    old.version = version(oldVersion);
    checkPathMajor(old.version, major);
  }
  const path = string(newPath);
  if (newVersion !== undefined) {
    const module = { path, version: version(newVersion) };
    if (isDirectoryPath(path)) throw new Wrong(`replacement directory ${quote(path)} cannot have version`);
    return { old, new: module };
  }
  if (!isDirectoryPath(path)) throw new Wrong('replacement module without version must be directory path');
  if (path.includes('\\')) throw new Wrong('replacement directory appears to be Windows path');
  return { old, new: { path, version: '' } };
}

/** modfile.IsDirectoryPath */
function isDirectoryPath(path: string): boolean {
  return /^(?:\.\.?(?:$|[/\\])|[/\\]|[A-Za-z]:)/.test(path);
}

interface Interval {
  low: string | undefined;
  high: string | undefined;
  rest: readonly string[];
}

/** A version or [low, high]; its ends are undefined when it is neither. */
export function interval(args: readonly string[]): Interval {
  const [first, low, comma, high, end] = args;
  if (first !== '[') {
    const only = first === '(' ? undefined : retracted(first);
    return { low: only, high: only, rest: args.slice(1) };
  }
  const ok = comma === ',' && end === ']';
  return { low: ok ? retracted(low) : undefined, high: retracted(high), rest: args.slice(5) };
}

function retracted(token: string | undefined): string | undefined {
  if (token === undefined || (/["'`]/.test(token) && !token.startsWith('"'))) return undefined;
  return token.startsWith('"') ? unquote(token) : token;
}

/** A comment `// indirect`, alone or with `; and more`. */
export function isIndirect(line: Comments): boolean {
  const words = fields((line.suffix[0] ?? '').replace(/^\/\//, ''));
  return words.length === 1 ? words[0] === 'indirect' : words[0] === 'indirect;';
}

/** The first paragraph of the comment that begins with `Deprecated:`. */
export function deprecation(directive: Directive): string {
  return /(?:^|\n\n)Deprecated: *([\s\S]*?)(?:$|\n\n)/.exec(commentText(directive))?.[1] ?? '';
}

/** The comments of the line or, when it has none, of its block. */
export function commentText({ line, block }: Directive): string {
  const own = [...line.before, ...line.suffix];
  const comments = own.length === 0 && block !== undefined ? [...block.before, ...block.suffix] : own;
  return comments
    .filter(comment => comment.startsWith('//'))
    .map(comment => trimSpace(comment.slice('//'.length)))
    .join('\n');
}
