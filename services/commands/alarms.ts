import { readAlarms } from '../records/index.ts';
import { defineCommand, noPositionals, print } from './command.ts';

export const alarms = defineCommand({
  name: 'alarms',
  usage: '[--json]',
  about:
    'Lists security events, oldest first: changed bytes, and checksum databases that disagree or fail their proofs.',
  options: { json: { type: 'boolean' } },
  async act(deps, given) {
    noPositionals(given);
    const found = await readAlarms(deps.records);
    for (const alarm of found) {
      const { at, module, version, reason, message } = alarm;
      print(
        deps,
        given.options.json === true ? JSON.stringify(alarm) : `${at}  ${reason}  ${module}@${version}: ${message}`,
      );
    }
    if (found.length === 0 && given.options.json !== true) print(deps, 'There are no alarms.');
    return true;
  },
});
