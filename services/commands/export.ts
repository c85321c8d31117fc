import { resolve } from 'node:path';
import { asFault, Fault } from '../errors.ts';
import { defineCommand, misused, print, withAnalytics } from './command.ts';
import { daysOf, daysOptions } from './days.ts';

export const exportParquet = defineCommand({
  name: 'export',
  usage: '--from <day> [--to <day>] | --days <count> [--force] <file.parquet>',
  about: 'Writes the single requests of some days to a Parquet file, whole or not at all.',
  options: { ...daysOptions, force: { type: 'boolean' } },
  async act(deps, { positionals: [given, ...more], options: { force, ...options } }) {
    if (given === undefined || given === '') throw misused('the file to write is missing');
    if (more.length > 0) throw misused(`only one file can be written; ${JSON.stringify(more[0])} is too much`);
    const days = daysOf(options, deps.now(), undefined);
    // The file is written by whoever has the database open, which may be in another folder.
    const target = given.includes('://') ? given : resolve(given);
    await withAnalytics(deps, analytics =>
      analytics.exportParquet(target, days, { replace: force === true }).catch(error => {
        const fault = asFault(error);
        if (fault.kind !== 'conflict') throw fault;
        throw new Fault('conflict', `${fault.message}: give --force to replace it`, { cause: error });
      }),
    );
    print(deps, `The requests from ${days.from} to ${days.to} are in ${target}.`);
    return true;
  },
});
