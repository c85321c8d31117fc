import { type PolicyResource, UnknownValueError } from '@pulumi/policy';
import { type Resource, runtime } from '@pulumi/pulumi';
import type { ResolvedResource } from '@pulumi/pulumi/queryable/index.js';
import { ifKnown, stageOf } from './check.ts';
import { type KubernetesObject, objectOf, type Pod, podsOf } from './kubernetes.ts';

export interface CloudResource<T extends Resource> {
  readonly resource: PolicyResource;
  readonly props: ResolvedResource<T>;
}

/** All resources of a stack, as the policies on the whole ask for them. */
export class Stack {
  readonly resources: readonly PolicyResource[];
  readonly #objects: readonly KubernetesObject[];

  constructor(resources: readonly PolicyResource[]) {
    this.resources = resources;
    this.#objects = resources.map(objectOf).filter(object => object !== undefined);
  }

  /**
   * The Kubernetes objects. The engine gives outputs here, and as long as the cluster is not there a preview has none: then
   * this throws what CrossGuard takes for a value that can't be known yet.
   */
  get objects(): readonly KubernetesObject[] {
    const unknown = this.#objects.find(({ props }) => Object.keys(props).length === 0);
    if (unknown) throw new UnknownValueError(runtime.unknownValue, [unknown.where]);
    return this.#objects;
  }

  get stage(): string {
    return stageOf(this.resources[0]?.urn ?? '');
  }

  ofKind(...kinds: readonly string[]): readonly KubernetesObject[] {
    return this.objects.filter(object => kinds.includes(object.kind));
  }

  /** The object of that kind and place, if the stack has it. */
  find(kind: string, namespace: string, name: string): KubernetesObject | undefined {
    return this.ofKind(kind).find(object => object.name === name && object.namespace() === namespace);
  }

  /** Whether some pods of the namespace have labels that `matches` accepts. */
  hasPods(namespace: string, matches: (labels: Readonly<Record<string, string>>) => boolean): boolean {
    return this.pods().some(({ object, pod }) => object.namespace() === namespace && matches(pod.labels()));
  }

  pods(): readonly { object: KubernetesObject; pod: Pod }[] {
    return this.objects.flatMap(object => podsOf(object).map(pod => ({ object, pod })));
  }

  ofType<T extends Resource>(type: new (...args: never[]) => T): readonly CloudResource<T>[] {
    return this.resources
      .filter(resource => resource.isType(type as new (...args: unknown[]) => T))
      .map(resource => ({ resource, props: resource.props as ResolvedResource<T> }));
  }

  /**
   * Whether a property of one resource refers to another: by the other's id or name, or, while a preview can't know
   * these, by the dependency that the engine has recorded for the property.
   */
  refers(from: PolicyResource, property: string, read: () => unknown, to: PolicyResource): boolean {
    const value = ifKnown(read);
    if (typeof value !== 'string') {
      return from.propertyDependencies[property]?.some(dependency => dependency.urn === to.urn) ?? false;
    }
    const names = ['id', 'name', 'accountId', 'datasetId', 'topicId', 'secretId'].map(field =>
      ifKnown(() => to.props[field]),
    );
    return names.some(name => typeof name === 'string' && (value === name || value.endsWith(`/${name}`)));
  }
}
