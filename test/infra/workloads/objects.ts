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
    .map(({ inputs }) => revealed(inputs) as KubernetesObject);
}

/** Pulumi wraps what it keeps secret in its state; the API server gets it plain. */
function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  if (signature in value && 'value' in value) return revealed(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each)]));
}

/** Key of such a wrapper: sdk/nodejs/runtime/rpc.ts, `specialSigKey`. */
const signature = '4dabf18193072939515e22adb298388d';

/** The only object of this kind and name. */
export function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.filter(object => object.kind === kind && object.metadata.name === name);
  const [only, ...more] = found;
  if (only === undefined || more.length > 0) throw new Error(`${found.length} objects ${kind} ${name}`);
  return only;
}
