import { Budget } from '@pulumi/gcp/billing/budget.js';
import { Cluster } from '@pulumi/gcp/container/cluster.js';
import { NodePool } from '@pulumi/gcp/container/nodePool.js';
import { DatabaseInstance } from '@pulumi/gcp/sql/databaseInstance.js';
import { each, matchesAny } from './check.ts';
import { cloudPolicy, stackPolicy } from './define.ts';
import { integer, list } from './settings.ts';

export const budgetPresent = stackPolicy({
  name: 'budget-present',
  description: 'Checks that somebody is told when a stage costs more than planned.',
  check(stack, say) {
    const budgets = stack.ofType(Budget);
    if (budgets.length === 0) {
      say(undefined, '', 'has no budget', 'declare a billing.Budget with thresholdRules');
    }
    each(budgets, ({ resource, props }) => {
      if ((props.thresholdRules ?? []).length > 0) return;
      say(resource, 'thresholdRules', 'nobody is told', 'write one, such as thresholdPercent 0.9');
    });
  },
});

export const nodePoolBounds = cloudPolicy(NodePool, {
  name: 'node-pool-bounds',
  description: 'Checks that every node pool grows and shrinks by itself, within bounds.',
  settings: { most: integer(50, 'Most nodes of a pool.') },
  check(pool, say, { settings }) {
    const bounds = pool.autoscaling;
    if (!bounds) return say('autoscaling', 'is missing', 'write totalMinNodeCount and totalMaxNodeCount');
    const total = bounds.totalMaxNodeCount !== undefined;
    const [min, max] = total ? ['totalMinNodeCount', 'totalMaxNodeCount'] : ['minNodeCount', 'maxNodeCount'];
    const lower = (total ? bounds.totalMinNodeCount : bounds.minNodeCount) ?? 0;
    const upper = total ? bounds.totalMaxNodeCount : bounds.maxNodeCount;
    if (upper === undefined) return say(`autoscaling.${max}`, 'is missing', `write at most ${settings.most}`);
    if (upper > settings.most) say(`autoscaling.${max}`, `is ${upper}`, `write at most ${settings.most}`);
    if (lower > upper)
      say(`autoscaling.${min}`, `${lower} is more than the maximum of ${upper}`, 'write a smaller one');
  },
});

export const clusterAutoprovisioning = cloudPolicy(Cluster, {
  name: 'cluster-autoprovisioning',
  description: 'Checks that node auto-provisioning is within limits of CPU and memory.',
  settings: {
    cpu: integer(1000, 'Largest maximum, in cores.'),
    memory: integer(8000, 'Largest maximum, in GB.'),
  },
  check(cluster, say, { settings }) {
    const scaling = cluster.clusterAutoscaling;
    if (!scaling?.enabled) return;
    each(['cpu', 'memory'] as const, type => {
      const limit = (scaling.resourceLimits ?? []).find(({ resourceType }) => resourceType === type);
      if (!limit?.maximum) {
        say('clusterAutoscaling.resourceLimits', `${type} has no maximum`, 'write one');
      } else if (limit.maximum > settings[type]) {
        say(
          'clusterAutoscaling.resourceLimits',
          `up to ${limit.maximum} of ${type}`,
          `write at most ${settings[type]}`,
        );
      }
    });
  },
});

export const nodePoolMachines = cloudPolicy(NodePool, {
  name: 'node-pool-machines',
  description: 'Checks that nodes are machines of general purpose, with disks of a sensible size.',
  settings: {
    allowed: list(
      ['e2-*', 'n2-*', 'n2d-*', 'n4-*', 't2a-*', 't2d-*', 'c3-*', 'c3d-*', 'c4-*', 'c4a-*'],
      'Machine types; `*` stands for any text.',
    ),
    diskGb: integer(500, 'Largest boot disk.'),
  },
  check(pool, say, { settings }) {
    const type = pool.nodeConfig?.machineType;
    if (!type || !matchesAny(settings.allowed, type)) {
      say('nodeConfig.machineType', `is ${type ?? 'missing'}`, `write one of ${settings.allowed.join(', ')}`);
    }
    const size = pool.nodeConfig?.diskSizeGb ?? 100;
    if (size > settings.diskGb) say('nodeConfig.diskSizeGb', `is ${size}`, `write at most ${settings.diskGb}`);
  },
});

export const clusterCostAllocation = cloudPolicy(Cluster, {
  name: 'cluster-cost-allocation',
  description: 'Checks that the cluster’s cost is told apart by namespace and label.',
  check(cluster, say) {
    if (cluster.costManagementConfig?.enabled !== true)
      say('costManagementConfig.enabled', 'is not true', 'set it to true');
  },
});

export const databaseDiskLimit = cloudPolicy(DatabaseInstance, {
  name: 'database-disk-limit',
  description: 'Checks that a database’s disk grows by itself up to a limit: it can’t shrink.',
  check(database, say) {
    if (database.settings?.diskAutoresize === false) {
      return say('settings.diskAutoresize', 'a full disk stops the database', 'set it to true');
    }
    if ((database.settings?.diskAutoresizeLimit ?? 0) > 0) return undefined;
    return say('settings.diskAutoresizeLimit', 'the disk grows without limit', 'write one in GB');
  },
});
