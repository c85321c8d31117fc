import { Fault } from '../errors.ts';
import { quote } from './quote.ts';
import { build, isValid, major } from './semver.ts';
import { isLetter } from './unicode.ts';

/**
 * Which module, import and file paths are valid, and which versions belong to a module path: the functions of the same
 * names in golang.org/x/mod/module; "Module paths and versions" in the Go Modules Reference.
 * The check functions throw `invalid` with the reason.
 */
type PathKind = 'module' | 'import' | 'file';

/** module.CheckPath */
export function checkModulePath(path: string): void {
  const reason = badPath(path, 'module') ?? badModulePath(path);
  if (reason !== undefined) throw malformed('module', path, reason);
}

/** module.CheckImportPath */
export function checkImportPath(path: string): void {
  const reason = badPath(path, 'import');
  if (reason !== undefined) throw malformed('import', path, reason);
}

/** module.CheckFilePath */
export function checkFilePath(path: string): void {
  const reason = badPath(path, 'file');
  if (reason !== undefined) throw malformed('file', path, reason);
}

/** One element of a file path, without slashes: what module.EscapeVersion asks of a version. */
export function checkFileName(name: string): void {
  const reason = badElement(name, 'file');
  if (reason !== undefined) throw malformed('file', name, reason);
}

function malformed(kind: PathKind, path: string, reason: string): Fault {
  return new Fault('invalid', `malformed ${kind} path ${quote(path)}: ${reason}`);
}

function badModulePath(path: string): string | undefined {
  const [first = ''] = path.split('/', 1);
  if (!first.includes('.')) return 'missing dot in first path element';
  if (!/^[-.0-9a-z]*$/.test(first)) return 'first path element must be lower-case letters, digits, dots and dashes';
  return splitPathVersion(path) === undefined ? 'invalid version suffix' : undefined;
}

function badPath(path: string, kind: PathKind): string | undefined {
  if (path === '') return 'empty string';
  if (path.startsWith('-') && kind !== 'file') return 'leading dash';
  for (const element of path.split('/')) {
    const reason = badElement(element, kind);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Elements of ASCII characters that are allowed; file names may have Unicode letters besides. */
const allowed: Record<PathKind, RegExp> = {
  module: /^[-._~0-9A-Za-z]*$/,
  import: /^[-._~0-9A-Za-z+]*$/,
  file: /^[-._~0-9A-Za-z!#$%&()+,=@[\]^{} ]*$/,
};

/** What Windows keeps for devices, with or without an extension. */
const windowsNameRE = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])$/i;

function badElement(element: string, kind: PathKind): string | undefined {
  if (element === '') return 'empty path element';
  if (/^\.+$/.test(element)) return `invalid path element ${quote(element)}`;
  if (element.startsWith('.') && kind === 'module') return 'leading dot in path element';
  if (element.endsWith('.')) return 'trailing dot in path element';
  if (!allowed[kind].test(element)) {
    const bad = Array.from(element).find(
      char => !allowed[kind].test(char) && !(kind === 'file' && char > '\x7f' && isLetter(char)),
    );
    if (bad !== undefined) return `invalid character ${quote(bad)}`;
  }
  const [short = ''] = element.split('.', 1);
  if (windowsNameRE.test(short)) return `${quote(short)} is a reserved name on Windows`;
  // Short names of Windows (PROGRA~1) matter in what is imported only.
  if (kind !== 'file' && /~[0-9]+$/.test(short)) return 'trailing tilde and digits in path element';
  return undefined;
}

export interface SplitPath {
  prefix: string;
  /** '', '/vN' with N ≥ 2, or '.vN' with an optional '-unstable' for gopkg.in */
  pathMajor: string;
}

/** module.SplitPathVersion; undefined where that says not ok, as for example.com/pkg/v1. */
export function splitPathVersion(path: string): SplitPath | undefined {
  if (path.startsWith('gopkg.in/')) return splitGopkgIn(path);
  const digits = trailing(path, /[0-9.]/);
  const start = path.length - digits.length - 2;
  if (digits === '' || start < 0 || !path.startsWith('/v', start)) return { prefix: path, pathMajor: '' };
  if (digits.includes('.') || digits.startsWith('0') || digits === '1') return undefined;
  return { prefix: path.slice(0, start), pathMajor: path.slice(start) };
}

function splitGopkgIn(path: string): SplitPath | undefined {
  const stable = withoutUnstable(path);
  const digits = trailing(stable, /[0-9]/);
  const start = stable.length - digits.length - '.v'.length;
  const pathMajor = path.slice(Math.max(start, 0));
  if (!pathMajor.startsWith('.v') || pathMajor === '.v') return undefined;
  if (digits.startsWith('0') && pathMajor !== '.v0') return undefined;
  return { prefix: path.slice(0, start), pathMajor };
}

function trailing(text: string, char: RegExp): string {
  let start = text.length;
  while (start > 0 && char.test(text.charAt(start - 1))) start--;
  return text.slice(start);
}

function withoutUnstable(text: string): string {
  return text.endsWith('-unstable') ? text.slice(0, -'-unstable'.length) : text;
}

/** module.MatchPathMajor: whether the version belongs to paths with that major suffix. */
export function matchPathMajor(v: string, pathMajor: string): boolean {
  const suffix = pathMajor.startsWith('.v') ? withoutUnstable(pathMajor) : pathMajor;
  // An old defect wrote v0.0.0- pseudo-versions for gopkg.in's .v1; they are in use.
  if (v.startsWith('v0.0.0-') && suffix === '.v1') return true;
  const m = major(v);
  if (suffix === '') return m === 'v0' || m === 'v1' || build(v) === '+incompatible';
  return /^[/.]/.test(suffix) && m === suffix.slice(1);
}

/** module.CheckPathMajor */
export function checkPathMajor(v: string, pathMajor: string): void {
  if (matchPathMajor(v, pathMajor)) return;
  const wanted = pathMajor === '' ? 'v0 or v1' : pathMajor.replace(/^[/.]/, '');
  throw new Fault('invalid', `version ${quote(v)} invalid: should be ${wanted}`);
}

/** module.Check: the path is valid, the version is semantic, and they belong together. */
export function checkModuleVersion(path: string, version: string): void {
  checkModulePath(path);
  if (!isValid(version)) {
    throw new Fault('invalid', `${path}: version ${quote(version)} is not a semantic version`);
  }
  checkPathMajor(version, splitPathVersion(path)?.pathMajor ?? '');
}
