import { Cluster } from '@pulumi/gcp/container/cluster.js';
import { NodePool } from '@pulumi/gcp/container/nodePool.js';
import { BackupPlan } from '@pulumi/gcp/gkebackup/backupPlan.js';
import { all, each } from './check.ts';
import { cloudPolicy, containerPolicy, objectPolicy, podPolicy, stackPolicy } from './define.ts';
import type { KubernetesObject } from './kubernetes.ts';
import { type LabelSelector, selects } from './selectors.ts';
import { integer, list } from './settings.ts';
import type { Stack } from './stack.ts';

/** Kinds whose pods are meant to run for ever. */
const lasting = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'];

export const containerProbes = containerPolicy({
  name: 'container-probes',
  description: 'Checks that containers which serve say when they are ready and whether they still work.',
  check({ container, lasting: runs, path }, say, { object }) {
    // A sidecar has no Service of its own: a pod is ready when its containers are.
    if (!runs || path.includes('.initContainers[') || !lasting.includes(object.kind)) return;
    each(['readinessProbe', 'livenessProbe'] as const, probe => {
      if (!container[probe]) say(probe, 'is missing', 'write one, such as httpGet on the admin port');
    });
  },
});

export const containerProbesDiffer = containerPolicy({
  name: 'container-probes-differ',
  description: 'Checks that the liveness probe is not the readiness probe: what is busy must not be killed for it.',
  check({ container }, say) {
    const { livenessProbe, readinessProbe } = container;
    const handler = (probe: typeof livenessProbe) =>
      JSON.stringify([probe?.httpGet, probe?.tcpSocket, probe?.grpc, probe?.exec]);
    if (!livenessProbe || !readinessProbe || handler(livenessProbe) !== handler(readinessProbe)) return;
    say('livenessProbe', 'asks the same as the readiness probe', 'ask only whether the process still works');
  },
});

export const podTopologySpread = podPolicy({
  name: 'pod-topology-spread',
  description: 'Checks that replicas are spread over zones or nodes, so that no single failure takes them all.',
  check({ spec }, say, { object }) {
    if (!['Deployment', 'StatefulSet'].includes(object.kind)) return;
    if ((spec.topologySpreadConstraints ?? []).length > 0 || spec.affinity?.podAntiAffinity) return;
    say('topologySpreadConstraints', 'there are none', 'spread over topology.kubernetes.io/zone');
  },
});

export const podGracePeriod = podPolicy({
  name: 'pod-grace-period',
  description: 'Checks that pods get time to finish what is under way, and not for ever.',
  settings: { least: integer(5, 'Least seconds.'), most: integer(600, 'Most seconds.') },
  check({ spec }, say, { settings: { least, most } }) {
    const seconds = spec.terminationGracePeriodSeconds ?? 30;
    if (seconds >= least && seconds <= most) return;
    say('terminationGracePeriodSeconds', `is ${seconds}`, `write ${least} to ${most}`);
  },
});

export const deploymentStrategy = objectPolicy({
  name: 'deployment-strategy',
  description: 'Checks that a rollout never takes all pods away at once.',
  kinds: ['Deployment'],
  check({ props }, say) {
    type Spec = { strategy?: { type?: string; rollingUpdate?: { maxUnavailable?: number | string } } };
    const strategy = (props.spec as Spec | undefined)?.strategy;
    if (strategy?.type === 'Recreate') say('spec.strategy.type', 'is Recreate', 'write RollingUpdate');
    if (strategy?.rollingUpdate?.maxUnavailable === '100%') {
      say('spec.strategy.rollingUpdate.maxUnavailable', 'is 100%', 'write 0, or a share that can be missing');
    }
  },
});

