import type { types } from '@pulumi/kubernetes';
import type { Input } from '@pulumi/pulumi';
import type { Cpu, Image, Size } from './units.ts';

type Container = types.input.core.v1.Container;

export interface Resources {
  cpu: { request: Cpu; limit: Cpu };
  /** Asked for and the most: memory that was promised twice ends in a neighbour's death. */
  memory: Size;
  /** Ephemeral storage, asked for and the most: logs and every scratch folder together. */
  disk: Size;
}

/** A folder that may be written to; it goes with the pod. */
export interface Scratch {
  path: string;
  size: Size;
}

/** Of Pod Security's `restricted`, and beyond: a root file system that nothing can be written to. */
export const restrictedContainer = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Above 10,000, so that it is nobody on the node (kube-score, CIS). */
const user = 65_532;

export const restrictedPod = {
  runAsNonRoot: true,
  runAsUser: user,
  runAsGroup: user,
  fsGroup: user,
  // Not on every start through every file of a volume.
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
};

export const resources = ({ cpu, memory, disk }: Resources) => ({
  requests: { cpu: cpu.request, memory, 'ephemeral-storage': disk },
  limits: { cpu: cpu.limit, memory, 'ephemeral-storage': disk },
});

export const adminPort = 8090;

const admin = (path: string) => ({ httpGet: { path, port: 'admin' } });

/**
 * Started: within two minutes, seen as soon as it is. Ready: its dependencies work, asked often, so that clients go
 * elsewhere quickly. Alive: the process answers at all; a sick dependency must not restart it.
 */
export const probes = {
  startupProbe: { ...admin('/healthz'), periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 60 },
  readinessProbe: { ...admin('/readyz'), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
  livenessProbe: { ...admin('/healthz'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
};

/**
 * The Cloud SQL Auth Proxy beside a container: a native sidecar (an init container that goes on), so that it is there
 * before the service starts and until after it has stopped. It listens on loopback only.
 */
export function sqlProxy(args: { image: Input<Image>; instance: Input<string>; port: number }): Container {
  const health = { port: 9801 };
  return {
    name: 'cloud-sql-proxy',
    image: args.image,
    imagePullPolicy: 'IfNotPresent',
    restartPolicy: 'Always',
    args: [
      args.instance,
      '--private-ip',
      `--port=${args.port}`,
      '--structured-logs',
      '--health-check',
      '--http-address=0.0.0.0',
      `--http-port=${health.port}`,
      '--exit-zero-on-sigterm',
    ] as Input<string>[],
    ports: [{ name: 'sql-health', containerPort: health.port }],
    resources: resources({ cpu: { request: '50m', limit: '500m' }, memory: '128Mi', disk: '64Mi' }),
    securityContext: restrictedContainer,
    startupProbe: {
      httpGet: { path: '/startup', ...health },
      periodSeconds: 1,
      timeoutSeconds: 5,
      failureThreshold: 60,
    },
    livenessProbe: {
      httpGet: { path: '/liveness', ...health },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    },
  };
}
