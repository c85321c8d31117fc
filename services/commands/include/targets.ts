import pLimit from 'p-limit';
import { asFault, Fault } from '../../errors.ts';
import { checkModulePath } from '../../gomod/path.ts';
import { canonicalVersion } from '../../gomod/version.ts';
import { readRequirements } from '../../ui-backend/doctor/read.ts';
import { type CommandDeps, parseTarget, type Target } from '../command.ts';

export interface Wanted {
  /** Each once, in the order of the text. */
  targets: Target[];
  /** What can't be read, as `line 3: why`. */
  faults: string[];
}

/** Lines whose version is asked for at once. */
const atOnce = 8;

/**
 * What a go.sum, a go.mod or a list asks for. A list has a module a line, with `@` and a version, branch or commit, or
 * without: then the latest is meant; `#` begins a comment. What a go.mod replaces is left out: go never fetches it.
 */
export async function readTargets(text: string, resolve: CommandDeps['resolve']): Promise<Wanted> {
  const lines = text.split('\n').map(line => line.replace(/(?:^|\s)#.*$/, '').trim());
  const first = lines.find(line => line !== '');
  const isList = first !== undefined && /^(?:[^\s@]+@[^\s@]+|[^\s@/]+\.[^\s@]+)$/.test(first);
  const wanted = isList ? await readList(lines, resolve) : readFile(text);
  const unique = new Map(wanted.targets.map(target => [`${target.module}@${target.version}`, target]));
  return { targets: [...unique.values()], faults: wanted.faults };
}

async function readList(lines: readonly string[], resolve: CommandDeps['resolve']): Promise<Wanted> {
  const limit = pLimit(atOnce);
  const read = lines.map((line, index) =>
    limit(async (): Promise<Target | string | undefined> => {
      if (line === '') return undefined;
      try {
        return await readLine(line, resolve);
      } catch (error) {
        return `line ${index + 1}: ${asFault(error).message}`;
      }
    }),
  );
  const found = (await Promise.all(read)).filter(each => each !== undefined);
  return {
    targets: found.filter(each => typeof each !== 'string'),
    faults: found.filter(each => typeof each === 'string'),
  };
}

async function readLine(line: string, resolve: CommandDeps['resolve']): Promise<Target> {
  const [module = '', version = 'latest', ...more] = line.split('@');
  const isQuery = version !== '' && canonicalVersion(version) === '';
  if (!isQuery || more.length > 0 || !module.includes('.')) return parseTarget(line);
  checkModulePath(module);
  try {
    return { module, version: await resolve(module, version) };
  } catch (error) {
    const { kind, message } = asFault(error);
    throw new Fault(kind, `which version ${module}@${version} is can't be asked: ${message}`, { cause: error });
  }
}

function readFile(text: string): Wanted {
  const { asked, faults } = readRequirements(text);
  const fetched = asked.filter(({ replacedBy }) => replacedBy === undefined);
  return {
    targets: fetched.map(({ module, version }) => ({ module, version })),
    faults: faults.map(({ line, message }) => (line === undefined ? message : `line ${line}: ${message}`)),
  };
}
