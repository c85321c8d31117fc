import { asFault } from '../../errors.ts';
import { type ModFile, parseModFile } from '../../gomod/modfile.ts';
import { readDirective } from '../../gomod/modfile-directives.ts';
import { type Line, parseSyntax, type Statement } from '../../gomod/modfile-syntax.ts';
import type { Directive } from '../../gomod/modfile-values.ts';
import { checkModuleVersion } from '../../gomod/path.ts';
import { canonicalVersion } from '../../gomod/version.ts';

/** What a go.mod or go.sum asks for, by line. */
export interface Asked {
  /** Number of the line, from 1. */
  line: number;
  module: string;
  version: string;
  indirect: boolean;
  /** What stands before the module on its line. */
  before: string;
  /** As go.sum has it; undefined in a go.mod, and where go.sum has that of the go.mod alone. */
  hash: string | undefined;
  /** go.sum needs its go.mod only: it was looked at, but is not built with. */
  goModOnly: boolean;
  /** What a `replace` has in its place: `module@version`, or a folder. */
  replacedBy: string | undefined;
  /** It stands in a `replace`, for this: `module`, or `module@version`. */
  replaces: string | undefined;
}

export interface Reading {
  kind: 'go.mod' | 'go.sum';
  module: string | undefined;
  asked: Asked[];
  /** What can't be read. The rest is. */
  faults: { line: number | undefined; message: string }[];
}

const sumLine = /^(\S+) (v\S+?)(\/go\.mod)? (h1:[A-Za-z0-9+/]{43}=)$/;
const maxFaults = 100;

/** Which of the two it is, and what it asks for. Never throws: what can't be read is among the faults. */
export function readRequirements(text: string): Reading {
  const first = text.split('\n', 50).find(line => line.trim() !== '');
  return first !== undefined && /^\S+ v\S+ h\d:/.test(first.trim()) ? readGoSum(text) : readGoMod(text);
}

function readGoSum(text: string): Reading {
  const asked = new Map<string, Asked>();
  const faults: Reading['faults'] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const row = raw.trim();
    if (row === '') continue;
    const line = index + 1;
    const [, module = '', version = '', goMod, hash] = sumLine.exec(row) ?? [];
    const wrong = module === '' ? 'is no line of a go.sum' : reasonAgainst(module, version);
    if (wrong !== undefined) {
      if (faults.length < maxFaults) faults.push({ line, message: wrong });
      continue;
    }
    const name = `${module}@${version}`;
    const known = asked.get(name);
    if (goMod === undefined && known !== undefined) {
      Object.assign(known, { line, hash, goModOnly: false });
    } else if (known === undefined) {
      const goModOnly = goMod !== undefined;
      const own = goModOnly ? undefined : hash;
      asked.set(name, {
        line,
        module,
        version,
        indirect: false,
        before: '',
        hash: own,
        goModOnly,
        replacedBy: undefined,
        replaces: undefined,
      });
    }
  }
  return { kind: 'go.sum', module: undefined, asked: [...asked.values()], faults };
}

function reasonAgainst(module: string, version: string): string | undefined {
  try {
    checkModuleVersion(module, version);
    return canonicalVersion(version) === version ? undefined : `the version ${version} is not canonical`;
  } catch (error) {
    return asFault(error).message;
  }
}

function readGoMod(text: string): Reading {
  const faults: Reading['faults'] = [];
  const file = parseModFile('go.mod', Buffer.from(''));
  const asked: Asked[] = [];
  const add = (directive: Directive, line: Line) => {
    const [requires, replaces] = [file.require.length, file.replace.length];
    const reason = readDirective(file, directive, true);
    if (reason !== undefined && faults.length < maxFaults) faults.push({ line: line.start.line, message: reason });
    const before = directive.block === undefined ? `${directive.verb} ` : '';
    const about = { line: line.start.line, hash: undefined, goModOnly: false, replacedBy: undefined };
    for (const { path, version, indirect } of file.require.slice(requires)) {
      asked.push({ ...about, before, module: path, version, indirect, replaces: undefined });
    }
    for (const { old, new: other } of file.replace.slice(replaces)) {
      if (other.version === '') continue;
      const left = `${before}${old.path}${old.version && ` ${old.version}`} => `;
      const its = { before: left, module: other.path, version: other.version, indirect: false };
      asked.push({ ...about, ...its, replaces: `${old.path}${old.version && `@${old.version}`}` });
    }
  };
  for (const statement of statementsOf(text, faults)) {
    const [verb = '', ...args] = statement.tokens;
    if (statement.kind === 'line') add({ verb, args, line: statement, block: undefined }, statement);
    else for (const line of statement.lines) add({ verb, args: line.tokens, line, block: statement }, line);
  }
  return { kind: 'go.mod', module: file.module?.path, asked: markReplaced(asked, file), faults };
}

function statementsOf(text: string, faults: Reading['faults']): Statement[] {
  try {
    return parseSyntax('go.mod', text);
  } catch (error) {
    const { message } = asFault(error);
    const [, line, reason] = /^go\.mod:(\d+)(?::\d+)?: (.*)$/s.exec(message) ?? [];
    faults.push({ line: line === undefined ? undefined : Number(line), message: reason ?? message });
    return [];
  }
}

function markReplaced(asked: readonly Asked[], file: ModFile): Asked[] {
  const replacements = new Map<string, string>();
  for (const { old, new: other } of file.replace) {
    replacements.set(
      `${old.path} ${old.version}`,
      other.version === '' ? other.path : `${other.path}@${other.version}`,
    );
  }
  return asked.map(one => {
    const replacedBy = replacements.get(`${one.module} ${one.version}`) ?? replacements.get(`${one.module} `);
    return one.replaces === undefined ? { ...one, replacedBy } : one;
  });
}
