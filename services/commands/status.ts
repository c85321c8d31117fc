import { type SubscriptionName, subscriptions } from '../messaging/topics.ts';
import { readOutcome, readProvenance, readRelease, versionKey } from '../records/index.ts';
import { isRejection } from '../validator/reject.ts';
import { type CommandDeps, defineCommand, onlyTarget, print, type Target } from './command.ts';

export const status = defineCommand({
  name: 'status',
  usage: '<module>@<version>',
  about: 'Says whether a version is published, rejected, known to be missing, or on its way.',
  async act(deps, given) {
    const target = onlyTarget(given);
    const name = `${target.module}@${target.version}`;
    for (const line of await describe(deps, target)) print(deps, `${name} ${line}`);
    return true;
  },
});

async function describe(deps: CommandDeps, target: Target): Promise<string[]> {
  const lines = (await describePublished(deps, target)) ?? (await describeOutcome(deps, target));
  const release = await readRelease(deps.records, target.module, target.version);
  if (release !== undefined) lines.push(`was released by ${release.by} at ${release.at}: ${release.reason}`);
  return lines;
}

async function describePublished({ published, records }: CommandDeps, { module, version }: Target) {
  if ((await published.stat(`${versionKey(module, version)}.info`)) === undefined) return undefined;
  const provenance = await readProvenance(records, module, version);
  if (provenance === undefined) return ['is published, without provenance'];
  const { publishedAt, origin, requestedAt, hash, goModHash, rules, overruled, checksumDatabase } = provenance;
  const lines = [
    `is published since ${publishedAt}`,
    `was given by ${origin}, requested at ${requestedAt}`,
    `has the zip ${hash} and the go.mod ${goModHash}`,
    `passed ${rules.join(', ')}`,
  ];
  if (overruled.length > 0) lines.push(`was refused by ${overruled.join(', ')}, which was overruled`);
  if (checksumDatabase !== undefined) lines.push(`is record ${checksumDatabase.position} of ${checksumDatabase.name}`);
  return lines;
}

async function describeOutcome(deps: CommandDeps, target: Target): Promise<string[]> {
  const outcome = await readOutcome(deps.records, target.module, target.version, deps.now());
  if (outcome !== undefined) {
    const is = isRejection(outcome) ? 'rejected' : outcome.kind;
    const until = outcome.until === undefined ? '' : ` (until ${outcome.until})`;
    return [`is ${is} since ${outcome.at}${until}: ${outcome.message}`];
  }
  const info = await deps.quarantine.stat(`${versionKey(target.module, target.version)}.info`);
  const lines = info === undefined ? [] : [`waits in quarantine since ${info.time.toISOString()} to be checked`];
  lines.push(...(await describeDeadLetters(deps, target)));
  return lines.length > 0 ? lines : ['is not known here, or waits to be fetched'];
}

async function describeDeadLetters({ messaging }: CommandDeps, target: Target): Promise<string[]> {
  const lines: string[] = [];
  for (const subscription of Object.keys(subscriptions) as SubscriptionName[]) {
    for (const { id, message, error } of await messaging.deadLetters(subscription)) {
      const { module, version } = message as Partial<Target>;
      if (module !== target.module || version !== target.version) continue;
      lines.push(`was given up by the ${subscription}, dead letter ${id}: ${error}`);
    }
  }
  return lines;
}
