import type { PoolValues } from './schema.ts';

/** CPU, memory and ephemeral storage, of a node or a pod. */
export interface Room {
  millicores: number;
  mebibytes: number;
  diskMebibytes: number;
}

/** GiB of memory a vCPU, by series and shape. Only these: a machine type that is not here is refused by name. */
const memory: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  e2: { standard: 4, highmem: 8, highcpu: 1 },
  n2: { standard: 4, highmem: 8, highcpu: 1 },
  n2d: { standard: 4, highmem: 8, highcpu: 1 },
  n4: { standard: 4, highmem: 8, highcpu: 2 },
  c3: { standard: 4, highmem: 8, highcpu: 2 },
  c3d: { standard: 4, highmem: 8, highcpu: 2 },
  t2d: { standard: 4 },
};
export const knownMachines = Object.entries(memory)
  .flatMap(([series, shapes]) => Object.keys(shapes).map(shape => `${series}-${shape}`))
  .join(', ');

const gib = 1024;

/** Requests of the DaemonSets of GKE: Dataplane V2, logs and metrics, CSI drivers, metadata server. Rounded up. */
const daemons: Room = { millicores: 450, mebibytes: 800, diskMebibytes: 1 * gib };

/** Capacity of a node: what `Room` is taken from. */
export function capacityOf({ machineType, diskGb }: Pick<PoolValues, 'machineType' | 'diskGb'>): Room | undefined {
  const [series = '', shape = '', count = ''] = machineType.split('-');
  const perCore = memory[series]?.[shape];
  const vcpus = Number(count);
  if (perCore === undefined || vcpus < 2) return undefined;
  return { millicores: vcpus * 1000, mebibytes: vcpus * perCore * gib, diskMebibytes: diskGb * gib };
}

/**
 * What pods may have of a node: its capacity less what GKE keeps for kubelet, system and eviction, less what runs on every
 * node. https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes
 */
export function roomOn(pool: Pick<PoolValues, 'machineType' | 'diskGb'>): Room | undefined {
  const capacity = capacityOf(pool);
  if (!capacity) return undefined;
  const cpuKept = shares(capacity.millicores, [1000, 0.06], [1000, 0.01], [2000, 0.005], [Infinity, 0.0025]);
  const memoryKept = shares(
    capacity.mebibytes,
    [4 * gib, 0.25],
    [4 * gib, 0.2],
    [8 * gib, 0.1],
    [112 * gib, 0.06],
    [Infinity, 0.02],
  );
  const disk = capacity.diskMebibytes;
  const diskKept = disk * 0.1 + Math.min(disk * 0.5, 6 * gib + disk * 0.35, 100 * gib);
  const evictedBelow = 100;
  return {
    millicores: Math.floor(capacity.millicores - cpuKept - daemons.millicores),
    mebibytes: Math.floor(capacity.mebibytes - memoryKept - evictedBelow - daemons.mebibytes),
    diskMebibytes: Math.floor(disk - diskKept - daemons.diskMebibytes),
  };
}

/** The first `width` of an amount at one share, the next at another, … */
function shares(amount: number, ...steps: (readonly [width: number, share: number])[]): number {
  let rest = amount;
  let sum = 0;
  for (const [width, share] of steps) {
    const part = Math.min(rest, width);
    sum += part * share;
    rest -= part;
  }
  return sum;
}
