import { join } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { type PoolName, poolLabel, poolNames } from '../../infra/services.ts';
import { moduleFolder } from '../tools/module.ts';

/** Nodes of each pool, one a zone where users wait. */
const zones: Readonly<Record<PoolName, string[]>> = {
  system: ['a'],
  serving: ['a', 'b', 'c'],
  workers: ['a', 'b', 'c'],
};

/** Nodes that kwok plays: labelled and tainted as the stages' pools, and large enough for all stages at once. */
export function poolNodes(): V1Node[] {
  return poolNames.flatMap(pool => zones[pool].map(zone => node(pool, zone)));
}

function node(pool: PoolName, zone: string): V1Node {
  const name = `${pool}-${zone}`;
  const resources = { cpu: '64', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '110' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: {
        [poolLabel]: pool,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'topology.kubernetes.io/zone': zone,
      },
    },
    spec: { ...(pool === 'workers' && { taints: [{ key: poolLabel, value: pool, effect: 'NoSchedule' }] }) },
    status: { capacity: resources, allocatable: resources },
  };
}

/** Files that tell kwok how its nodes and their pods live: ready at once, completed and deleted when asked. */
export async function stages(): Promise<string[]> {
  const folder = join(await moduleFolder('kwok', 'sigs.k8s.io/kwok'), 'kustomize', 'stage');
  return [
    'node/fast/node-initialize.yaml',
    'node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
    'pod/fast/pod-ready.yaml',
    'pod/fast/pod-complete.yaml',
    'pod/fast/pod-delete.yaml',
  ].map(file => join(folder, file));
}
