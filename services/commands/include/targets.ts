import { asFault } from '../../errors.ts';
import { readRequirements } from '../../ui-backend/doctor/read.ts';
import { parseTarget, type Target } from '../command.ts';

export interface Wanted {
  /** Each once, in the order of the text. */
  targets: Target[];
  /** What can't be read, as `line 3: why`. */
  faults: string[];
}

/**
 * What a go.sum, a go.mod or a list of `module@version` lines asks for; in a list, `#` begins a comment. What a go.mod
 * replaces is left out: go never fetches it.
 */
export function readTargets(text: string): Wanted {
  const lines = text.split('\n').map(line => line.replace(/(?:^|\s)#.*$/, '').trim());
  const first = lines.find(line => line !== '');
  const wanted = first !== undefined && /^[^\s@]+@[^\s@]+$/.test(first) ? readList(lines) : readFile(text);
  const unique = new Map(wanted.targets.map(target => [`${target.module}@${target.version}`, target]));
  return { targets: [...unique.values()], faults: wanted.faults };
}

function readList(lines: readonly string[]): Wanted {
  const wanted: Wanted = { targets: [], faults: [] };
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    try {
      wanted.targets.push(parseTarget(line));
    } catch (error) {
      wanted.faults.push(`line ${index + 1}: ${asFault(error).message}`);
    }
  }
  return wanted;
}

function readFile(text: string): Wanted {
  const { asked, faults } = readRequirements(text);
  const fetched = asked.filter(({ replacedBy }) => replacedBy === undefined);
  return {
    targets: fetched.map(({ module, version }) => ({ module, version })),
    faults: faults.map(({ line, message }) => (line === undefined ? message : `line ${line}: ${message}`)),
  };
}
