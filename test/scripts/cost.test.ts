import { beforeAll, describe, expect, it } from 'vitest';
import { stageNames, stageOf } from '../../infra/stage/files.ts';
import type { Stage } from '../../infra/stage.ts';
import { declared, estimate } from '../../scripts/cost/estimate.ts';
import { type Collected, collect } from '../infra/collect.ts';

const prod = stageOf('prod');
const withWorkers = (changed: Partial<Stage['pools']['workers']>) =>
  estimate({ ...prod, pools: { ...prod.pools, workers: { ...prod.pools.workers, ...changed } } });
const withDatabase = (changed: Partial<Stage['database']>) =>
  estimate({ ...prod, database: { ...prod.database, ...changed } });

describe('the cost of a stage', () => {
  it('is that of a month of its machines and their disks', () => {
    const none = withWorkers({ min: 0 });
    const two = withWorkers({ min: 2, machineType: 'e2-standard-8', diskGb: 200, spot: false });
    // 8 vCPUs and 32 GiB for 730 hours, and 200 GiB of pd-balanced.
    const node = (8 * 0.02399 + 32 * 0.003216) * 730 + 200 * 0.1;
    expect(two.nodes.min - none.nodes.min).toBeCloseTo(2 * node, 6);
  });

  it('is less with spot nodes, but never for their disks', () => {
    const difference = withWorkers({ spot: false }).nodes.min - withWorkers({ spot: true }).nodes.min;
    expect(difference).toBeCloseTo(2 * (8 * 0.02399 + 32 * 0.003216) * 730 * 0.6, 6);
  });

  it('has the database twice where it is highly available, and its backups once', () => {
    const backups = 100 * 0.08;
    const one = withDatabase({ highAvailability: false }).database - backups;
    expect(withDatabase({ highAvailability: true }).database).toBeCloseTo(2 * one + backups, 6);
  });

  it('grows with the pools, and with nothing else, up to its most', () => {
    const { atRest, atMost, nodes } = estimate(prod);
    // NAT asks a little for each node.
    expect(atMost - atRest).toBeGreaterThan(nodes.max - nodes.min);
    expect(atMost - atRest).toBeLessThan((nodes.max - nodes.min) * 1.01);
  });

  it.each(stageNames)('is within the budget of %s while nobody uses it, or people would be told in vain', name => {
    const stage = stageOf(name);
    expect(estimate(stage).atRest).toBeLessThan(stage.budget.monthly);
  });

  it('is not guessed where there is no price', () => {
    expect(() => estimate({ ...prod, region: 'asia-south1' })).toThrow(
      'prod is in asia-south1; scripts/cost/prices.ts has prices of europe-west1 only',
    );
    expect(() => withWorkers({ machineType: 'c3-standard-8' })).toThrow(
      'the price of c3 is not known; write it into scripts/cost/prices.ts',
    );
    expect(() => withDatabase({ tier: 'db-f1-micro' })).toThrow('the price of db-f1-micro is not known');
  });
});

describe('what is counted', () => {
  let resources: Collected[] = [];
  beforeAll(async () => {
    resources = (await collect('prod')).resources;
  }, 60_000);
  const all = (type: string) => resources.filter(resource => resource.type === type);

  it('is what the program declares', () => {
    const rules = all('gcp:compute/securityPolicy:SecurityPolicy').flatMap(({ inputs }) => inputs.rules);
    expect({
      armorRules: rules.length,
      dnsZones: all('gcp:dns/managedZone:ManagedZone').length,
      keys: all('gcp:kms/cryptoKey:CryptoKey').length,
      secrets: all('gcp:secretmanager/secret:Secret').length,
    }).toEqual(declared);
  });
});
