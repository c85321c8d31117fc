import { Value } from 'typebox/value';
import { consistencyFaults } from './stage/consistency.ts';
import { shapeFaults } from './stage/faults.ts';
import { type Stage, StageName, StageValues } from './stage/schema.ts';

export type { ChartValues, PoolValues, ServiceValues, Stage, StageName } from './stage/schema.ts';

/** Every fault of a stage's values, a line each, with its path. */
export class StageError extends Error {
  readonly faults: readonly string[];

  constructor(stage: string, faults: readonly string[]) {
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    super(`Pulumi.${stage}.yaml has ${count}; nothing was declared.\n${faults.map(fault => `  ${fault}`).join('\n')}`);
    this.name = 'StageError';
    this.faults = faults;
  }
}

/**
 * The values of a stage as its file has them, checked: types, unknown keys, and what must agree with what. Throws one
 * StageError that names every fault. Pure; infra/config.ts reads the file's values from Pulumi.
 */
export function readStage(name: string, values: Readonly<Record<string, unknown>>): Stage {
  if (!Value.Check(StageName, name) || !Value.Check(StageValues, values)) {
    const wrongName = Value.Check(StageName, name)
      ? []
      : [`${name} is no stage: it must be one of ${StageName.enum.join(', ')}`];
    throw new StageError(name, [...wrongName, ...shapeFaults(StageValues, values)]);
  }
  const stage = { ...values, name };
  const faults = consistencyFaults(stage);
  if (faults.length > 0) throw new StageError(name, faults);
  return stage;
}
