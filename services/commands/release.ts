import { clearOutcome, readOutcome, readRelease, versionKey, writeRelease } from '../records/index.ts';
import { isRejection } from '../validator/reject.ts';
import { rules } from '../validator/rules/index.ts';
import { type CommandDeps, defineCommand, misused, onlyTarget, print, type Target } from './command.ts';

export const release = defineCommand({
  name: 'release',
  usage: '<module>@<version> --reason "<why>"',
  about: 'Overrules the rejection of a version, records who did so and why, and has it published.',
  options: { reason: { type: 'string' } },
  async act(deps, given) {
    const target = onlyTarget(given);
    const reason = String(given.options.reason ?? '').trim();
    if (reason === '') throw misused('a --reason is missing: it is kept with the version');
    const { published, records, now, user } = deps;
    const { module, version } = target;
    const name = `${module}@${version}`;

    if ((await published.stat(`${versionKey(module, version)}.info`)) !== undefined) {
      print(deps, `There is nothing to release: ${name} is published.`);
      return false;
    }
    const outcome = await readOutcome(records, module, version, now());
    if (!isRejection(outcome)) {
      // A release that was interrupted before its request, or whose request was lost, is taken up again.
      const earlier = await readRelease(records, module, version);
      if (earlier === undefined) {
        print(deps, `There is nothing to release: ${name} is not rejected.`);
        return false;
      }
      await request(deps, target);
      print(deps, `${name} was released by ${earlier.by} at ${earlier.at} already. It is requested again.`);
      return true;
    }
    const final = outcome.reasons.filter(({ rule }) => !rules.find(each => each.name === rule)?.overrulable);
    for (const { rule, message } of final) {
      print(deps, `${name} can't be released: nobody can overrule ${rule}. It refused because: ${message}`);
    }
    if (final.length > 0) return false;

    const by = user();
    await writeRelease(records, module, version, { at: now().toISOString(), by, reason, outcome });
    await clearOutcome(records, module, version);
    await request(deps, target);
    print(deps, `${name} is released by ${by}, overruling: ${outcome.message}`);
    print(deps, 'It is requested; see its status in a moment.');
    return true;
  },
});

const request = ({ messaging, now }: CommandDeps, target: Target) =>
  messaging.publish('module.requested', { v: 1, ...target, by: 'operator', requestedAt: now().toISOString() });
