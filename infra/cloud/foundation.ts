import type { ProviderResource } from '@pulumi/pulumi';
import { labelsOf } from '../providers.ts';
import type { Stage } from '../stage.ts';
import { namespaceName } from '../workloads/names.ts';
import { Apis } from './apis.ts';
import { Cluster, locationOf } from './cluster.ts';
import { Identities } from './identities.ts';
import { ImagePolicy } from './images.ts';
import { Keys } from './keys.ts';
import { Vpc } from './network.ts';
import { NodeAccount, NodePools } from './nodes.ts';
import { Registry } from './registry.ts';
import { WorkloadIdentity } from './workload-identity.ts';

/** What everything else stands on: who acts, the network, the registry, the cluster and its nodes. */
export function foundation(stage: Stage, provider: ProviderResource) {
  const { project, region, zones } = stage;
  const labels = labelsOf(stage);
  const apis = new Apis('apis', { project }, { provider });
  const opts = { provider, dependsOn: apis };

  const identities = new Identities('identities', { project, groups: stage.groups }, opts);
  const nodeAccount = new NodeAccount('nodes', { project }, opts);

  const network = new Vpc('network', { region, labels, ...stage.network }, opts);
  const registry = new Registry(
    'registry',
    { project, region, labels, nodes: nodeAccount.member, ...stage.registry },
    opts,
  );
  new ImagePolicy('images', { project, prefixes: registry.prefixes }, opts);

  const keys = new Keys('keys', { region, labels, clusterAgent: apis.agents.container }, opts);
  const cluster = new Cluster(
    'cluster',
    {
      project,
      region,
      zones,
      network: network.network,
      subnetwork: network.subnetwork,
      ranges: network.ranges,
      controlPlane: stage.network.controlPlane,
      secretsKey: keys.cluster,
      nodeAccount: nodeAccount.email,
      values: stage.cluster,
      labels,
    },
    // A node that starts without its rights is not healthy.
    { provider, dependsOn: [apis, nodeAccount] },
  );
  const nodes = new NodePools(
    'pool',
    {
      cluster: cluster.name,
      location: locationOf(stage),
      zones,
      account: nodeAccount.email,
      pools: stage.pools,
      labels,
    },
    { provider, dependsOn: nodeAccount },
  );
  new WorkloadIdentity(
    'workload-identity',
    {
      project,
      accounts: identities.accounts,
      podsOf: account => (account === 'keda' ? 'keda/keda-operator' : `${namespaceName}/${account}`),
    },
    { provider, dependsOn: cluster },
  );
  return { apis, identities, network, registry, cluster, nodes };
}

export type Foundation = ReturnType<typeof foundation>;
