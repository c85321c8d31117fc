import { describe, expect, it } from 'vitest';
import { readStage, StageError } from '../../infra/stage.ts';
import { stageNames, stageOf, valuesOf } from './stage-files.ts';

type Tree = Record<string, unknown>;

/** The values of dev with some changed, by path; undefined removes. */
function changed(changes: Record<string, unknown>): Tree {
  const values = structuredClone(valuesOf('dev'));
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('/');
    const last = keys.pop() ?? '';
    const parent = keys.reduce<Tree>((node, key) => node[key] as Tree, values);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  return values;
}

function faultsOf(values: Tree, name = 'dev'): readonly string[] {
  try {
    readStage(name, values);
    return [];
  } catch (error) {
    if (error instanceof StageError) return error.faults;
    throw error;
  }
}

describe('a stage’s values', () => {
  it.each(stageNames)('of %s are without fault', name => {
    expect(stageOf(name).name).toBe(name);
  });

  it.each([
    [
      'a wrong type',
      { 'pools/workers/max': 'many' },
      'pools.workers.max is "many": it must be a whole number from 1 to 1000',
    ],
    [
      'a wrong type at the top',
      { zones: 'europe-west1-b' },
      'zones is "europe-west1-b": it must be 1 to 4 different zones',
    ],
    [
      'a value out of the list',
      { 'cluster/releaseChannel': 'FAST' },
      'cluster.releaseChannel is "FAST": it must be one of RAPID, REGULAR, STABLE, EXTENDED',
    ],
    [
      'a missing value',
      { 'database/tier': undefined },
      'database.tier is missing: it must be a Cloud SQL tier such as db-custom-2-7680',
    ],
    [
      'a missing table',
      { analytics: undefined },
      'analytics is missing: it must be a table with location, rawDays, deletionProtection',
    ],
    ['an unknown key', { 'network/node': '10.0.0.0/20' }, /^network\.node is unknown: here can be nodes, pods, /],
    ['an unknown key at the top', { netwrok: {} }, /^netwrok is unknown: here can be project, region, /],
    ['an unknown service', { 'services/chat': {} }, /^services\.chat is unknown: here can be proxy, ui, /],
    [
      'an image without digest',
      { 'services/ui/image': 'ui:latest' },
      /^services\.ui\.image is "ui:latest": it must be an image .* by its digest/,
    ],
    [
      'a pool whose minimum exceeds its maximum',
      { 'pools/serving/min': 9 },
      'pools.serving.min is 9, more than its max, which is 3',
    ],
    [
      'a pool of machines that are not known',
      { 'pools/system/machineType': 'm1-ultramem-40' },
      /^pools\.system\.machineType is m1-ultramem-40: it must be one of e2-standard, /,
    ],
    [
      'a service with less memory than it starts with',
      { 'services/ui/memory': '128Mi' },
      'services.ui.memory is 128Mi: write at least 192Mi, as Node and the code alone take 140Mi',
    ],
    [
      'a service larger than its namespace takes',
      { 'services/proxy/memory': '3Gi' },
      'services.proxy.memory is 3Gi, more than namespace.largestPod.memory',
    ],
    [
      'a service larger than its node',
      { 'services/proxy/memory': '14Gi', 'namespace/largestPod/memory': '20Gi' },
      /^services\.proxy\.memory is 14Gi: a node of pools\.serving has \d+Mi for pods$/,
    ],
    [
      'services that together exceed the namespace’s quota',
      { 'services/validator/replicas/max': 30 },
      /^namespace\.cpu is 6500m: the services at their most, with a rollout's surge, need \d+m$/,
    ],
    [
      'services that their pool has no nodes for',
      { 'services/processor/replicas/max': 60 },
      /^pools\.workers\.max is 3: its services at their most need \d+ nodes$/,
    ],
    [
      'a request beyond its limit',
      { 'services/ui/cpu/request': '600m' },
      'services.ui.cpu.request is 600m, more than its limit',
    ],
    [
      'a variable that no service has',
      { 'services/proxy/variables': { HOT_CACHE: '1' } },
      'services.proxy.variables.HOT_CACHE is unknown: services/config.ts has the variables',
    ],
    [
      'a variable that the service would not take',
      { 'services/proxy/variables': { RATE_LIMIT: 'none' } },
      'services.proxy.variables.RATE_LIMIT is "none": it must be a whole number from 0 to 10000000',
    ],
    [
      'a variable that the platform sets',
      { 'services/proxy/variables': { PORT: '80' } },
      'services.proxy.variables.PORT is set by the platform: leave it out',
    ],
    [
      'feeds that discovery follows and the processor does not read',
      { 'services/discovery/variables': { INDEX_FEEDS: 'https://index.example' } },
      'services.processor.variables.INDEX_FEEDS is missing: it must be "https://index.example", as services.discovery has it',
    ],
    [
      'a vulnerability database that pods can’t reach',
      { 'services/ui-backend/variables': { VULNDB: 'http://vuln.example' } },
      'services.ui-backend.variables.VULNDB is http://vuln.example: pods reach only https:// at port 443',
    ],
    [
      'a zone of another region',
      { zones: ['us-east1-b'] },
      'zones.0 is us-east1-b, which is not in the region europe-west1',
    ],
    [
      'ranges that overlap',
      { 'network/services': '10.16.0.0/20' },
      'network.services is 10.16.0.0/20, which overlaps network.nodes, 10.16.0.0/20',
    ],
    [
      'a range that is none',
      { 'network/nodes': '10.16.0.1/20' },
      'network.nodes is 10.16.0.1/20, which is not the first address of a range',
    ],
    [
      'a range of pods for fewer nodes than the pools may have',
      { 'network/pods': '10.20.0.0/23' },
      /^network\.pods is/,
    ],
    [
      'pools beyond the cluster’s limits',
      { 'cluster/limits/cpu': 8 },
      'cluster.limits.cpu is 8: the pools alone may have 32',
    ],
    [
      'a window too short for GKE',
      { 'cluster/maintenance/end': '2026-01-01T21:00:00Z' },
      'cluster.maintenance.end must be 4 to 24 hours after cluster.maintenance.start',
    ],
    [
      'a host outside the domain',
      { 'dns/proxy': 'proxy.example.org' },
      'dns.proxy is proxy.example.org: it must be dev.gocenter.example.com or a name in it',
    ],
  ] as const)('with %s are refused', (_, changes, fault) => {
    const faults = faultsOf(changed(changes));
    expect(faults).toContainEqual(typeof fault === 'string' ? fault : expect.stringMatching(fault));
  });

  it('are refused under a name that is no stage', () => {
    expect(faultsOf(valuesOf('dev'), 'qa')).toEqual([
      'qa is no stage: it must be one of dev, integration, systest, staging, prod',
    ]);
  });

  it('have all their faults in one error, one line each', () => {
    const values = changed({ 'pools/workers/max': 'many', 'database/tier': undefined, extra: 1 });
    expect(faultsOf(values)).toHaveLength(3);
    expect(() => readStage('dev', values)).toThrow(/^Pulumi\.dev\.yaml has 3 faults; nothing was declared\.\n {2}\S/);
  });

  it('have disagreements of every kind in one error too', () => {
    const values = changed({ 'pools/serving/min': 9, 'dns/page': 'x.org', 'services/discovery/replicas/min': 5 });
    expect(faultsOf(values)).toHaveLength(3);
  });

  it('of no two stages share an address range, so that their networks can be peered', () => {
    const seen = new Map<string, string>();
    for (const name of stageNames) {
      const { nodes, pods, services, databases, controlPlane } = stageOf(name).network;
      for (const range of [nodes, pods, services, databases, controlPlane]) {
        expect(seen.get(range), `${range} of ${name}`).toBeUndefined();
        seen.set(range, name);
      }
    }
  });
});
