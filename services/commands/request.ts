import { readOutcome, versionKey } from '../records/index.ts';
import { isRejection } from '../validator/reject.ts';
import { type CommandDeps, defineCommand, misused, parseTarget, print, type Target } from './command.ts';

export const request = defineCommand({
  name: 'request',
  usage: '<module>@<version>…',
  about: 'Asks for versions to be fetched, checked and published.',
  async act(deps, { positionals }) {
    if (positionals.length === 0) throw misused('a module and its version are missing');
    let done = true;
    for (const target of positionals.map(parseTarget)) done = (await requestOne(deps, target)) && done;
    return done;
  },
});

async function requestOne(deps: CommandDeps, { module, version }: Target): Promise<boolean> {
  const { messaging, published, records, now } = deps;
  const name = `${module}@${version}`;
  if ((await published.stat(`${versionKey(module, version)}.info`)) !== undefined) {
    print(deps, `${name} is published already.`);
    return true;
  }
  const outcome = await readOutcome(records, module, version, now());
  if (isRejection(outcome)) {
    print(deps, `${name} is rejected: ${outcome.message}`);
    return false;
  }
  const requestedAt = now().toISOString();
  await messaging.publish('module.requested', { v: 1, module, version, by: 'operator', requestedAt });
  print(deps, `${name} is requested.`);
  return true;
}
