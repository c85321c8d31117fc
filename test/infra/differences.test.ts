import { beforeAll, expect, it } from 'vitest';
import { type Collected, collect } from './collect.ts';
import { stageNames, stageOf } from './stage-files.ts';

/** Paths at which stages may differ, each for a value of the stage's file. */
const allowed = [
  // Size: machines, nodes, replicas, requests and limits, quotas, disks.
  'Cluster.clusterAutoscaling.resourceLimits.*.maximum',
  'NodePool.autoscaling.totalMaxNodeCount',
  'NodePool.autoscaling.totalMinNodeCount',
  'NodePool.nodeConfig.diskSizeGb',
  'NodePool.nodeConfig.machineType',
  'Deployment.spec.template.spec.containers.*.resources.limits.cpu',
  'Deployment.spec.template.spec.containers.*.resources.limits.ephemeral-storage',
  'Deployment.spec.template.spec.containers.*.resources.limits.memory',
  'Deployment.spec.template.spec.containers.*.resources.requests.cpu',
  'Deployment.spec.template.spec.containers.*.resources.requests.ephemeral-storage',
  'Deployment.spec.template.spec.containers.*.resources.requests.memory',
  'Deployment.spec.template.spec.volumes.*.emptyDir.sizeLimit',
  'Job.spec.template.spec.containers.*.resources.limits.ephemeral-storage',
  'Job.spec.template.spec.containers.*.resources.requests.cpu',
  'Job.spec.template.spec.containers.*.resources.requests.ephemeral-storage',
  'Job.spec.template.spec.volumes.*.emptyDir.sizeLimit',
  'HorizontalPodAutoscaler.spec.maxReplicas',
  'HorizontalPodAutoscaler.spec.minReplicas',
  'ScaledObject.spec.maxReplicaCount',
  'ScaledObject.spec.minReplicaCount',
  'LimitRange.spec.limits.*.max.cpu',
  'LimitRange.spec.limits.*.max.ephemeral-storage',
  'LimitRange.spec.limits.*.max.memory',
  'ResourceQuota.spec.hard.limits.cpu',
  'ResourceQuota.spec.hard.limits.ephemeral-storage',
  'ResourceQuota.spec.hard.limits.memory',
  'ResourceQuota.spec.hard.pods',
  'ResourceQuota.spec.hard.requests.cpu',
  'ResourceQuota.spec.hard.requests.ephemeral-storage',
  'ResourceQuota.spec.hard.requests.memory',
  'Release.values.metricsServer.replicaCount',
  'Release.values.operator.replicaCount',
  'DatabaseInstance.settings.diskAutoresizeLimit',
  'DatabaseInstance.settings.diskSize',
  'DatabaseInstance.settings.tier',
  'RouterNat.natIps.*',
  'SecurityPolicy.rules.*.rateLimitOptions.rateLimitThreshold.count',
  'Subnetwork.logConfig.flowSampling',
  // Variables of the services, by which they use what they have.
  'Deployment.spec.template.spec.containers.*.env.*.value',
  'Job.spec.template.spec.containers.*.env.*.value',
  // Availability: zones, a standby of the database, locations of data.
  'Cluster.clusterAutoscaling.autoProvisioningLocations.*',
  'Cluster.location',
  'Cluster.nodeLocations.*',
  'NodePool.location',
  'NodePool.nodeLocations.*',
  'kubernetes.clusterIdentifier',
  'DatabaseInstance.settings.availabilityType',
  'Bucket.location',
  // Protection against deletion.
  'Bucket.forceDestroy',
  'Cluster.deletionProtection',
  'DatabaseInstance.deletionProtection',
  'DatabaseInstance.settings.deletionProtectionEnabled',
  'DatabaseInstance.settings.retainBackupsOnDelete',
  'Dataset.deleteContentsOnDestroy',
  'Table.deletionProtection',
  // How long things are kept. Versions and retention exclude each other, so what is published has one or the other.
  'BackupPlan.backupSchedule.cronSchedule',
  'BackupPlan.retentionPolicy.backupRetainDays',
  'Bucket.lifecycleRules.*.action.type',
  'Bucket.lifecycleRules.*.condition.age',
  'Bucket.lifecycleRules.*.condition.daysSinceNoncurrentTime',
  'Bucket.lifecycleRules.*.condition.withState',
  'Bucket.retentionPolicy.retentionPeriod',
  'Bucket.softDeletePolicy.retentionDurationSeconds',
  'Bucket.versioning.enabled',
  'DatabaseInstance.settings.backupConfiguration.backupRetentionSettings.retainedBackups',
  'Dataset.defaultPartitionExpirationMs',
  'Repository.cleanupPolicies.*.condition.olderThan',
  'Repository.cleanupPolicies.*.mostRecentVersions.keepCount',
  'Table.timePartitioning.expirationMs',
  // When GKE may be upgraded, and how early it is.
  'Cluster.maintenancePolicy.maintenanceExclusions.*.endTime',
  'Cluster.maintenancePolicy.maintenanceExclusions.*.exclusionName',
  'Cluster.maintenancePolicy.maintenanceExclusions.*.exclusionOptions.scope',
  'Cluster.maintenancePolicy.maintenanceExclusions.*.startTime',
  'Cluster.maintenancePolicy.recurringWindow.endTime',
  'Cluster.maintenancePolicy.recurringWindow.recurrence',
  'Cluster.maintenancePolicy.recurringWindow.startTime',
  'Cluster.releaseChannel.channel',
  // Money.
  'Budget.amount.specifiedAmount.units',
];

