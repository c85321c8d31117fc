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
  readonly #withoutOutputs: KubernetesObject | undefined;
  #pods: readonly { object: KubernetesObject; pod: Pod }[] | undefined;

  constructor(resources: readonly PolicyResource[]) {
    this.resources = resources;
    this.#objects = resources.map(objectOf).filter(object => object !== undefined);
    this.#withoutOutputs = this.#objects.find(({ props }) => Object.keys(props).length === 0);
  }

  /**
   * The Kubernetes objects. The engine gives outputs here, and as long as the cluster is not there a preview has none: then
   * this throws what CrossGuard takes for a value that can't be known yet.
   */
  get objects(): readonly KubernetesObject[] {
    if (this.#withoutOutputs) throw new UnknownValueError(runtime.unknownValue, [this.#withoutOutputs.where]);
    return this.#objects;
  }

  get stage(): string {
    return stageOf(this.resources[0]?.urn ?? '');
  }

  ofKind(...kinds: readonly string[]): readonly KubernetesObject[] {
    return this.objects.filter(object => kinds.includes(object.kind));
  }

  /** The object of that kind and place, if the stack has it. Throws while it may be one whose place is not known. */
  find(kind: string, namespace: string, name: string): KubernetesObject | undefined {
    const place = `${namespace}/${name}`;
    const candidates = this.ofKind(kind);
    const found = candidates.find(object => ifKnown(() => object.place()) === place);
    return found ?? candidates.find(object => object.place() === place);
  }

  /** Whether some pods of the namespace have labels that `matches` accepts. */
  hasPods(namespace: string, matches: (labels: Readonly<Record<string, string>>) => boolean): boolean {
    return this.pods().some(({ object, pod }) => object.namespace() === namespace && matches(pod.labels()));
  }

  pods(): readonly { object: KubernetesObject; pod: Pod }[] {
    this.#pods ??= this.objects.flatMap(object => podsOf(object).map(pod => ({ object, pod })));
    return this.#pods;
  }

  ofType<T extends Resource>(type: new (...args: never[]) => T): readonly CloudResource<T>[] {
    return this.resources
      .filter(resource => resource.isType(type as new (...args: unknown[]) => T))
      .map(resource => ({ resource, props: resource.props as ResolvedResource<T> }));
  }

  /**
   * Whether a property was computed from a resource: by its value, or, while a preview can't know that, by the
   * dependency that the engine has recorded for the property. Throws if there is neither.
   */
  computedFrom(
    from: PolicyResource,
    property: string,
    read: () => unknown,
    to: PolicyResource,
    agrees: (value: unknown) => boolean,
  ): boolean {
    const dependencies = from.propertyDependencies[property] ?? [];
    if (ifKnown(() => [read()]) || dependencies.length === 0) return agrees(read());
    return dependencies.some(({ urn }) => urn === to.urn);
  }

  /** As `computedFrom`, for a property that names the resource, by its id or name. */
  refers(from: PolicyResource, property: string, read: () => unknown, to: PolicyResource): boolean {
    return this.computedFrom(from, property, read, to, value => {
      const ids = ['id', 'name', 'datasetId'].filter(field => ifKnown(() => to.props[field]) !== undefined);
      // Ids are computed; a name is given, and where it is not known nothing can be said.
      const names = ids.length > 0 ? ids.map(field => to.props[field]) : [to.props.name];
      return names.some(name => typeof name === 'string' && (value === name || String(value).endsWith(`/${name}`)));
    });
  }
}
