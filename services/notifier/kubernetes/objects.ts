/** Of Kubernetes objects, what their health is judged by. https://kubernetes.io/docs/reference/kubernetes-api/ */

export interface Meta {
  uid: string;
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { kind: string; name: string; controller?: boolean }[];
  creationTimestamp?: string;
  deletionTimestamp?: string;
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface Terminated {
  exitCode: number;
  reason?: string;
  message?: string;
  finishedAt?: string;
}

export interface ContainerStatus {
  name: string;
  restartCount: number;
  state?: {
    waiting?: { reason?: string; message?: string };
    running?: { startedAt?: string };
    terminated?: Terminated;
  };
  lastState?: { terminated?: Terminated };
}

export interface Pod {
  metadata: Meta;
  status?: {
    phase?: string;
    startTime?: string;
    reason?: string;
    message?: string;
    conditions?: Condition[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

export interface Job {
  metadata: Meta;
  status?: { conditions?: Condition[] };
}

export interface Node {
  metadata: Meta;
  status?: { conditions?: Condition[] };
}

/** Only what is judged is kept of an object: a cluster's pods must fit into memory. */
export function trim<T extends Pod | Job | Node>(object: T): T {
  const { uid, name, namespace, labels, annotations, ownerReferences, creationTimestamp, deletionTimestamp } =
    object.metadata;
  const ours = (all: Record<string, string> = {}, wanted: (key: string) => boolean) =>
    Object.fromEntries(Object.entries(all).filter(([key]) => wanted(key)));
  const metadata: Meta = {
    uid,
    name,
    ...(namespace !== undefined && { namespace }),
    labels: ours(labels, key => key === 'pod-template-hash'),
    annotations: ours(annotations, key => key.startsWith('gocenter.dev/')),
    ...(ownerReferences && { ownerReferences: ownerReferences.map(({ kind, name }) => ({ kind, name })) }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  };
  return { metadata, ...(object.status && { status: object.status }) } as T;
}
