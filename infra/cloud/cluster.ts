import { Cluster as GkeCluster } from '@pulumi/gcp/container/index.js';
import { BackupPlan } from '@pulumi/gcp/gkebackup/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate, type Output } from '@pulumi/pulumi';
import type { Stage } from '../stage.ts';
import { nodeTag } from './network.ts';

export interface ClusterArgs {
  project: string;
  region: string;
  /** One zone makes a zonal control plane, several a regional one that outlives a zone and its own upgrades. */
  zones: readonly string[];
  network: Input<string>;
  subnetwork: Input<string>;
  /** Names of the subnetwork's ranges of pods and services. */
  ranges: { pods: Input<string>; services: Input<string> };
  /** Range of the control plane's private address, /28. */
  controlPlane: string;
  /** KMS key for secrets in etcd; GKE must have its right already. */
  secretsKey: Input<string>;
  /** E-mail of the nodes' service account. */
  nodeAccount: Input<string>;
  /** Channel, maintenance, limits, backup and deletion protection. */
  values: Stage['cluster'];
  labels: Readonly<Record<string, string>>;
}

export const locationOf = ({ region, zones }: { region: string; zones: readonly string[] }): string => {
  const [zone, ...more] = zones;
  return zone !== undefined && more.length === 0 ? zone : region;
};

/** Pods a node, and so a /25 of the pods' range for each. */
export const podsPerNode = 64;

/**
 * A private GKE cluster after Google's hardening guide. Its control plane is asked by name only (the DNS endpoint, which
 * checks IAM before anything else); it has no public address, and its private one is for the nodes. Nodes are in pools of
 * their own (nodes.ts); what fits in none of them gets nodes by auto-provisioning, within limits.
 */
export class Cluster extends ComponentResource {
  readonly name: Output<string>;
  readonly location: string;
  /** `https://` and the name of the control plane. */
  readonly endpoint: Output<string>;

  constructor(name: string, args: ClusterArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Cluster', name, {}, opts);
    const { project, labels, values } = args;
    this.location = locationOf(args);
    const { maintenance, limits, backup } = values;

    const cluster = new GkeCluster(
      name,
      {
        name: 'gocenter',
        location: this.location,
        nodeLocations: this.location === args.region ? [...args.zones] : [],
        resourceLabels: labels,
        deletionProtection: values.deletionProtection,

        // The pool that GKE insists on is made and removed at once.
        initialNodeCount: 1,
        removeDefaultNodePool: true,
        nodeConfig: { serviceAccount: args.nodeAccount, shieldedInstanceConfig: { enableSecureBoot: true } },

        network: args.network,
        subnetwork: args.subnetwork,
        networkingMode: 'VPC_NATIVE',
        ipAllocationPolicy: {
          clusterSecondaryRangeName: args.ranges.pods,
          servicesSecondaryRangeName: args.ranges.services,
        },
        defaultMaxPodsPerNode: podsPerNode,
        datapathProvider: 'ADVANCED_DATAPATH',
        enableIntranodeVisibility: true,
        gatewayApiConfig: { channel: 'CHANNEL_STANDARD' },

        privateClusterConfig: {
          enablePrivateNodes: true,
          enablePrivateEndpoint: true,
          masterIpv4CidrBlock: args.controlPlane,
        },
        controlPlaneEndpointsConfig: {
          dnsEndpointConfig: { allowExternalTraffic: true },
          ipEndpointsConfig: { enabled: false },
        },
        masterAuthorizedNetworksConfig: { gcpPublicCidrsAccessEnabled: false, privateEndpointEnforcementEnabled: true },

        workloadIdentityConfig: { workloadPool: `${project}.svc.id.goog` },
        enableLegacyAbac: false,
        rbacBindingConfig: {
          enableInsecureBindingSystemAuthenticated: false,
          enableInsecureBindingSystemUnauthenticated: false,
        },
        masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
        enableShieldedNodes: true,
        databaseEncryption: { state: 'ENCRYPTED', keyName: args.secretsKey },
        secretManagerConfig: { enabled: true },
        binaryAuthorization: { evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' },
        securityPostureConfig: { mode: 'BASIC', vulnerabilityMode: 'VULNERABILITY_BASIC' },

        releaseChannel: { channel: values.releaseChannel },
        maintenancePolicy: {
          recurringWindow: {
            startTime: maintenance.start,
            endTime: maintenance.end,
            recurrence: maintenance.recurrence,
          },
          maintenanceExclusions: maintenance.exclusions.map(exclusion => ({
            exclusionName: exclusion.name,
            startTime: exclusion.start,
            endTime: exclusion.end,
            exclusionOptions: { scope: exclusion.scope },
          })),
        },
        costManagementConfig: { enabled: true },
        addonsConfig: {
          gkeBackupAgentConfig: { enabled: true },
          dnsCacheConfig: { enabled: true },
          gcePersistentDiskCsiDriverConfig: { enabled: true },
        },

        loggingConfig: {
          enableComponents: ['SYSTEM_COMPONENTS', 'WORKLOADS', 'APISERVER', 'CONTROLLER_MANAGER', 'SCHEDULER'],
        },
        monitoringConfig: {
          enableComponents: [
            'SYSTEM_COMPONENTS',
            'APISERVER',
            'CONTROLLER_MANAGER',
            'SCHEDULER',
            'STORAGE',
            'HPA',
            'POD',
            'DAEMONSET',
            'DEPLOYMENT',
            'STATEFULSET',
            'KUBELET',
            'CADVISOR',
          ],
          managedPrometheus: { enabled: true },
          advancedDatapathObservabilityConfig: { enableMetrics: true, enableRelay: false },
        },

        podAutoscaling: { hpaProfile: 'PERFORMANCE' },
        verticalPodAutoscaling: { enabled: true },
        clusterAutoscaling: {
          enabled: true,
          autoscalingProfile: 'OPTIMIZE_UTILIZATION',
          resourceLimits: [
            { resourceType: 'cpu', minimum: 1, maximum: limits.cpu },
            { resourceType: 'memory', minimum: 1, maximum: limits.memoryGb },
          ],
          autoProvisioningLocations: [...args.zones],
          autoProvisioningDefaults: {
            serviceAccount: args.nodeAccount,
            oauthScopes: ['https://www.googleapis.com/auth/cloud-platform'],
            imageType: 'COS_CONTAINERD',
            diskType: 'pd-balanced',
            diskSize: 100,
            shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
            management: { autoRepair: true, autoUpgrade: true },
            upgradeSettings: { strategy: 'SURGE', maxSurge: 1, maxUnavailable: 0 },
          },
        },
        nodePoolAutoConfig: {
          networkTags: { tags: [nodeTag] },
          nodeKubeletConfig: { insecureKubeletReadonlyPortEnabled: 'FALSE' },
        },
      },
      // Of the pool that is gone; what is read back is another's.
      { parent: this, ignoreChanges: ['nodeConfig', 'initialNodeCount'] },
    );

    new BackupPlan(
      `${name}-backup`,
      {
        name: 'gocenter',
        location: args.region,
        cluster: cluster.id,
        labels,
        // No secret of ours is in the cluster: they are files from Secret Manager.
        backupConfig: { allNamespaces: true, includeVolumeData: true, includeSecrets: false },
        backupSchedule: { cronSchedule: backup.schedule },
        retentionPolicy: { backupRetainDays: backup.days },
      },
      { parent: this },
    );

    this.name = cluster.name;
    this.endpoint = interpolate`https://${cluster.controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint}`;
    this.registerOutputs({ name: this.name, endpoint: this.endpoint });
  }
}
