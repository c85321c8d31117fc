import { secretFiles } from '../../infra/services.ts';
import { capacityOf } from '../../infra/stage/machines.ts';
import type { PoolValues, Stage } from '../../infra/stage.ts';
import * as prices from './prices.ts';

/** What a stage costs a month, whoever uses it, in `prices.currency`. */
export interface Estimate {
  controlPlane: number;
  /** With their disks: the fewest that the pools have, and the most. */
  nodes: { min: number; max: number };
  database: number;
  /** Load balancer, Cloud Armor, DNS, NAT. */
  edge: number;
  /** Backup for GKE, keys, secrets. */
  upkeep: number;
  atRest: number;
  /** With every pool full. */
  atMost: number;
}

/** How many of them the program declares; test/scripts/cost.test.ts holds them together. */
export const declared = { armorRules: 5, dnsZones: 4, keys: 1, secrets: Object.keys(secretFiles).length } as const;

export function estimate(stage: Stage): Estimate {
  if (stage.region !== prices.region) {
    throw new Error(`${stage.name} is in ${stage.region}; scripts/cost/prices.ts has prices of ${prices.region} only`);
  }
  const pools = Object.values(stage.pools);
  const count = { min: sum(pools.map(({ min }) => min)), max: sum(pools.map(({ max }) => max)) };
  const nodes = {
    min: sum(pools.map(pool => pool.min * node(pool))),
    max: sum(pools.map(pool => pool.max * node(pool))),
  };
  const controlPlane = prices.cluster * prices.hoursAMonth;
  const database = databaseOf(stage);
  const edge = edgeOf(stage) + nat(count.min);
  const upkeep =
    prices.backedUpPod * sum(Object.values(stage.services).map(({ replicas }) => replicas.min)) +
    prices.small.keyVersion * declared.keys +
    prices.small.secretVersion * declared.secrets;
  const atRest = controlPlane + nodes.min + database + edge + upkeep;
  const atMost = atRest + nodes.max - nodes.min + nat(count.max) - nat(count.min);
  return { controlPlane, nodes, database, edge, upkeep, atRest, atMost };
}

function node(pool: PoolValues): number {
  const [series = ''] = pool.machineType.split('-');
  const machine = priceOf(prices.machines, series);
  const capacity = capacityOf(pool);
  if (capacity === undefined) throw new Error(`the size of ${pool.machineType} is not known`);
  const hour = (capacity.millicores / 1000) * machine.vcpu + (capacity.mebibytes / 1024) * machine.gib;
  const share = pool.spot ? prices.spot : 1;
  return hour * share * prices.hoursAMonth + pool.diskGb * priceOf(prices.disks, pool.diskType);
}

function databaseOf({ database: { tier, diskGb, highAvailability } }: Stage): number {
  const [, vcpus, mebibytes] = /^db-custom-(\d+)-(\d+)$/.exec(tier) ?? [];
  if (vcpus === undefined || mebibytes === undefined) {
    throw new Error(`the price of ${tier} is not known; only those of db-custom-<vCPUs>-<MiB> are`);
  }
  const { vcpuHour, gibHour, diskGib, backupGib } = prices.database;
  const hour = Number(vcpus) * vcpuHour + (Number(mebibytes) / 1024) * gibHour;
  const copies = highAvailability ? 2 : 1;
  // Backups are incremental: all of them together are taken for one disk.
  return copies * (hour * prices.hoursAMonth + diskGb * diskGib) + diskGb * backupGib;
}

const edgeOf = ({ network }: Stage): number =>
  (prices.forwardingRules + network.natAddresses * prices.nat.addressHour) * prices.hoursAMonth +
  prices.armor.policy +
  declared.armorRules * prices.armor.rule +
  declared.dnsZones * prices.small.dnsZone;

const nat = (nodes: number): number => Math.min(nodes, prices.nat.mostNodes) * prices.nat.nodeHour * prices.hoursAMonth;

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

function priceOf<T>(table: Readonly<Record<string, T>>, name: string): T {
  const price = table[name];
  if (price === undefined) throw new Error(`the price of ${name} is not known; write it into scripts/cost/prices.ts`);
  return price;
}
