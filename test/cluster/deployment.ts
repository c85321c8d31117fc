import type { ServiceName } from '../../infra/services.ts';
import type { Stage } from '../../infra/stage.ts';
import { Platform } from '../../infra/workloads/platform.ts';
import { declare } from '../infra/cloud/declare.ts';
import { stageOf } from '../infra/stage-files.ts';
import { backends } from '../infra/workloads/fixtures.ts';
import { find, type KubernetesObject, kubernetesObjects } from '../infra/workloads/objects.ts';
import { realNodeLabel } from './real-node.ts';

/** Before the images' names, as a stage's registry would be. */
export const registry = 'gocenter.test/images';

export interface DeploymentOptions {
  namespace: string;
  services: readonly ServiceName[];
  /** `<name>@sha256:…` of each service's image, below `registry`. */
  images: Readonly<Record<string, string>>;
  /** Variables of each service, over those of the stage's values: where backing services are. */
  variables: (service: ServiceName) => Readonly<Record<string, string>>;
  /** PostgreSQL, reached as it is. */
  database: { host: string; port: number; name: string; user: string };
}

/**
 * The objects of these services as the stage `dev` has them, moved to where they can run here. What differs is this list:
 * their namespace, the node, who mounts the secrets, no Auth Proxy, and (see `withNames`) who knows the Services' names.
 */
export async function renderDeployment(options: DeploymentOptions): Promise<KubernetesObject[]> {
  const { namespace, services, database } = options;
  const stage = withValues(stageOf('dev'), options);
  const images = { prefix: registry, ghcr: registry };
  const declared = await declare(() => {
    const reached = { ...backends.database, ...database, connectionName: undefined };
    new Platform('platform', { stage, backends: { ...backends, images, database: reached } });
  });
  const ours = ({ metadata }: KubernetesObject) => {
    const component = metadata.labels?.['app.kubernetes.io/component'] ?? '';
    return component === 'namespace' || (services as readonly string[]).includes(component);
  };
  return kubernetesObjects(declared)
    .filter(object => ours(object) || object.kind === 'PriorityClass')
    .map(object => onRealNode(inNamespace(object, namespace)));
}

function withValues(stage: Stage, { services, images, variables }: DeploymentOptions): Stage {
  const changed = services.map(service => {
    const values = stage.services[service];
    return [service, { ...values, image: images[service], variables: { ...values.variables, ...variables(service) } }];
  });
  return { ...stage, services: { ...stage.services, ...Object.fromEntries(changed) } };
}

function inNamespace(object: KubernetesObject, namespace: string): KubernetesObject {
  const { metadata, kind } = object;
  if (kind === 'Namespace') return { ...object, metadata: { ...metadata, name: namespace } };
  // Of the whole cluster: under a name of its own, beside those of other tests.
  const name = metadata.name.replace(/^gocenter/, namespace);
  if (kind === 'ClusterRole') return { ...object, metadata: { ...metadata, name } };
  if (kind === 'ClusterRoleBinding') {
    const subjects = object.subjects.map((subject: object) => ({ ...subject, namespace }));
    return { ...object, metadata: { ...metadata, name }, roleRef: { ...object.roleRef, name }, subjects };
  }
  return metadata.namespace === undefined ? object : { ...object, metadata: { ...metadata, namespace } };
}

/** The secrets come from GKE's driver there, and from a Secret of the same name here. */
function onRealNode(object: KubernetesObject): KubernetesObject {
  if (!runs(object)) return object;
  const moved = structuredClone(object);
  const pod = moved.spec.template.spec;
  pod.nodeSelector = { [realNodeLabel]: 'true' };
  pod.tolerations = [{ key: realNodeLabel, operator: 'Exists' }];
  for (const volume of pod.volumes) {
    if (volume.csi === undefined) continue;
    volume.secret = { secretName: volume.csi.volumeAttributes.secretProviderClass };
    delete volume.csi;
  }
  return moved;
}

/** Whether it has a template of pods. */
export const runs = ({ kind }: KubernetesObject): boolean => kind === 'Deployment' || kind === 'Job';

/** The Secrets that stand in for what GKE's driver mounts, with these contents by the file's name. */
export function secretsOf(
  objects: readonly KubernetesObject[],
  contents: Readonly<Record<string, string>>,
): KubernetesObject[] {
  return objects
    .filter(({ kind }) => kind === 'SecretProviderClass')
    .map(({ metadata, spec }) => {
      const files = JSON.parse(spec.parameters.secrets) as { path: string }[];
      const stringData = Object.fromEntries(files.map(({ path }) => [path, contents[path]]));
      const { name, namespace = '' } = metadata;
      return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData };
    });
}

/** The object with the addresses of Services in its pods' /etc/hosts: the node has no DNS. */
export function withNames(object: KubernetesObject, addresses: Readonly<Record<string, string>>): KubernetesObject {
  if (!runs(object)) return object;
  const named = structuredClone(object);
  named.spec.template.spec.hostAliases = Object.entries(addresses).map(([name, ip]) => ({ ip, hostnames: [name] }));
  return named;
}

/** A pod that runs an operator's command once, in the image and with the settings of a service. */
export function adminPod(
  objects: readonly KubernetesObject[],
  service: ServiceName,
  name: string,
  args: readonly string[],
): KubernetesObject {
  const { metadata, spec } = find(objects, 'Deployment', service);
  const pod = structuredClone(spec.template.spec);
  const [container] = pod.containers;
  const { image, imagePullPolicy, env, resources, securityContext, volumeMounts } = container;
  pod.containers = [{ name, image, imagePullPolicy, env, resources, securityContext, volumeMounts, args }];
  pod.restartPolicy = 'Never';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: metadata.namespace ?? '', labels: { 'app.kubernetes.io/name': name } },
    spec: pod,
  };
}
