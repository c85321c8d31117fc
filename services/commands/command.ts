import type { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import type { Analytics } from '../analytics/index.ts';
import type { Catalogue, CatalogueWriter } from '../catalogue/index.ts';
import { asFault, Fault } from '../errors.ts';
import { checkModuleVersion } from '../gomod/path.ts';
import { canonicalVersion } from '../gomod/version.ts';
import type { Messaging } from '../messaging/index.ts';
import type { Storage } from '../storage/index.ts';
import { type StoreName, storeNames } from '../stores.ts';

/** What an operator's commands work with: the stores and messages of the services, which may be running. */
export interface CommandDeps {
  messaging: Messaging;
  published: Storage;
  quarantine: Storage;
  records: Storage;
  /** Opens the catalogue, to be closed by whoever did. */
  openCatalogue: () => Promise<Catalogue & CatalogueWriter>;
  /** Brings the catalogue's schema to this program's; undefined where opening it does that. */
  migrateCatalogue: () => Promise<{ from: number; to: number } | undefined>;
  /** Opens the analytics, to be closed by whoever did. */
  openAnalytics: () => Promise<Analytics>;
  /** The canonical version that a branch, a commit or `latest` stands for, as the services that run resolve it. */
  resolve: (module: string, query: string) => Promise<string>;
  /** Standard output; a terminal of so many columns, or not. */
  out: { write(text: string): unknown; isTTY?: boolean; columns?: number };
  /** Standard error, for what is wrong: what is written to a file has only answers in it. Without it `out` has both. */
  err?: { write(text: string): unknown };
  /** Standard input. */
  input?: Readable;
  now: () => Date;
  /** Who runs the command. */
  user: () => string;
}

export interface Command {
  name: string;
  /** What follows the name on the command line. */
  usage: string;
  /** One sentence. */
  about: string;
  /** The stores that it has to do with: no other is looked at, to which its account may have no right. */
  stores: readonly StoreName[];
  /** The exit status: 0 done, 1 it can't be done, 2 the command line is wrong. Throws nothing. */
  run(deps: CommandDeps, argv: readonly string[]): Promise<number>;
}

export async function withAnalytics<T>(deps: CommandDeps, act: (analytics: Analytics) => Promise<T>): Promise<T> {
  const analytics = await deps.openAnalytics();
  try {
    return await act(analytics);
  } finally {
    await analytics.close();
  }
}

interface Arguments {
  positionals: string[];
  /** Options without a value are `true`. */
  options: Readonly<Record<string, string | boolean | undefined>>;
}

interface Definition {
  name: string;
  usage: string;
  about: string;
  /** All unless they are given. */
  stores?: readonly StoreName[];
  options?: Readonly<Record<string, { type: 'string' | 'boolean' }>>;
  act(deps: CommandDeps, given: Arguments): Promise<boolean>;
}

/** A mistake on the command line; answered with the usage. */
export const misused = (sentence: string) => new Fault('invalid', sentence);

/** Makes a command of what it does; `act` says whether it could, and throws `invalid` for a bad command line. */
export function defineCommand({ name, usage, about, stores = storeNames, options = {}, act }: Definition): Command {
  return {
    name,
    usage,
    about,
    stores,
    async run(deps, argv) {
      try {
        const parsed = parse(argv, options);
        return (await act(deps, parsed)) ? 0 : 1;
      } catch (error) {
        const fault = asFault(error);
        const wrong = { ...deps, out: deps.err ?? deps.out };
        print(wrong, `${name}: ${fault.message}`);
        if (fault.kind !== 'invalid') return 1;
        print(wrong, `usage: ${name} ${usage}`.trimEnd());
        return 2;
      }
    },
  };
}

function parse(argv: readonly string[], options: NonNullable<Definition['options']>): Arguments {
  try {
    const { positionals, values } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    return { positionals, options: values };
  } catch (error) {
    throw misused((error as Error).message);
  }
}

/** Writes a line. What comes from origins must not command the terminal. */
export function print({ out }: CommandDeps, line: string): void {
  out.write(`${escapeControls(line)}\n`);
}

/** Control characters are escaped, as in JSON. */
export function escapeControls(text: string): string {
  const code = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, code);
}

export interface Target {
  module: string;
  version: string;
}

/** `<module>@<version>`, canonical. */
export function parseTarget(text: string): Target {
  const [module = '', version = '', ...more] = text.split('@');
  if (module === '' || version === '' || more.length > 0) {
    throw misused(`${JSON.stringify(text)} must be written <module>@<version>`);
  }
  checkModuleVersion(module, version);
  const canonical = canonicalVersion(version);
  if (canonical !== version) throw misused(`${version} is not canonical: write ${canonical}`);
  return { module, version };
}

/** The only positional argument, as a target. */
export function onlyTarget({ positionals }: Arguments): Target {
  const [text, ...more] = positionals;
  if (text === undefined) throw misused('a module and its version are missing');
  if (more.length > 0) throw misused(`only one version can be given; ${JSON.stringify(more[0])} is too much`);
  return parseTarget(text);
}

export function noPositionals({ positionals }: Arguments): void {
  if (positionals.length > 0) throw misused(`${JSON.stringify(positionals[0])} is too much`);
}
