import { beforeAll, describe, expect, it } from 'vitest';
import { policies } from '../../policies/policies.ts';
import { stageNames, stageOf } from '../infra/stage-files.ts';
import { mutations } from './mutations.ts';
import { write } from './paths.ts';
import { stackOf } from './real.ts';
import { type Resource, run } from './run.ts';

const configOf = (stage: (typeof stageNames)[number]) => stageOf(stage).policies as Record<string, object>;

describe('the real stacks', () => {
  it.each(stageNames)('of %s violates nothing, and no policy has to wait', async stage => {
    const { violations, waiting } = await run(policies, await stackOf(stage), { stage, config: configOf(stage) });
    expect(violations).toEqual([]);
    expect(waiting).toEqual([]);
  });
});

describe('one mistake in the stack of prod', () => {
  let prod: Resource[];
  beforeAll(async () => {
    prod = await stackOf('prod');
  });

  // Nothing else is wrong, so policies on single resources need to see but the one.
  const single = policies.filter(policy => !('validateStack' in policy));
  const whole = policies.filter(policy => 'validateStack' in policy);
  const options = { stage: 'prod', config: configOf('prod') };

  it.each(mutations.map(mutation => [mutation.what, mutation] as const))(
    '%s',
    async (_, { of, path, value, fires }) => {
      const [kind, name] = of.split(' ');
      const found = prod.filter(
        ({ type, name: own }) => own === name && type.split(':').at(-1) === kind && !type.startsWith('gocenter:'),
      );
      expect(found, of).toHaveLength(1);
      const changed = path === undefined ? [] : structuredClone(found);
      for (const { props, outputs } of changed) {
        write(props, path ?? '', value);
        write(outputs ?? {}, path ?? '', value);
      }
      const stack = prod.flatMap(resource => (found.includes(resource) ? changed : [resource]));
      const outcomes = [await run(single, changed, options), await run(whole, stack, options)];
      const fired = outcomes.flatMap(({ violations }) => violations.map(({ policy }) => policy));
      expect(fired.sort()).toEqual(fires);
    },
  );
});