export const workloadDisruptionBudget = stackPolicy({
  name: 'workload-disruption-budget',
  description: 'Checks that every Deployment and StatefulSet has a PodDisruptionBudget.',
  check(stack, say) {
    const budgets = stack.ofKind('PodDisruptionBudget');
    each(stack.pods(), ({ object, pod }) => {
      if (!['Deployment', 'StatefulSet'].includes(object.kind)) return;
      const covered = budgets.some(budget => {
        const selector = (budget.props.spec as { selector?: LabelSelector } | undefined)?.selector;
        return budget.namespace() === object.namespace() && selects(selector, pod.labels());
      });
      if (!covered)
        say(object, '', 'a drain may take all of its pods', 'declare a PodDisruptionBudget that selects them');
    });
  },
});

export const disruptionBudgetAllows = objectPolicy({
  name: 'disruption-budget-allows',
  description: 'Checks that a PodDisruptionBudget lets at least one pod go, or nodes could never be upgraded.',
  kinds: ['PodDisruptionBudget'],
  check({ props }, say) {
    const spec = props.spec as { maxUnavailable?: number | string; minAvailable?: number | string } | undefined;
    if (spec?.maxUnavailable === 0 || spec?.maxUnavailable === '0%') {
      say('spec.maxUnavailable', `is ${spec.maxUnavailable}`, 'write 1');
    }
    if (spec?.minAvailable === '100%') say('spec.minAvailable', 'is 100%', 'leave it out and write maxUnavailable: 1');
  },
});

interface Scaled {
  scaler: KubernetesObject;
  kind: string;
  name: string;
  path: string;
}

/** What the autoscalers of the stack scale. */
export function scaledBy(stack: Stack): readonly Scaled[] {
  return stack.ofKind('HorizontalPodAutoscaler', 'ScaledObject').map(scaler => {
    const target = (scaler.props.spec as { scaleTargetRef?: { kind?: string; name?: string } } | undefined)
      ?.scaleTargetRef;
    return { scaler, kind: target?.kind ?? 'Deployment', name: target?.name ?? '', path: 'spec.scaleTargetRef' };
  });
}

export const replicasOfAutoscaler = stackPolicy({
  name: 'replicas-of-autoscaler',
  description: 'Checks that what an autoscaler scales has no `replicas`, which every deployment would set back.',
  check(stack, say) {
    each(scaledBy(stack), ({ scaler, kind, name }) => {
      const target = stack.find(kind, scaler.namespace(), name);
      const replicas = (target?.props.spec as { replicas?: number } | undefined)?.replicas;
      if (target && replicas !== undefined) {
        say(target, 'spec.replicas', `is ${replicas}, but ${scaler.kind} ${scaler.name} scales it`, 'leave it out');
      }
    });
  },
});

export const autoscalerBounds = objectPolicy({
  name: 'autoscaler-bounds',
  description: 'Checks that autoscalers never go below one pod, and have a maximum that is meant.',
  kinds: ['HorizontalPodAutoscaler', 'ScaledObject'],
  settings: {
    least: integer(1, 'Least minimum.'),
    leastCritical: integer(2, 'Least minimum on the critical stages.'),
    critical: list(['staging', 'prod'], 'Stages on which one pod must be able to fail.'),
    most: integer(100, 'Largest maximum.'),
  },
  check({ kind, props }, say, { settings, stage }) {
    const spec = props.spec as Record<string, number | undefined> | undefined;
    const [min, max] =
      kind === 'ScaledObject' ? ['minReplicaCount', 'maxReplicaCount'] : ['minReplicas', 'maxReplicas'];
    const least = settings.critical.includes(stage) ? settings.leastCritical : settings.least;
    // Kubernetes' default is 1 and KEDA's 0; KEDA's maximum is 100.
    const lower = spec?.[min as string] ?? (kind === 'ScaledObject' ? 0 : 1);
    const upper = spec?.[max as string] ?? 100;
    if (lower < least) say(`spec.${min}`, `is ${lower}`, `write at least ${least}`);
    if (upper > settings.most) say(`spec.${max}`, `is ${upper}`, `write at most ${settings.most}`);
    if (upper < lower) say(`spec.${max}`, `${upper} is less than the minimum of ${lower}`, 'write a larger one');
  },
});

