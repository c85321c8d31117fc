import type { Input } from '@pulumi/pulumi';
import { selector } from './labels.ts';
import * as pod from './pod.ts';
import { secretsFolder, secretVolume } from './secrets.ts';
import type { WorkloadArgs } from './workload.ts';

/** Seconds between the end of the drain and the kill: logs are flushed, the sidecar stops. */
const margin = 5;

/** A pod that serves. */
export function servicePod(args: WorkloadArgs) {
  const { container, ...spec } = common(args);
  const spread = (topologyKey: string) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: selector(args.service) },
    // Each rollout by itself: the old pods are about to go.
    matchLabelKeys: ['pod-template-hash'],
  });
  return {
    ...spec,
    automountServiceAccountToken: args.watchesCluster ?? false,
    terminationGracePeriodSeconds: args.lameDuck + args.drain + margin,
    topologySpreadConstraints: [spread('topology.kubernetes.io/zone'), spread('kubernetes.io/hostname')],
    containers: [
      {
        name: args.service,
        ...container,
        args: [args.service],
        ports: Object.entries({ ...args.ports, admin: pod.adminPort }).map(([port, containerPort]) => ({
          name: port,
          containerPort,
          protocol: 'TCP',
        })),
        ...pod.probes,
        // By the kubelet, so that the image needs no `sleep`.
        lifecycle: { preStop: { sleep: { seconds: args.lameDuck } } },
      },
    ],
  };
}

/** A pod that runs a command of the service's image to its end, with the settings and rights of the service. */
export function commandPod(args: WorkloadArgs, command: string) {
  const { container, ...spec } = common(args);
  return {
    ...spec,
    automountServiceAccountToken: false,
    // What failed is kept, with its log; the Job makes another.
    restartPolicy: 'Never',
    containers: [{ name: command, ...container, args: [command] }],
  };
}

function common(args: WorkloadArgs) {
  const volumes = args.scratch.map(({ path, size }) => ({ name: volumeName(path), emptyDir: { sizeLimit: size } }));
  const mounts = args.scratch.map(({ path }) => ({ name: volumeName(path), mountPath: path, readOnly: false }));
  const secret = args.secrets.length > 0;
  const files = Object.fromEntries(args.secrets.map(({ variable, file }) => [variable, `${secretsFolder}/${file}`]));
  const environment: Record<string, Input<string>> = {
    ...args.environment,
    ...files,
    ADMIN_PORT: String(pod.adminPort),
    SHUTDOWN_TIMEOUT: `${args.drain}s`,
  };
  return {
    serviceAccountName: args.service,
    // Variables like PROXY_PORT=tcp://… of other Services would be taken for ours.
    enableServiceLinks: false,
    priorityClassName: args.priority,
    nodeSelector: { 'gocenter/pool': args.pool },
    ...(args.tainted && {
      tolerations: [{ key: 'gocenter/pool', operator: 'Equal', value: args.pool, effect: 'NoSchedule' }],
    }),
    securityContext: pod.restrictedPod,
    ...(args.database && { initContainers: [pod.sqlProxy(args.database)] }),
    volumes: [...volumes, ...(secret ? [secretVolume(args.service)] : [])],
    container: {
      image: args.image,
      imagePullPolicy: 'IfNotPresent',
      env: Object.entries(environment).map(([variable, value]) => ({ name: variable, value })),
      resources: pod.resources(args.resources),
      securityContext: pod.restrictedContainer,
      volumeMounts: [...mounts, ...(secret ? [{ name: 'secrets', mountPath: secretsFolder, readOnly: true }] : [])],
    },
  };
}

const volumeName = (path: string) => path.replace(/^\//, '').replaceAll('/', '-');