/** Every value of a resource by its path, `type path`; elements of lists have `*` for their number. */
function* values({ type, inputs }: Collected): Generator<[path: string, value: string]> {
  const walk = function* (path: string, value: unknown): Generator<[string, string]> {
    if (Array.isArray(value)) for (const each of value) yield* walk(`${path}.*`, each);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value)) yield* walk(`${path}.${key}`, each);
    } else yield [path, String(value)];
  };
  yield* walk(type.split(':').at(-1) ?? type, inputs);
}

/** What a stage has, with its own names taken out: path → what is there, of all resources of a kind and name together. */
async function contents(name: (typeof stageNames)[number]): Promise<Map<string, Map<string, string[]>>> {
  const { project, dns, network, budget, costCentre } = stageOf(name);
  const ranges = Object.values(network)
    .map(String)
    .filter(value => value.includes('/'));
  const own = [dns.domain, dns.domain.replaceAll('.', '\\.'), project, budget.projectNumber, costCentre, ...ranges];
  own.push(...ranges.map(range => range.replace(/\/.*/, '')));
  const called = new RegExp(`(?<=^|GoCenter |"stage":")${name}(?=$|:|")`);
  const neutral = (text: string) =>
    own.reduce((rest, each) => rest.replaceAll(each, '<own>'), text.replace(called, '<own>'));
  const found = new Map<string, Map<string, string[]>>();
  for (const resource of (await collect(name)).resources) {
    if (!resource.custom) continue;
    const paths = new Map<string, string[]>();
    for (const [path, value] of values(resource)) paths.set(path, [...(paths.get(path) ?? []), neutral(value)]);
    found.set(neutral(`${resource.type} ${resource.name}`), paths);
  }
  return found;
}

const differing = { resources: new Set<string>(), paths: new Set<string>() };

beforeAll(async () => {
  const stages = [];
  for (const name of stageNames) stages.push(await contents(name));
  const [first, ...others] = stages;
  for (const other of others) {
    for (const resource of new Set([...(first?.keys() ?? []), ...other.keys()])) {
      const [one, two] = [first?.get(resource), other.get(resource)];
      if (!one || !two) {
        differing.resources.add(resource.replaceAll(/\d+$/g, '*'));
        continue;
      }
      for (const path of new Set([...one.keys(), ...two.keys()])) {
        if (String(one.get(path)) !== String(two.get(path))) differing.paths.add(path);
      }
    }
  }
}, 120_000);

it('stages have the same resources, but for the number of addresses that they go out by', () => {
  expect([...differing.resources]).toEqual(['gcp:compute/address:Address network-egress-*']);
});

it('stages differ in what their value files are for, and in nothing else', () => {
  expect([...differing.paths].toSorted()).toEqual(allowed.toSorted());
});