export const statefulOnSpot = podPolicy({
  name: 'stateful-on-spot',
  description: 'Checks that pods with state never run on spot nodes, which go within 30 seconds.',
  settings: {
    spot: list(
      ['cloud.google.com/gke-spot=true', 'gocenter/pool=workers'],
      'Node labels and taints of pools that are spot on some stage, as `key=value`.',
    ),
  },
  check({ spec }, say, { object, settings }) {
    const claims = (spec.volumes ?? []).some(volume => 'persistentVolumeClaim' in volume || 'ephemeral' in volume);
    if (object.kind !== 'StatefulSet' && !claims) return;
    all(
      () =>
        each(Object.entries(spec.nodeSelector ?? {}), ([key, value]) => {
          if (settings.spot.includes(`${key}=${value}`)) {
            say(`nodeSelector["${key}"]`, 'the pod has state and asks for spot nodes', 'ask for the pool system');
          }
        }),
      () =>
        each(spec.tolerations, ({ key, value }, index) => {
          if (settings.spot.some(label => label === `${key}=${value}` || (!value && label.startsWith(`${key}=`)))) {
            say(`tolerations[${index}]`, 'the pod has state and tolerates spot nodes', 'leave it out');
          }
        }),
    );
  },
});

export const spotPoolTaint = cloudPolicy(NodePool, {
  name: 'spot-pool-taint',
  description: 'Checks that spot pools repel what does not know that its nodes go at any time.',
  settings: { stages: list(['systest', 'staging', 'prod'], 'Stages on which it matters.') },
  check(pool, say, { settings, stage }) {
    if (!pool.nodeConfig?.spot || !settings.stages.includes(stage)) return;
    if ((pool.nodeConfig.taints ?? []).length > 0) return;
    say('nodeConfig.taints', 'anything may be scheduled on spot nodes', 'write a taint with effect NO_SCHEDULE');
  },
});

export const nodePoolManagement = cloudPolicy(NodePool, {
  name: 'node-pool-management',
  description: 'Checks that nodes are repaired and upgraded by GKE.',
  check(pool, say) {
    each(['autoRepair', 'autoUpgrade'] as const, field => {
      if (pool.management?.[field] !== true) say(`management.${field}`, 'is not true', 'set it to true');
    });
  },
});

export const clusterReleaseChannel = cloudPolicy(Cluster, {
  name: 'cluster-release-channel',
  description: 'Checks that the cluster follows a release channel, so that it gets fixes.',
  check(cluster, say) {
    const channel = cluster.releaseChannel?.channel;
    if (channel && channel !== 'UNSPECIFIED') return;
    say('releaseChannel.channel', `is ${channel ?? 'missing'}`, 'write RAPID, REGULAR or STABLE');
  },
});

export const clusterMaintenance = cloudPolicy(Cluster, {
  name: 'cluster-maintenance',
  description: 'Checks that upgrades come at times that were chosen.',
  check(cluster, say) {
    const policy = cluster.maintenancePolicy;
    if (policy?.recurringWindow || policy?.dailyMaintenanceWindow) return;
    say('maintenancePolicy', 'upgrades come at any time', 'write a recurringWindow');
  },
});

export const clusterBackup = stackPolicy({
  name: 'cluster-backup',
  description: 'Checks that every cluster has a plan of backups with a schedule.',
  check(stack, say) {
    each(stack.ofType(Cluster), ({ resource }) => {
      const plans = stack
        .ofType(BackupPlan)
        .filter(plan => stack.refers(plan.resource, 'cluster', () => plan.props.cluster, resource));
      if (plans.some(({ props }) => props.backupSchedule?.cronSchedule || props.backupSchedule?.rpoConfig)) return;
      say(resource, '', 'has no plan of backups', 'declare a BackupPlan for it with a backupSchedule');
    });
  },
});
