import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { asFault, Fault } from '../../errors.ts';
import { readAll } from '../../storage/index.ts';
import { type CommandDeps, defineCommand, escapeControls, misused, print } from '../command.ts';
import { follow, type Result, type State } from './follow.ts';
import { createProgress } from './progress.ts';
import { readTargets } from './targets.ts';

/** The go.sum of the greatest projects has some hundred kilobytes. */
const longest = 16 << 20;
const atOnce = 64;
/** Seconds without anything happening. */
const defaultPatience = 120;

const words: Record<State, string> = {
  published: 'published now',
  here: 'already here',
  rejected: 'rejected',
  missing: 'not found',
  waiting: 'still on the way',
};

export const include = defineCommand({
  name: 'include',
  usage: '<go.sum, go.mod or list of modules, with @version or the latest>|- [--patience <seconds>]',
  about: 'Has all that a file names fetched, checked and published, waits for it, and says what became of each.',
  options: { patience: { type: 'string' } },
  async act(deps, { positionals, options }) {
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw misused('give one file, or - for the standard input');
    const patience = readPatience(options.patience);
    const { targets, faults } = await readTargets(await read(file, deps.input), deps.resolve);
    for (const fault of faults) print(deps, `${file}: ${fault}`);
    if (targets.length === 0) {
      print(deps, `${file} asks for nothing.`);
      return faults.length === 0;
    }
    const progress = createProgress(deps.out, targets.length, text => print(deps, text));
    let count = 0;
    const settled = ({ module, version, state }: Result) =>
      progress.done(++count, escapeControls(`${module}@${version}  ${words[state]}`));
    const results = await follow(deps, { targets, atOnce, patience: patience * 1000, settled });
    progress.end();
    return summarise(deps, results) && faults.length === 0;
  },
});

function summarise(deps: CommandDeps, results: readonly Result[]): boolean {
  const of = (state: State) => results.filter(result => result.state === state);
  for (const state of ['rejected', 'missing', 'waiting'] as const) {
    for (const { module, version, message } of of(state))
      print(deps, `${module}@${version} is ${words[state]}: ${message}`);
  }
  const counts = (Object.keys(words) as State[]).map(state => [of(state).length, words[state]] as const);
  print(deps, `${counts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : [])).join(', ')}.`);
  if (of('waiting').length > 0)
    print(deps, 'What is on the way stays asked for; run this again to see what became of it.');
  return of('published').length + of('here').length === results.length;
}

function readPatience(given: string | boolean | undefined): number {
  const seconds = given === undefined ? defaultPatience : Number(given);
  if (!Number.isFinite(seconds) || seconds <= 0) throw misused('--patience takes a number of seconds');
  return seconds;
}

async function read(file: string, input: Readable | undefined): Promise<string> {
  if (file === '-') {
    if (input === undefined) throw misused('there is no standard input');
    return (await readAll(input, longest, 'the standard input')).toString();
  }
  try {
    const { size } = await stat(file);
    if (size > longest) throw misused(`${file} is larger than ${longest >> 20} MiB`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw misused(`${file} can't be read: ${asFault(error).message}`);
  }
}
