import type { core } from '@pulumi/kubernetes/types/input.js';
import type { Unwrap } from '@pulumi/pulumi';
import { each, ifKnown } from './check.ts';

export type PodSpec = Unwrap<core.v1.PodSpec>;
export type Container = Unwrap<core.v1.Container>;

/** A Kubernetes object of the stack, whether declared by us or rendered from a chart. */
export interface KubernetesObject {
  readonly kind: string;
  /** The API group; the core one is empty. */
  readonly group: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly urn: string;
  /** `metadata.name`, or Pulumi's name of it as long as it isn't known. */
  readonly name: string;
  /** `metadata.namespace`, `default` when there is none. Throws while it is not known. */
  namespace(): string;
  labels(): Readonly<Record<string, string>>;
  annotations(): Readonly<Record<string, string>>;
  /** For messages: `Deployment gocenter/proxy`. */
  readonly where: string;
}

const clusterWide = new Set([
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'PriorityClass',
  'StorageClass',
  'PersistentVolume',
  'APIService',
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'RuntimeClass',
  'IngressClass',
  'GatewayClass',
  'ClusterPodMonitoring',
  'ClusterRules',
  'ClusterNodeMonitoring',
  'ClusterTriggerAuthentication',
]);

export const isNamespaced = (object: KubernetesObject): boolean => !clusterWide.has(object.kind);

/** What is not an object of the cluster: charts, files and kustomizations are components, whose children are objects. */
const notObjects = /^(helm\.sh|yaml|kustomize)(\/|$)/;

interface Metadata {
  name?: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** The resource as an object, or undefined if it isn't one. */
export function objectOf(resource: {
  type: string;
  name: string;
  urn: string;
  props: Record<string, unknown>;
}): KubernetesObject | undefined {
  const [pkg, module = '', kind = ''] = resource.type.split(':');
  if (pkg !== 'kubernetes' || notObjects.test(module)) return undefined;
  const metadata = () => resource.props.metadata as Metadata | undefined;
  const name = ifKnown(() => metadata()?.name) ?? resource.name;
  const namespace = () => metadata()?.namespace ?? 'default';
  const place = clusterWide.has(kind) ? name : `${ifKnown(namespace) ?? '(unknown)'}/${name}`;
  return {
    kind,
    group: module.includes('/') ? (module.split('/')[0] ?? '').replace(/^core$/, '') : '',
    props: resource.props,
    urn: resource.urn,
    name,
    namespace,
    labels: () => metadata()?.labels ?? {},
    annotations: () => metadata()?.annotations ?? {},
    where: `${kind} ${place}`,
  };
}

/** A pod, or the template of pods, within an object. */
export interface Pod {
  readonly spec: PodSpec;
  /** Where `spec` is in the object, such as `spec.template.spec`. */
  readonly path: string;
  labels(): Readonly<Record<string, string>>;
}

/** Where the kinds of Kubernetes itself keep their pod's metadata and spec. */
const templates: Readonly<Record<string, string>> = {
  Pod: '',
  Deployment: 'spec.template',
  StatefulSet: 'spec.template',
  DaemonSet: 'spec.template',
  ReplicaSet: 'spec.template',
  ReplicationController: 'spec.template',
  Job: 'spec.template',
  CronJob: 'spec.jobTemplate.spec.template',
  PodTemplate: 'template',
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * The pods that an object makes: of a kind of Kubernetes at its known place, of a custom resource (a ScaledJob, a
 * Rollout) wherever something has a list of containers.
 */
export function podsOf(object: KubernetesObject): readonly Pod[] {
  const template = templates[object.kind];
  if (template === undefined) return isCustom(object) ? search(object.props.spec as Fields, 'spec', 0) : [];
  const steps = template.split('.').filter(step => step !== '');
  const at = steps.reduce<Fields | undefined>((value, step) => value?.[step] as Fields | undefined, object.props);
  const spec = at?.spec as PodSpec | undefined;
  return spec ? [pod(spec, [...steps, 'spec'].join('.'), at)] : [];
}

const isCustom = ({ group }: KubernetesObject) => group.includes('.') && !group.endsWith('.k8s.io');

function pod(spec: PodSpec, path: string, template: Fields | undefined): Pod {
  return { spec, path, labels: () => (template?.metadata as Metadata | undefined)?.labels ?? {} };
}

const mayHoldPods = new Set(['spec', 'template', 'podTemplate', 'podSpec', 'jobTargetRef', 'containers']);

function search(value: Fields | undefined, path: string, depth: number): Pod[] {
  if (depth > 12 || value === null || typeof value !== 'object') return [];
  if (Array.isArray(value.containers)) return [pod(value as unknown as PodSpec, path, undefined)];
  const found: Pod[] = [];
  each(Object.keys(value), key => {
    if (!mayHoldPods.has(key) && ifKnown(() => value[key]) === undefined) return;
    for (const inner of search(value[key] as Fields, `${path}.${key}`, depth + 1)) {
      const metadata = key === 'spec' ? value : undefined;
      found.push(inner.path === `${path}.spec` ? pod(inner.spec, inner.path, metadata) : inner);
    }
  });
  return found;
}

export interface PlacedContainer {
  readonly container: Container;
  readonly path: string;
  /** For messages: `container proxy`, `init container auth-proxy`. */
  readonly title: string;
  /** Whether it runs beside the others for the pod's life: an ordinary container, or an init container that restarts. */
  readonly lasting: boolean;
}

/** Runs `check` on every container: ordinary, init and ephemeral. */
export function eachContainer({ spec, path }: Pod, check: (placed: PlacedContainer) => void): void {
  const kinds = [
    ['containers', 'container'],
    ['initContainers', 'init container'],
    ['ephemeralContainers', 'ephemeral container'],
  ] as const;
  each(kinds, ([field, title]) => {
    each(spec[field] as readonly Container[] | undefined, (container, index) => {
      const lasting = field === 'containers' || (field === 'initContainers' && container.restartPolicy === 'Always');
      const name = ifKnown(() => container.name) ?? index;
      check({ container, lasting, path: `${path}.${field}[${index}]`, title: `${title} ${name}` });
    });
  });
}
