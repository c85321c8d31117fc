import { defineCommand, noPositionals, print } from './command.ts';

export const migrate = defineCommand({
  name: 'migrate',
  usage: '',
  about: 'Brings the schema of a catalogue on PostgreSQL to that of this program, whole or not at all.',
  stores: [],
  async act(deps, given) {
    noPositionals(given);
    const versions = await deps.migrateCatalogue();
    if (versions === undefined) {
      print(deps, 'The catalogue is a SQLite file, which needs no migration.');
    } else if (versions.from === versions.to) {
      print(deps, `The catalogue has schema ${versions.to} already.`);
    } else {
      print(deps, `The catalogue has schema ${versions.to} now; before it had ${versions.from || 'none'}.`);
      if (versions.from === 0) print(deps, 'Fill it from the store by reindex.');
    }
    return true;
  },
});
