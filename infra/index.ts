import { Apis } from './cloud/apis.ts';
import { Cluster, locationOf } from './cloud/cluster.ts';
import { Edge } from './cloud/edge.ts';
import { Identities } from './cloud/identities.ts';
import { Keys } from './cloud/keys.ts';
import { Messaging } from './cloud/messaging.ts';
import { Vpc } from './cloud/network.ts';
import { NodeAccount, NodePools } from './cloud/nodes.ts';
import { Storage } from './cloud/storage.ts';
import { WorkloadIdentity } from './cloud/workload-identity.ts';
import { stageFromConfig } from './config.ts';
import * as providers from './providers.ts';
import { namespaceName } from './workloads/names.ts';

// One stage, from top to bottom.
const stage = stageFromConfig();
const { project, region, zones } = stage;
const labels = providers.labelsOf(stage);

const google = providers.google(stage);
const apis = new Apis('apis', { project }, { provider: google });
const inCloud = { provider: google, dependsOn: apis };

// Who
const identities = new Identities('identities', { project, groups: stage.groups }, inCloud);
const { members } = identities;
const nodeAccount = new NodeAccount('nodes', { project }, inCloud);

// Where
const network = new Vpc('network', { region, labels, ...stage.network }, inCloud);
const keys = new Keys('keys', { region, labels, clusterAgent: apis.agents.container }, inCloud);
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
  inCloud,
);
new NodePools(
  'pool',
  {
    cluster: cluster.name,
    location: locationOf(stage),
    zones,
    account: nodeAccount.email,
    pools: stage.pools,
    labels,
  },
  { provider: google, dependsOn: nodeAccount },
);
new WorkloadIdentity(
  'workload-identity',
  {
    project,
    accounts: identities.accounts,
    podsOf: account => (account === 'keda' ? 'keda/keda-operator' : `${namespaceName}/${account}`),
  },
  { provider: google, dependsOn: cluster },
);

// What they keep things in
new Messaging(
  'messaging',
  {
    members,
    operators: [identities.operators],
    serviceAgent: apis.agents.pubsub,
    regions: [region],
    retentionDays: stage.messaging.retentionDays,
    labels,
  },
  inCloud,
);
const base = project;
new Storage('storage', { base, members, labels, ...stage.storage }, inCloud);

// How it is reached
const edge = new Edge(
  'edge',
  {
    domain: stage.dns.domain,
    hosts: [stage.dns.proxy, stage.dns.page],
    requestsPerMinute: stage.edge.requestsPerMinute,
    labels,
  },
  inCloud,
);

/** The line to paste: `go env -w GOPROXY=…`. */
export const goproxy = `https://${stage.dns.proxy}`;
export const page = `https://${stage.dns.page}`;
export const clusterName = cluster.name;
/** To be written into the zone above the stage's. */
export const nameServers = edge.nameServers;
/** What origins see the stage as. */
export const egressAddresses = network.egressAddresses;
