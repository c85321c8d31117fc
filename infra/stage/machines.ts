/**
 * What pods may have of a node: capacity less what GKE keeps for kubelet and system, and less what runs on every node.
 * https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes
 */
export interface Room {
  millicores: number;
  mebibytes: number;
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

/** Requests of the DaemonSets of GKE: Dataplane V2, logging and metrics agents, CSI drivers, metadata server. */
const daemons: Room = { millicores: 450, mebibytes: 800 };

const tiers = (amount: number, steps: readonly (readonly [width: number, share: number])[]): number => {
  let rest = amount;
  let sum = 0;
  for (const [width, share] of steps) {
    const part = Math.min(rest, width);
    sum += part * share;
    rest -= part;
  }
  return sum;
};

/** Capacity of a machine type, or undefined when it is not known. */
export function capacityOf(machineType: string): Room | undefined {
  const [series = '', shape = '', count = ''] = machineType.split('-');
  const gib = memory[series]?.[shape];
  const vcpus = Number(count);
  if (gib === undefined || !Number.isInteger(vcpus) || vcpus < 2) return undefined;
  return { millicores: vcpus * 1000, mebibytes: vcpus * gib * 1024 };
}

/** What is left of a node of this type for our pods. */
export function roomOn(machineType: string): Room | undefined {
  const capacity = capacityOf(machineType);
  if (!capacity) return undefined;
  const cpuKept = tiers(capacity.millicores, [
    [1000, 0.06],
    [1000, 0.01],
    [2000, 0.005],
    [Number.POSITIVE_INFINITY, 0.0025],
  ]);
  const gib = 1024;
  const memoryKept = tiers(capacity.mebibytes, [
    [4 * gib, 0.25],
    [4 * gib, 0.2],
    [8 * gib, 0.1],
    [112 * gib, 0.06],
    [Number.POSITIVE_INFINITY, 0.02],
  ]);
  const evictionThreshold = 100;
  return {
    millicores: Math.floor(capacity.millicores - cpuKept - daemons.millicores),
    mebibytes: Math.floor(capacity.mebibytes - memoryKept - evictionThreshold - daemons.mebibytes),
  };
}
