import { Cluster } from '@pulumi/gcp/container/cluster.js';
import { NodePool } from '@pulumi/gcp/container/nodePool.js';
import { AlertPolicy } from '@pulumi/gcp/monitoring/alertPolicy.js';
import { all } from './check.ts';
import { cloudPolicy } from './define.ts';

export const clusterDataplane = cloudPolicy(Cluster, {
  name: 'cluster-dataplane',
  description: 'Checks that the cluster enforces network policies itself, with Dataplane V2.',
  check(cluster, say) {
    if (cluster.datapathProvider === 'ADVANCED_DATAPATH') return;
    say('datapathProvider', `is ${cluster.datapathProvider ?? 'missing'}`, 'write ADVANCED_DATAPATH');
  },
});

export const clusterVpcNative = cloudPolicy(Cluster, {
  name: 'cluster-vpc-native',
  description: 'Checks that pods have addresses of the network, which load balancers and firewalls know.',
  check(cluster, say) {
    if (cluster.networkingMode === 'VPC_NATIVE' || cluster.ipAllocationPolicy) return;
    say('networkingMode', `is ${cluster.networkingMode ?? 'missing'}`, 'write VPC_NATIVE with an ipAllocationPolicy');
  },
});

export const clusterSecurityPosture = cloudPolicy(Cluster, {
  name: 'cluster-security-posture',
  description: 'Checks that GKE looks for faults of workloads and known vulnerabilities of images.',
  check(cluster, say) {
    const mode = cluster.securityPostureConfig?.mode;
    if (mode && mode !== 'DISABLED') return;
    say('securityPostureConfig.mode', `is ${mode ?? 'missing'}`, 'write BASIC or ENTERPRISE');
  },
});

export const clusterObservability = cloudPolicy(Cluster, {
  name: 'cluster-observability',
  description: 'Checks that the cluster keeps logs of system and workloads and collects metrics.',
  check(cluster, say) {
    all(
      () => {
        const components = cluster.loggingConfig?.enableComponents ?? [];
        const missing = ['SYSTEM_COMPONENTS', 'WORKLOADS'].filter(name => !components.includes(name));
        if (missing.length > 0) say('loggingConfig.enableComponents', `lacks ${missing.join(', ')}`, 'add them');
      },
      () => {
        if (cluster.monitoringConfig?.managedPrometheus?.enabled === true) return;
        say('monitoringConfig.managedPrometheus.enabled', 'is not true', 'set it to true');
      },
    );
  },
});

export const nodePoolImage = cloudPolicy(NodePool, {
  name: 'node-pool-image',
  description: 'Checks that nodes run Google’s hardened system.',
  check(pool, say) {
    // Not given, it is COS_CONTAINERD.
    const type = pool.nodeConfig?.imageType ?? 'COS_CONTAINERD';
    if (type.toUpperCase() !== 'COS_CONTAINERD') say('nodeConfig.imageType', `is ${type}`, 'write COS_CONTAINERD');
  },
});

export const alertChannel = cloudPolicy(AlertPolicy, {
  name: 'alert-channel',
  description: 'Checks that every alert is on, reaches somebody and says what to do.',
  check(alert, say) {
    all(
      () => {
        if (alert.enabled === false) say('enabled', 'is false', 'leave it out, or remove the alert');
      },
      () => {
        if ((alert.notificationChannels?.length ?? 0) === 0) {
          say('notificationChannels', 'nobody hears of it', 'name a notification channel');
        }
      },
      () => {
        if (!alert.documentation?.content)
          say('documentation.content', 'is missing', 'say what to do, or where it is said');
      },
    );
  },
});
