import { describe, expect, it } from 'vitest';
import { type Policy, policies } from '../../policies/policies.ts';
import { type Case, cases } from './cases.ts';
import { leaves, unknown, write } from './paths.ts';
import { type Outcome, type Resource, run } from './run.ts';
import { world } from './world.ts';

/** Outcome of one policy on the world with one thing broken. */
async function broken(policy: Policy, each: Case, value?: unknown): Promise<Outcome> {
  const resources = world();
  if ('add' in each) resources.added = each.add;
  else if ('remove' in each) delete resources[each.remove];
  else write(resourceOf(resources, each.on).props, each.path, value ?? each.value);
  return run([policy], Object.values(resources));
}

function resourceOf(resources: Record<string, Resource>, key: string): Resource {
  const resource = resources[key];
  if (!resource) throw new Error(`the world has no ${key}`);
  return resource;
}

const messages = ({ violations }: Outcome) => violations.map(({ message }) => message);

it('has policies with names of their own, in words, and descriptions that say what they check', () => {
  expect(new Set(policies.map(({ name }) => name)).size).toBe(policies.length);
  for (const { name, description } of policies) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(description).toMatch(/^Checks that .*\.$|^Checks that .*; .*\.$/);
  }
});

it('has a case for every policy, and none for policies that are not there', () => {
  expect(Object.keys(cases).sort()).toEqual(policies.map(({ name }) => name).sort());
});

it('finds nothing wrong in a small stack that every policy looks at', async () => {
  const { violations, waiting, applied } = await run(policies, Object.values(world()));
  expect(violations).toEqual([]);
  expect(waiting).toEqual([]);
  // There is no compliant key of a service account.
  expect(policies.filter(({ name }) => !applied.has(name)).map(({ name }) => name)).toEqual(['service-account-key']);
});

describe.each(policies.map(policy => [policy.name, policy] as const))('%s', (name, policy) => {
  it.each((cases[name] ?? []).map(each => [title(each), each] as const))('says what is wrong: %s', async (_, each) => {
    const outcome = await broken(policy, each);
    expect(messages(outcome)).toEqual([each.says].flat());
    expect(outcome.waiting).toEqual([]);
  });

  const values = (cases[name] ?? []).filter(each => 'on' in each);
  if (values.length === 0) return;
  it('waits for a value that is not known yet', async () => {
    for (const each of values) {
      const outcome = await broken(policy, each, unknown);
      if (each.unknown !== 'fires') expect(messages(outcome), title(each)).toEqual([]);
      if (each.unknown === undefined) expect(outcome.waiting, title(each)).not.toEqual([]);
    }
  });
});

function title(each: Case): string {
  if ('add' in each) return `with ${each.add.type}`;
  return 'remove' in each ? `without ${each.remove}` : `${each.on}.${each.path} = ${JSON.stringify(each.value)}`;
}

it('neither fails nor blames anybody for any one value that is not known yet', async () => {
  const single = policies.filter(policy => !('validateStack' in policy));
  const whole = policies.filter(policy => 'validateStack' in policy);
  const faults: string[] = [];
  for (const [key, { props }] of Object.entries(world())) {
    for (const path of leaves(props)) {
      const resources = world();
      const resource = resourceOf(resources, key);
      write(resource.props, path, unknown);
      const outcomes = [await run(single, [resource]), await run(whole, Object.values(resources))];
      faults.push(...outcomes.flatMap(messages).map(message => `${key}.${path}: ${message}`));
    }
  }
  expect(faults).toEqual([]);
});
