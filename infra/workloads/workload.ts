import * as k8s from '@pulumi/kubernetes';
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import { clusterWatcher } from './cluster-watcher.ts';
import { firstJob } from './first-job.ts';
import { labels, type Owner, selector } from './labels.ts';
import { fromMonitoring, type Traffic } from './network.ts';
import * as pod from './pod.ts';
import { servicePod } from './pod-spec.ts';
import { autoscaler, type Scale, type ScaleContext } from './scale.ts';
import { type SecretFile, secretClass } from './secrets.ts';
import type { Image } from './units.ts';

/**
 * What has to be said of a service. Nothing that protects it can be left out: without an owner, requests, limits (of
 * disk too), a scale or its traffic it does not compile; probes, labels and the security context are not asked for but given.
 */
export interface WorkloadArgs {
  namespace: Input<string>;
  /** Which service of the image: its only argument. */
  service: string;
  owner: Owner;
  stage: string;
  image: Input<Image>;
  /** The node pool that it runs on. */
  pool: string;
  /** Whether that pool repels what does not tolerate it. */
  tainted: boolean;
  /** E-mail of its Google service account; undefined for a service that asks Google nothing. */
  identity: Input<string> | undefined;
  environment: Readonly<Record<string, Input<string>>>;
  /** Mounted as files; the variables that name them are set here. */
  secrets: readonly SecretFile[];
  /** Ports besides the admin port, by name. */
  ports: Readonly<Record<string, number>>;
  resources: pod.Resources;
  scratch: readonly pod.Scratch[];
  scale: Scale;
  prometheus: ScaleContext['prometheus'];
  traffic: Traffic;
  /** A database behind a Cloud SQL Auth Proxy on loopback. */
  database?: { image: Input<Image>; instance: Input<string>; port: number } | undefined;
  /** A command of its image that ends before pods of that image start, and what it talks to. */
  first?: { command: string; egress: Traffic['egress'] } | undefined;
  /** Whether it watches the pods, jobs and nodes of the cluster; all others get no token for Kubernetes' API. */
  watchesCluster?: boolean;
  /** Seconds that it is still sent requests after it has been told to go: as long as its clients take to notice. */
  lameDuck: number;
  /** Its SHUTDOWN_TIMEOUT, in seconds. */
  drain: number;
  /** Class of the pods; what serves goes before what works in the background. */
  priority: Input<string>;
}

/**
 * One service: ServiceAccount, Deployment, Service, autoscaler, PodDisruptionBudget, NetworkPolicy, PodMonitoring and,
 * if it has secrets, the SecretProviderClass that mounts them; a Job where something has to be done first, and a role where
 * it watches the cluster.
 */
export class Workload extends ComponentResource {
  readonly deployment: k8s.apps.v1.Deployment;
  readonly service: k8s.core.v1.Service;
  /** Name of the Service, which is the workload's. */
  readonly host: Output<string>;

  constructor(name: string, args: WorkloadArgs, options?: ComponentResourceOptions) {
    super('gocenter:workloads:Workload', name, {}, options);
    const common = labels(args.service, args.service, args.owner, args.stage);
    const metadata = { name: args.service, namespace: args.namespace, labels: common };
    const matchLabels = selector(args.service);
    const parent = { parent: this };

    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      {
        metadata: {
          ...metadata,
          ...(args.identity && { annotations: { 'iam.gke.io/gcp-service-account': args.identity } }),
        },
        // Google's identity comes from the metadata server; a pod that asks Kubernetes for something says so itself.
        automountServiceAccountToken: false,
      },
      parent,
    );
    if (args.watchesCluster) clusterWatcher(`${name}-watches`, metadata, this);
    const secrets = args.secrets.length > 0 ? [secretClass(`${name}-secrets`, metadata, args.secrets, this)] : [];
    const first = args.first && [firstJob(name, args, args.first, { parent: this, dependsOn: [account, ...secrets] })];

    this.deployment = new k8s.apps.v1.Deployment(
      name,
      {
        metadata,
        spec: {
          // No replicas: the autoscaler has them, and each deployment would take them back.
          selector: { matchLabels },
          revisionHistoryLimit: 5,
          minReadySeconds: 10,
          progressDeadlineSeconds: 600,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
          template: {
            metadata: { labels: common, annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true' } },
            spec: servicePod(args),
          },
        },
      },
      { parent: this, ...(first && { dependsOn: first }) },
    );
    this.service = new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata,
        spec: {
          type: 'ClusterIP',
          selector: matchLabels,
          ports: Object.entries({ ...args.ports, admin: pod.adminPort }).map(([port, number]) => ({
            name: port,
            port: number,
            targetPort: port,
            protocol: 'TCP',
          })),
        },
      },
      parent,
    );
    this.host = this.service.metadata.name;

    const { prometheus, namespace } = args;
    autoscaler(`${name}-scale`, { name: args.service, namespace, labels: common, prometheus }, args.scale, this);
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-disruption`,
      // At most one away also lets a single pod move; a pod that is broken anyway never holds up a node's drain.
      { metadata, spec: { maxUnavailable: 1, selector: { matchLabels }, unhealthyPodEvictionPolicy: 'AlwaysAllow' } },
      parent,
    );
    new k8s.networking.v1.NetworkPolicy(
      `${name}-traffic`,
      {
        metadata,
        spec: {
          podSelector: { matchLabels },
          policyTypes: ['Ingress', 'Egress'],
          ingress: [...args.traffic.ingress, fromMonitoring(pod.adminPort)],
          egress: args.traffic.egress,
        },
      },
      parent,
    );
    new k8s.apiextensions.CustomResource(
      `${name}-monitoring`,
      {
        apiVersion: 'monitoring.googleapis.com/v1',
        kind: 'PodMonitoring',
        metadata,
        spec: {
          selector: { matchLabels },
          endpoints: [{ port: 'admin', path: '/metrics', interval: '15s', timeout: '10s' }],
          targetLabels: { metadata: ['pod', 'node'] },
        },
      },
      parent,
    );
    this.registerOutputs({ host: this.host });
  }
}
