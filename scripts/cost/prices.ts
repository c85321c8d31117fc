/**
 * List prices of Google Cloud, from its public pages; before taxes, commitments, discounts and free allowances. Prices
 * change: compare them with the pages before you decide by them, and write the new date.
 */
export const region = 'europe-west1';
export const currency = 'USD';
export const noted = '2025';

export const hoursAMonth = 730;

/** A vCPU and a GiB of memory an hour, by series. https://cloud.google.com/compute/vm-instance-pricing */
export const machines: Readonly<Record<string, { vcpu: number; gib: number }>> = {
  e2: { vcpu: 0.02399, gib: 0.003216 },
  n2: { vcpu: 0.034773, gib: 0.004661 },
  n2d: { vcpu: 0.030253, gib: 0.004055 },
};

/**
 * Share of that price that a spot node costs at most: they are 60 to 91 % cheaper, by a price that changes once a month.
 * https://cloud.google.com/spot-vms/pricing
 */
export const spot = 0.4;

/** A GiB a month. https://cloud.google.com/compute/disks-image-pricing */
export const disks: Readonly<Record<string, number>> = { 'pd-balanced': 0.1, 'pd-ssd': 0.17 };

/** A cluster an hour. https://cloud.google.com/kubernetes-engine/pricing */
export const cluster = 0.1;

/** A pod that is backed up, a month. https://cloud.google.com/kubernetes-engine/pricing */
export const backedUpPod = 1;

/** PostgreSQL, Enterprise edition; a second zone doubles all but the backups. https://cloud.google.com/sql/pricing */
export const database = { vcpuHour: 0.0413, gibHour: 0.007, diskGib: 0.17, backupGib: 0.08 };

/** NAT for a node an hour, up to 32 nodes, and an address of it an hour. https://cloud.google.com/nat/pricing */
export const nat = { nodeHour: 0.0014, mostNodes: 32, addressHour: 0.005 };

/** Up to five forwarding rules an hour. https://cloud.google.com/load-balancing/pricing */
export const forwardingRules = 0.025;

/** A policy and a rule a month. https://cloud.google.com/armor/pricing */
export const armor = { policy: 5, rule: 1 };

/** Each a month: a DNS zone, an active version of a key, an active version of a secret. */
export const small = { dnsZone: 0.2, keyVersion: 0.06, secretVersion: 0.06 };

/** What use adds: no value file knows how much there will be. */
export const byUse: readonly (readonly [what: string, price: string, page: string])[] = [
  ['kept modules, a GiB a month', '0.020 in a region, 0.026 in EU', 'https://cloud.google.com/storage/pricing'],
  ['1 million reads of the buckets', '0.40', 'https://cloud.google.com/storage/pricing'],
  ['downloads from the edge within Europe, a GiB', '0.08', 'https://cloud.google.com/cdn/pricing'],
  ['answers through the load balancer, a GiB', '0.008', 'https://cloud.google.com/load-balancing/pricing'],
  ['1 million requests through Cloud Armor', '0.75', 'https://cloud.google.com/armor/pricing'],
  ['what the processor fetches, through NAT, a GiB', '0.045', 'https://cloud.google.com/nat/pricing'],
  ['logs beyond 50 GiB, a GiB', '0.50', 'https://cloud.google.com/stackdriver/pricing'],
  ['1 million samples of metrics', '0.06', 'https://cloud.google.com/stackdriver/pricing'],
  ['messages beyond 10 GiB, a TiB', '40', 'https://cloud.google.com/pubsub/pricing'],
  ['downloads in BigQuery, a GiB a month', '0.02', 'https://cloud.google.com/bigquery/pricing'],
  ['queries beyond 1 TiB, a TiB', '6.25', 'https://cloud.google.com/bigquery/pricing'],
  ['images, a GiB a month', '0.10', 'https://cloud.google.com/artifact-registry/pricing'],
];
