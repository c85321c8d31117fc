import {
  type PolicyResource,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  type StackValidationPolicy,
  validateResourceOfType,
} from '@pulumi/policy';
import type { Resource, Unwrap } from '@pulumi/pulumi';
import { each, matchesAny, type Say, sentence, stageOf } from './check.ts';
import {
  eachContainer,
  type KubernetesObject,
  objectOf,
  type PlacedContainer,
  type Pod,
  podsOf,
} from './kubernetes.ts';
import { list, type Settings, schemaOf, type Values, valuesOf } from './settings.ts';
import { Stack } from './stack.ts';

/**
 * The ways to write a policy, thin over CrossGuard's own: they give a check its settings and a `say` that knows the
 * place. The level of all of them is the pack's, mandatory.
 */
interface Described<S extends Settings> {
  name: string;
  description: string;
  settings?: S;
}

interface Context<S extends Settings> {
  settings: Values<S>;
  stage: string;
  args: ResourceValidationArgs;
}

type ResourceClass<TResource extends Resource, TArgs> = new (name: string, args: TArgs, ...rest: never[]) => TResource;

type OwnClass<TResource extends Resource, TArgs> = Parameters<typeof validateResourceOfType<TResource, TArgs>>[0];

/** For messages: `Bucket published`. */
export const placeOf = (resource: { type: string; name: string }): string =>
  `${resource.type.split(':').at(-1)} ${resource.name}`;

/** A policy on one type of resource of the cloud. */
export function cloudPolicy<TResource extends Resource, TArgs, S extends Settings = Settings>(
  type: ResourceClass<TResource, TArgs>,
  policy: Described<S> & {
    check(props: Unwrap<NonNullable<TArgs>>, say: Say, context: Context<S>): void;
  },
): ResourceValidationPolicy {
  const settings = policy.settings ?? ({} as S);
  return {
    name: policy.name,
    description: policy.description,
    configSchema: schemaOf(settings),
    validateResource: validateResourceOfType(type as OwnClass<TResource, TArgs>, (props, args, report) =>
      policy.check(props, (path, wrong, instead) => report(sentence(placeOf(args), path, wrong, instead)), {
        settings: valuesOf(settings, args),
        stage: stageOf(args.urn),
        args,
      }),
    ),
  };
}

/** A policy on every resource of the cloud, whatever its type. */
export function anyCloudPolicy<S extends Settings = Settings>(
  policy: Described<S> & {
    check(props: Readonly<Record<string, unknown>>, say: Say, context: Context<S>): void;
  },
): ResourceValidationPolicy {
  const settings = policy.settings ?? ({} as S);
  return {
    name: policy.name,
    description: policy.description,
    configSchema: schemaOf(settings),
    validateResource: (args, report) => {
      if (!args.type.startsWith('gcp:')) args.notApplicable('Policy only applies to resources of Google Cloud');
      policy.check(args.props, (path, wrong, instead) => report(sentence(placeOf(args), path, wrong, instead)), {
        settings: valuesOf(settings, args),
        stage: stageOf(args.urn),
        args,
      });
    },
  };
}

/** Third-party charts need exemptions that our own objects must not have: by place, so that each is a visible line. */
const exempt = list([], 'Objects that are left out, as `namespace/name` or `name`; `*` stands for any text.');

/** A policy on Kubernetes objects: of the given kinds, or all. */
export function objectPolicy<S extends Settings = Settings>(
  policy: Described<S> & {
    kinds?: readonly string[];
    exempt?: readonly string[];
    check(object: KubernetesObject, say: Say, context: Context<S>): void;
  },
): ResourceValidationPolicy {
  const settings = { ...policy.settings, exempt: { ...exempt, default: [...(policy.exempt ?? [])] } };
  return {
    name: policy.name,
    description: policy.description,
    configSchema: schemaOf(settings),
    validateResource: (args, report) => {
      const object = objectOf(args);
      if (!object || (policy.kinds && !policy.kinds.includes(object.kind))) {
        return args.notApplicable(`Policy only applies to ${policy.kinds?.join(', ') ?? 'Kubernetes objects'}`);
      }
      const values = valuesOf(settings, args) as Values<S> & { exempt: readonly string[] };
      const place = object.where.slice(object.kind.length + 1);
      if (matchesAny(values.exempt, place)) return undefined;
      const say: Say = (path, wrong, instead) => report(sentence(object.where, path, wrong, instead));
      return policy.check(object, say, { settings: values, stage: stageOf(args.urn), args });
    },
  };
}

/** A policy on every pod, in whatever kind of object its template is. Paths are relative to the pod's spec. */
export function podPolicy<S extends Settings = Settings>(
  policy: Described<S> & {
    exempt?: readonly string[];
    check(pod: Pod, say: Say, context: Context<S> & { object: KubernetesObject }): void;
  },
): ResourceValidationPolicy {
  return objectPolicy<S>({
    ...policy,
    check: (object, say, context) =>
      each(podsOf(object), pod =>
        policy.check(pod, (path, wrong, instead) => say(path && `${pod.path}.${path}`, wrong, instead), {
          ...context,
          object,
        }),
      ),
  });
}

/** A policy on every container of every pod: ordinary, init and ephemeral. Paths are relative to the container. */
export function containerPolicy<S extends Settings = Settings>(
  policy: Described<S> & {
    exempt?: readonly string[];
    check(placed: PlacedContainer, say: Say, context: Context<S> & { pod: Pod; object: KubernetesObject }): void;
  },
): ResourceValidationPolicy {
  return objectPolicy<S>({
    ...policy,
    check: (object, say, context) =>
      each(podsOf(object), pod =>
        eachContainer(pod, placed =>
          policy.check(
            placed,
            (path, wrong, instead) => say(`${placed.title}, ${placed.path}.${path}`, wrong, instead),
            { ...context, pod, object },
          ),
        ),
      ),
  });
}

/** A policy on the stack as a whole. `say` takes the resource that is at fault; without one it is the stack. */
export function stackPolicy<S extends Settings = Settings>(
  policy: Described<S> & {
    check(stack: Stack, say: StackSay, context: { settings: Values<S>; stage: string }): void;
  },
): StackValidationPolicy {
  const settings = policy.settings ?? ({} as S);
  return {
    name: policy.name,
    description: policy.description,
    configSchema: schemaOf(settings),
    validateStack: (args, report) => {
      const stack = new Stack(args.resources);
      const say: StackSay = (at, path, wrong, instead) =>
        at
          ? report(sentence('where' in at ? at.where : placeOf(at), path, wrong, instead), at.urn)
          : report(sentence('The stack', path, wrong, instead));
      policy.check(stack, say, { settings: valuesOf(settings, args), stage: stack.stage });
    },
  };
}

export type StackSay = (
  at: KubernetesObject | PolicyResource | undefined,
  path: string,
  wrong: string,
  instead: string,
) => void;
