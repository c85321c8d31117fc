import { poolNames } from '../services.ts';
import { capacityOf, knownMachines } from './machines.ts';
import type { Stage } from './schema.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** GKE's own bounds: https://cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions */
const shortestWindow = 4 * hour;
const longestExclusion = { NO_UPGRADES: 30, NO_MINOR_UPGRADES: 180, NO_MINOR_OR_NODE_UPGRADES: 180 } as const;

export function clusterFaults(stage: Stage): string[] {
  return [...maintenanceFaults(stage), ...poolFaults(stage)];
}

function maintenanceFaults({ cluster: { maintenance } }: Stage): string[] {
  const faults: string[] = [];
  const window = Date.parse(maintenance.end) - Date.parse(maintenance.start);
  if (!(window >= shortestWindow && window <= day)) {
    faults.push('cluster.maintenance.end must be 4 to 24 hours after cluster.maintenance.start');
  }
  maintenance.exclusions.forEach((exclusion, index) => {
    const length = Date.parse(exclusion.end) - Date.parse(exclusion.start);
    const days = longestExclusion[exclusion.scope];
    if (!(length > 0 && length <= days * day)) {
      faults.push(
        `cluster.maintenance.exclusions.${index}.end must be at most ${days} days after its start: its scope is ${exclusion.scope}`,
      );
    }
  });
  return faults;
}

function poolFaults({ pools, cluster: { limits } }: Stage): string[] {
  const faults: string[] = [];
  let cores = 0;
  let memoryGb = 0;
  for (const name of poolNames) {
    const pool = pools[name];
    if (pool.min > pool.max) faults.push(`pools.${name}.min is ${pool.min}, more than its max, which is ${pool.max}`);
    const hyperdisk = pool.diskType === 'hyperdisk-balanced';
    if (hyperdisk !== pool.machineType.startsWith('n4-')) {
      faults.push(`pools.${name}.diskType is ${pool.diskType}: n4 machines have hyperdisk-balanced, and only they`);
    }
    const capacity = capacityOf(pool);
    if (!capacity) {
      faults.push(
        `pools.${name}.machineType is ${pool.machineType}: it must be one of ${knownMachines}, and 2 or more`,
      );
      continue;
    }
    cores += (pool.max * capacity.millicores) / 1000;
    memoryGb += (pool.max * capacity.mebibytes) / 1024;
  }
  // They hold for the pools as well: an autoscaler that reaches them stops, whatever its pool's maximum is.
  if (cores > limits.cpu) faults.push(`cluster.limits.cpu is ${limits.cpu}: the pools alone may have ${cores}`);
  if (memoryGb > limits.memoryGb) {
    faults.push(`cluster.limits.memoryGb is ${limits.memoryGb}: the pools alone may have ${memoryGb}`);
  }
  if (pools.system.spot) faults.push('pools.system.spot is true: what the cluster itself needs must not be taken away');
  return faults;
}
