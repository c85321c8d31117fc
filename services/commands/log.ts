import { type LogEntry, readLog } from '../records/index.ts';
import { defineCommand, onlyTarget, print } from './command.ts';

export const log = defineCommand({
  name: 'log',
  usage: '<module>@<version> [--json]',
  about: 'Shows what the processor and the validator did with a version, oldest first.',
  options: { json: { type: 'boolean' } },
  async act(deps, given) {
    const { module, version } = onlyTarget(given);
    const runs = await readLog(deps.records, module, version);
    if (given.options.json === true) {
      for (const run of runs) print(deps, JSON.stringify(run));
      return true;
    }
    if (runs.length === 0) print(deps, `Nothing is known of ${module}@${version}.`);
    for (const run of runs) {
      print(deps, `${run.startedAt}  ${run.service}: ${run.result}`);
      for (const entry of run.entries) print(deps, `  ${sentence(entry)}`);
    }
    return true;
  },
});

function sentence({ time, message, ...details }: LogEntry): string {
  const shown = Object.entries(details).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [time, ` ${message}`, ...shown].join(' ');
}
