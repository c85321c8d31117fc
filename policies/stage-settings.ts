import type { EnforcementLevel, PolicyPackConfig } from '@pulumi/policy';
import type { Policy } from './policies.ts';

type Level = EnforcementLevel;
type Table = { enforcementLevel?: Level } & Record<string, unknown>;

const levels: readonly string[] = ['advisory', 'mandatory', 'remediate', 'disabled'] satisfies Level[];

/**
 * What a stage says of policies (`gocenter:policies`), checked and with a level each: the engine takes a table without one
 * for advisory, which nobody means who changes but a number. Throws one error that names every fault.
 */
export function stageSettings(policies: readonly Policy[], said: Readonly<Record<string, unknown>>): PolicyPackConfig {
  const faults: string[] = [];
  const settings: PolicyPackConfig = {};
  for (const [name, value] of Object.entries(said)) {
    const policy = policies.find(each => each.name === name);
    const table = typeof value === 'string' ? { enforcementLevel: value } : value;
    if (!policy) faults.push(`${name} is unknown: there is no policy of that name`);
    else if (typeof table !== 'object' || table === null) faults.push(`${name} is neither a level nor a table`);
    else {
      const { enforcementLevel: level = policy.enforcementLevel ?? 'mandatory', ...rest } = table as Table;
      if (!levels.includes(level)) faults.push(`${name}: ${level} is no level: write one of ${levels.join(', ')}`);
      const known = Object.keys(policy.configSchema?.properties ?? {});
      for (const key of Object.keys(rest)) {
        if (known.includes(key)) continue;
        faults.push(
          `${name}.${key} is unknown: ${known.length > 0 ? `it has ${known.join(', ')}` : 'it has no settings'}`,
        );
      }
      settings[name] = { ...rest, enforcementLevel: level };
    }
  }
  if (faults.length === 0) return settings;
  throw new Error(`the stage’s settings of policies have faults:\n${faults.map(fault => `  ${fault}`).join('\n')}`);
}
