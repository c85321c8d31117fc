/** What a namespace lets a pod have at most: `max` of its LimitRange. */
export type Largest = Record<'cpu' | 'memory' | 'ephemeral-storage', string>;

const small = { cpu: '10m', memory: '16Mi', 'ephemeral-storage': '16Mi' };

/** A pod as the namespace wants it. */
export const honest = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'visitor' },
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } } as object,
    containers: [
      {
        name: 'main',
        image: 'example.test/any:1',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } as object,
        resources: { requests: small, limits: small } as object,
      },
    ],
  },
};
export type Pod = typeof honest;

/** Its only container. */
export function main(pod: Pod) {
  const [container] = pod.spec.containers;
  if (container === undefined) throw new Error('the pod has a container');
  return container;
}

/** What is wrong with a pod, and the sentence that refuses it. */
export const offenders: Record<string, { change: (pod: Pod) => void; says: (largest: Largest) => string[] }> = {
  'a pod without limits': {
    change: pod => {
      main(pod).resources = { requests: small };
    },
    says: largest => [
      `maximum cpu usage per Pod is ${largest.cpu}.  No limit is specified`,
      `maximum memory usage per Pod is ${largest.memory}.  No limit is specified`,
      `maximum ephemeral-storage usage per Pod is ${largest['ephemeral-storage']}.  No limit is specified`,
    ],
  },
  'a pod without requests and limits': {
    change: pod => {
      main(pod).resources = {};
    },
    says: largest => [
      'no request is specified or request is 0',
      `maximum cpu usage per Pod is ${largest.cpu}.  No limit is specified`,
    ],
  },
  'a pod larger than any of ours': {
    change: pod => {
      main(pod).resources = { requests: small, limits: { ...small, cpu: '500' } };
    },
    says: largest => [`maximum cpu usage per Pod is ${largest.cpu}, but limit is 500`],
  },
  'a privileged pod': {
    change: pod => {
      main(pod).securityContext = { privileged: true };
    },
    says: () => [
      'violates PodSecurity "restricted:latest": privileged (container "main" must not set securityContext.privileged=true)',
    ],
  },
  'a pod that runs as root': {
    change: pod => {
      pod.spec.securityContext = { runAsUser: 0, seccompProfile: { type: 'RuntimeDefault' } };
    },
    says: () => [
      'violates PodSecurity "restricted:latest": runAsNonRoot != true',
      'runAsUser=0 (pod must not set runAsUser=0)',
    ],
  },
  'a pod that uses the host’s network': {
    change: pod => Object.assign(pod.spec, { hostNetwork: true }),
    says: () => ['violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)'],
  },
  'a pod that mounts the host’s files': {
    change: pod => Object.assign(pod.spec, { volumes: [{ name: 'host', hostPath: { path: '/' } }] }),
    says: () => [
      'violates PodSecurity "restricted:latest": restricted volume types (volume "host" uses restricted volume type "hostPath")',
    ],
  },
};
