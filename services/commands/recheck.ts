import { defineCommand, onlyTarget, print } from './command.ts';

export const recheck = defineCommand({
  name: 'recheck',
  usage: '<module>@<version>',
  about:
    'Fetches a version again: a published one is compared, and a difference is an alarm; a rejected one is judged anew.',
  async act(deps, given) {
    const target = onlyTarget(given);
    const requestedAt = deps.now().toISOString();
    await deps.messaging.publish('module.requested', { v: 1, ...target, by: 'operator', requestedAt, recheck: true });
    print(deps, `${target.module}@${target.version} is requested; the result will be in its log.`);
    return true;
  },
});
