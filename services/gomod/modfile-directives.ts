import { Fault } from '../errors.ts';
import type { ModFile } from './modfile.ts';
import {
  commentText,
  type Directive,
  deprecation,
  interval,
  isIndirect,
  moduleVersion,
  replacement,
  single,
  Wrong,
} from './modfile-values.ts';
import { quote } from './quote.ts';

/** What each directive of a go.mod file adds to it: golang.org/x/mod/modfile, rule.go. */
interface Verb {
  /** Whether lines of it may stand in a block. */
  block: boolean;
  /** Whether it is read in lax mode too. */
  lax: boolean;
  /** Adds the directive to the file. */
  read(file: ModFile, directive: Directive, strict: boolean): void;
}

/** Adds one line to the file; the reason when it can't be. */
export function readDirective(file: ModFile, directive: Directive, strict: boolean): string | undefined {
  const verb = verbs.get(directive.verb);
  if (!strict && verb?.lax !== true) return undefined;
  if (verb === undefined) return `unknown directive: ${quote(directive.verb)}`;
  try {
    verb.read(file, directive, strict);
    return undefined;
  } catch (error) {
    if (error instanceof Wrong || error instanceof Fault) return error.message;
    throw error;
  }
}

const goVersionRE = /^[1-9][0-9]*\.(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))?(?:[a-z]+[0-9]+)?$/;
const laxGoVersionRE = /^v?([1-9][0-9]*\.(?:0|[1-9][0-9]*))[^0-9]/;
const toolchainRE = /^default$|^go1(?:$|\.)/;

const table: Record<string, Verb> = {
  module: {
    block: true,
    lax: true,
    read(file, directive) {
      if (file.module !== undefined) throw new Wrong('repeated module statement');
      file.module = { path: single(directive), deprecated: deprecation(directive) };
    },
  },
  go: {
    block: false,
    lax: true,
    read(file, { args }, strict) {
      if (file.go !== undefined) throw new Wrong('repeated go statement');
      if (args.length !== 1) throw new Wrong('go directive expects exactly one argument');
      const [version = ''] = args;
      const lax = strict ? undefined : laxGoVersionRE.exec(version)?.[1];
      file.go = goVersionRE.test(version) ? version : lax;
      if (file.go === undefined) throw new Wrong(`invalid go version ${quote(version)}: must match format 1.23.0`);
    },
  },
  toolchain: {
    block: false,
    lax: false,
    read(file, { args }) {
      if (file.toolchain !== undefined) throw new Wrong('repeated toolchain statement');
      const [name = ''] = args;
      if (args.length !== 1) throw new Wrong('toolchain directive expects exactly one argument');
      if (!toolchainRE.test(name))
        throw new Wrong(`invalid toolchain version ${quote(name)}: must match format go1.23.0`);
      file.toolchain = name;
    },
  },
  godebug: {
    block: true,
    lax: false,
    read(file, { args }) {
      const [, key, value] = /^([^"`',=]*)=([^"`',]*)$/.exec(args[0] ?? '') ?? [];
      if (args.length !== 1 || key === undefined || value === undefined) throw new Wrong('usage: godebug key=value');
      file.godebug.push({ key, value });
    },
  },
  require: {
    block: true,
    lax: true,
    read(file, directive) {
      file.require.push({ ...moduleVersion(directive), indirect: isIndirect(directive.line) });
    },
  },
  exclude: {
    block: true,
    lax: false,
    read(file, directive) {
      file.exclude.push(moduleVersion(directive));
    },
  },
  replace: {
    block: true,
    lax: false,
    read(file, { args }) {
      file.replace.push(replacement(args));
    },
  },
  retract: {
    block: true,
    lax: true,
    read(file, directive, strict) {
      const { low, high, rest } = interval(directive.args);
      if (low === undefined || high === undefined) {
        if (strict) throw new Wrong('retract expects a version or [low, high]');
        return; // a newer syntax, perhaps
      }
      const [more] = rest;
      if (more !== undefined && strict) throw new Wrong(`unexpected token after version: ${quote(more)}`);
      file.retract.push({ low, high, rationale: commentText(directive) });
    },
  },
  tool: {
    block: true,
    lax: false,
    read(file, directive) {
      file.tool.push(single(directive));
    },
  },
  ignore: {
    block: true,
    lax: true,
    read(file, directive) {
      file.ignore.push(single(directive));
    },
  },
};

export const verbs: ReadonlyMap<string, Verb> = new Map(Object.entries(table));
