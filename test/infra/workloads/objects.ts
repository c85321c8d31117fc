import type { Declared } from '../cloud/declare.ts';

/** A Kubernetes object as it would be sent to the API server. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has other fields; what they are is the API server's business
  [field: string]: any;
}

/** The Kubernetes objects among what a program declares; of Pulumi's own fields nothing is left. */
export function kubernetesObjects(declared: readonly Declared[]): KubernetesObject[] {
  return declared
    .filter(({ type }) => type.startsWith('kubernetes:') && !type.startsWith('kubernetes:helm.sh'))
    .map(({ inputs }) => inputs as KubernetesObject);
}

/** The only object of this kind and name. */
export function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.filter(object => object.kind === kind && object.metadata.name === name);
  const [only, ...more] = found;
  if (only === undefined || more.length > 0) throw new Error(`${found.length} objects ${kind} ${name}`);
  return only;
}
