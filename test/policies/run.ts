import {
  type PolicyResource,
  type ResourceValidationArgs,
  UnknownValueError,
  unknownCheckingProxy,
} from '@pulumi/policy';
import type { Policy } from '../../policies/policies.ts';

/** A resource as a policy is shown it. */
export interface Resource {
  type: string;
  name: string;
  /** Its inputs. */
  props: Record<string, unknown>;
  /** What policies on the whole stack see instead, if it is more than the inputs. */
  outputs?: Record<string, unknown>;
  /** Names of the resources that a property was computed from, by property; the engine records them. */
  dependencies?: Record<string, readonly string[]>;
  provider?: { type: string; props: Record<string, unknown> };
}

export interface Violation {
  policy: string;
  message: string;
  /** Name of the resource; undefined for the stack as a whole. */
  resource: string | undefined;
}

export interface Outcome {
  violations: Violation[];
  /** Policies that met a value which is not known yet: the engine reports them as advice, and runs them at the update. */
  waiting: string[];
  /** Policies that had something to say about at least one resource. */
  applied: Set<string>;
}

export interface Options {
  stage?: string;
  /** By policy, as the pack's configuration file has them. */
  config?: Readonly<Record<string, object>>;
}

class NotApplicable extends Error {}

/**
 * Runs policies as the engine's analyzer does (`@pulumi/policy/server.js`): remediations first, then each policy on each
 * resource or on the whole stack, an unknown value ending the one run. Properties are changed in place by remediations.
 */
export async function run(
  policies: readonly Policy[],
  resources: readonly Resource[],
  options: Options = {},
): Promise<Outcome> {
  const outcome: Outcome = { violations: [], waiting: [], applied: new Set() };
  const stage = options.stage ?? 'prod';
  const shown = resources.map(resource => show(resource, resource.props, stage));
  const whole = resources.map(resource => show(resource, resource.outputs ?? resource.props, stage));
  link(resources, whole);
  for (const policy of policies) {
    const getConfig = <T extends object>() => (options.config?.[policy.name] ?? {}) as T;
    const common = { getConfig, stackTags: new Map<string, string>(), notApplicable };
    const report = (message: string, urn: string | undefined) =>
      outcome.violations.push({ policy: policy.name, message, resource: urn?.split('::').at(-1) });
    const attempt = async (check: () => unknown) => {
      try {
        await check();
        outcome.applied.add(policy.name);
      } catch (error) {
        if (error instanceof NotApplicable) return;
        outcome.applied.add(policy.name);
        if (!(error instanceof UnknownValueError)) throw error;
        outcome.waiting.push(policy.name);
      }
    };
    if ('validateStack' in policy) {
      await attempt(() => policy.validateStack({ ...common, resources: whole }, report));
      continue;
    }
    for (const resource of shown) {
      const args = { ...resource, ...common } as unknown as ResourceValidationArgs;
      if (policy.enforcementLevel === 'remediate') await attempt(() => policy.remediateResource?.(args));
      for (const validation of [policy.validateResource ?? []].flat()) {
        await attempt(() => validation(args, message => report(message, resource.urn)));
      }
    }
  }
  return outcome;
}

function notApplicable(): never {
  throw new NotApplicable();
}

function show({ type, name, provider }: Resource, inputs: Resource['props'], stage: string): PolicyResource {
  const isType = (resourceClass: object) => '__pulumiType' in resourceClass && resourceClass.__pulumiType === type;
  const props: PolicyResource['props'] = unknownCheckingProxy(inputs);
  return {
    type,
    name,
    props,
    urn: `urn:pulumi:${stage}::gocenter::${type}::${name}`,
    opts: {
      protect: false,
      ignoreChanges: [],
      aliases: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
      additionalSecretOutputs: [],
    },
    ...(provider && { provider: { ...provider, urn: '', name: 'provider' } }),
    dependencies: [],
    propertyDependencies: {},
    isType,
    asType: () => undefined,
  };
}

function link(resources: readonly Resource[], shown: readonly PolicyResource[]): void {
  resources.forEach((resource, index) => {
    const links = shown[index]?.propertyDependencies ?? {};
    for (const [property, names] of Object.entries(resource.dependencies ?? {})) {
      links[property] = shown.filter(({ name }) => names.includes(name));
    }
  });
}
