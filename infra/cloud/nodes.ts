import { NodePool } from '@pulumi/gcp/container/index.js';
import { IAMMember } from '@pulumi/gcp/projects/index.js';
import { Account } from '@pulumi/gcp/serviceaccount/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import { type PoolName, poolLabel, poolNames } from '../services.ts';
import type { PoolValues } from '../stage.ts';
import { nodeTag } from './network.ts';

export interface NodeAccountArgs {
  project: string;
}

/**
 * Who the nodes are: they write logs and metrics and, by a right that the registry gives, pull images. Pods never act as
 * the node; each has an identity of its own.
 */
export class NodeAccount extends ComponentResource {
  readonly email: Output<string>;
  /** IAM member, `serviceAccount:…`. */
  readonly member: Output<string>;

  constructor(name: string, args: NodeAccountArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:NodeAccount', name, {}, opts);
    const account = new Account(
      name,
      { accountId: 'gocenter-nodes', displayName: 'GoCenter: nodes' },
      { parent: this },
    );
    new IAMMember(
      `${name}-logs-and-metrics`,
      { project: args.project, role: 'roles/container.defaultNodeServiceAccount', member: account.member },
      { parent: this },
    );
    this.email = account.email;
    this.member = account.member;
    this.registerOutputs({ email: this.email, member: this.member });
  }
}

export interface NodePoolsArgs {
  /** The cluster's name and its location, a region or a zone. */
  cluster: Input<string>;
  location: string;
  zones: readonly string[];
  /** E-mail of the nodes' service account. */
  account: Input<string>;
  pools: Readonly<Record<PoolName, PoolValues>>;
  labels: Readonly<Record<string, string>>;
}

/** Pools that only take pods which tolerate them: work that can wait is not allowed to fill the nodes of others. */
export const tainted: readonly PoolName[] = ['workers'];

/** The pools, each autoscaling between bounds that count nodes in all zones together. */
export class NodePools extends ComponentResource {
  constructor(name: string, args: NodePoolsArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:NodePools', name, {}, opts);
    for (const pool of poolNames) {
      const values = args.pools[pool];
      new NodePool(
        `${name}-${pool}`,
        {
          name: pool,
          cluster: args.cluster,
          location: args.location,
          nodeLocations: [...args.zones],
          // A zone, when the pool is made. From then on the autoscaler has the number: to manage it here would be to take
          // its nodes away.
          initialNodeCount: 1,
          ignoreNodeCountChanges: true,
          autoscaling: {
            totalMinNodeCount: values.min,
            totalMaxNodeCount: values.max,
            // Spot nodes where there are some; those who serve in all zones alike.
            locationPolicy: values.spot ? 'ANY' : 'BALANCED',
          },
          management: { autoRepair: true, autoUpgrade: true },
          upgradeSettings: { strategy: 'SURGE', maxSurge: 1, maxUnavailable: 0 },
          networkConfig: { enablePrivateNodes: true },
          nodeConfig: {
            machineType: values.machineType,
            diskSizeGb: values.diskGb,
            diskType: values.diskType,
            imageType: 'COS_CONTAINERD',
            spot: values.spot,
            serviceAccount: args.account,
            // The old way to limit a node, before IAM: its account's roles are the limit.
            oauthScopes: ['https://www.googleapis.com/auth/cloud-platform'],
            labels: { [poolLabel]: pool },
            taints: tainted.includes(pool) ? [{ key: poolLabel, value: pool, effect: 'NO_SCHEDULE' }] : [],
            tags: [nodeTag],
            resourceLabels: { ...args.labels, pool },
            metadata: { 'disable-legacy-endpoints': 'true' },
            workloadMetadataConfig: { mode: 'GKE_METADATA' },
            shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
            kubeletConfig: { insecureKubeletReadonlyPortEnabled: 'FALSE', podPidsLimit: 4096 },
            linuxNodeConfig: { cgroupMode: 'CGROUP_MODE_V2' },
            gvnic: { enabled: true },
            // Image streaming: pods start before their image is there as a whole.
            gcfsConfig: { enabled: true },
          },
        },
        { parent: this },
      );
    }
    this.registerOutputs({});
  }
}
