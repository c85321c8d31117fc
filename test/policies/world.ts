import type { Resource } from './run.ts';

/**
 * A small stack that violates nothing and that every policy has something to say about: one workload with all that
 * belongs to it, and one of everything in the cloud. Cases break one property of it.
 */
const place = (name: string, namespace: string | undefined = 'gocenter') => ({
  name,
  ...(namespace && { namespace }),
  labels: {
    'app.kubernetes.io/name': 'processor',
    'app.kubernetes.io/part-of': 'gocenter',
    'app.kubernetes.io/managed-by': 'pulumi',
    owner: 'platform',
    stage: 'prod',
  },
});
const selected = { matchLabels: { 'app.kubernetes.io/name': 'processor' } };
const labels = { app: 'gocenter', stage: 'prod', owner: 'platform', 'cost-centre': 'platform' };
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const image = (name: string) => `europe-west1-docker.pkg.dev/project/images/${name}@${digest}`;
const sizes = { cpu: '1', memory: '512Mi', 'ephemeral-storage': '1Gi' };

const container = (name: string) => ({
  name,
  image: image(name),
  args: ['processor', '--cache=/var/cache'],
  env: [{ name: 'LOG_LEVEL', value: 'info' }],
  ports: [{ name: 'origin', containerPort: 8070 }],
  resources: { requests: { ...sizes, cpu: '250m' }, limits: sizes },
  readinessProbe: { httpGet: { path: '/readyz', port: 'origin' } },
  livenessProbe: { httpGet: { path: '/healthz', port: 'origin' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    runAsUser: 65532,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
  volumeMounts: [{ name: 'config', mountPath: '/etc/processor' }],
});

const podSpec = () => ({
  serviceAccountName: 'processor',
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 30,
  nodeSelector: { 'gocenter/pool': 'workers' },
  tolerations: [{ key: 'gocenter/pool', value: 'workers', effect: 'NoSchedule' }],
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone' }],
  securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] },
  volumes: [
    { name: 'config', configMap: { name: 'processor' } },
    { name: 'secrets', csi: { driver: 'secrets', volumeAttributes: { secretProviderClass: 'processor' } } },
  ],
  containers: [container('processor')],
});

const template = () => ({ metadata: { labels: place('').labels }, spec: podSpec() });

const kubernetes = (type: string, name: string, rest: object, namespace?: string): Resource => ({
  type: `kubernetes:${type}`,
  name,
  props: { metadata: namespace === '' ? { name, labels: place('').labels } : place(name), ...rest },
});
const cloud = (type: string, name: string, props: Record<string, unknown>): Resource => {
  const kind = type.split('/').at(-1) ?? '';
  return { type: `gcp:${type}:${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, name, props };
};
const reading = (who: string, subscription: string) =>
  cloud('pubsub/subscriptionIAMMember', `${who}-reads-${subscription}`, {
    subscription: `projects/project/subscriptions/${subscription}`,
    role: 'roles/pubsub.subscriber',
    member:
      who === 'agent' ? 'serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com' : `group:${who}@example.com`,
  });

export const world = (): Record<string, Resource> => JSON.parse(JSON.stringify(resources()));

const resources = (): Record<string, Resource> => ({
  namespace: {
    type: 'kubernetes:core/v1:Namespace',
    name: 'gocenter',
    props: {
      metadata: {
        name: 'gocenter',
        labels: { ...place('').labels, 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    },
  },
  quota: kubernetes('core/v1:ResourceQuota', 'quota', {
    spec: { hard: { pods: '10', 'limits.cpu': '10', 'limits.memory': '10Gi' } },
  }),
  limitRange: kubernetes('core/v1:LimitRange', 'limits', { spec: { limits: [{ type: 'Pod', max: { cpu: '4' } }] } }),
  defaultDeny: kubernetes('networking.k8s.io/v1:NetworkPolicy', 'default-deny', {
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  }),
  deployment: kubernetes('apps/v1:Deployment', 'processor', {
    spec: {
      selector: selected,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } },
      template: template(),
    },
  }),
  job: kubernetes('batch/v1:Job', 'clean', {
    spec: { activeDeadlineSeconds: 600, backoffLimit: 3, ttlSecondsAfterFinished: 600, template: template() },
  }),
  service: kubernetes('core/v1:Service', 'processor', {
    spec: {
      type: 'ClusterIP',
      selector: selected.matchLabels,
      ports: [{ name: 'origin', port: 80, targetPort: 'origin' }],
    },
  }),
  account: {
    type: 'kubernetes:core/v1:ServiceAccount',
    name: 'processor-account',
    props: {
      metadata: {
        ...place('processor'),
        annotations: { 'iam.gke.io/gcp-service-account': 'processor@project.iam.gserviceaccount.com' },
      },
    },
  },
  configMap: kubernetes('core/v1:ConfigMap', 'processor', { data: { 'config.yaml': 'level: info\ntimeout: 30s\n' } }),
  secretClass: kubernetes('secrets-store.csi.x-k8s.io/v1:SecretProviderClass', 'processor', {
    spec: { provider: 'gke' },
  }),
  scaler: kubernetes('keda.sh/v1alpha1:ScaledObject', 'processor', {
    spec: { scaleTargetRef: { name: 'processor' }, minReplicaCount: 2, maxReplicaCount: 20 },
  }),
  budget: kubernetes('policy/v1:PodDisruptionBudget', 'processor', { spec: { maxUnavailable: 1, selector: selected } }),
  traffic: kubernetes('networking.k8s.io/v1:NetworkPolicy', 'processor', {
    spec: {
      podSelector: selected,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: selected }] }],
      egress: [
        {
          to: [
            {
              ipBlock: {
                cidr: '0.0.0.0/0',
                except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'],
              },
            },
          ],
        },
      ],
    },
  }),
  monitoring: kubernetes('monitoring.googleapis.com/v1:PodMonitoring', 'processor', {
    spec: { selector: selected, endpoints: [{ port: 'origin' }] },
  }),
  gateway: kubernetes('gateway.networking.k8s.io/v1:Gateway', 'edge', {
    spec: {
      listeners: [
        { name: 'http', protocol: 'HTTP' },
        { name: 'https', protocol: 'HTTPS' },
      ],
    },
  }),
  route: kubernetes('gateway.networking.k8s.io/v1:HTTPRoute', 'proxy', {
    spec: { parentRefs: [{ name: 'edge' }], rules: [{ backendRefs: [{ name: 'processor', port: 80 }] }] },
  }),
  backendPolicy: kubernetes('networking.gke.io/v1:GCPBackendPolicy', 'processor', {
    spec: { targetRef: { kind: 'Service', name: 'processor' }, default: { securityPolicy: 'armor' } },
  }),
  gatewayPolicy: kubernetes('networking.gke.io/v1:GCPGatewayPolicy', 'edge', {
    spec: { targetRef: { kind: 'Gateway', name: 'edge' }, default: { sslPolicy: 'modern' } },
  }),
  role: kubernetes('rbac.authorization.k8s.io/v1:Role', 'reader', {
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
  }),
  roleBinding: kubernetes('rbac.authorization.k8s.io/v1:RoleBinding', 'reader', {
    roleRef: { kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'processor' }],
  }),
  secretObject: kubernetes('core/v1:Secret', 'empty', { type: 'Opaque' }),
  criticalQuota: kubernetes('core/v1:ResourceQuota', 'critical', {
    spec: {
      hard: { pods: '10' },
      scopeSelector: {
        matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-cluster-critical'] }],
      },
    },
  }),
  release: {
    type: 'kubernetes:helm.sh/v3:Release',
    name: 'keda',
    props: {
      chart: 'keda',
      version: '2.17.0',
      namespace: 'gocenter',
      values: { priorityClassName: 'system-cluster-critical' },
    },
  },

  cluster: cloud('container/cluster', 'cluster', {
    name: 'gocenter',
    deletionProtection: true,
    resourceLabels: labels,
    privateClusterConfig: { enablePrivateNodes: true },
    controlPlaneEndpointsConfig: { ipEndpointsConfig: { enabled: false } },
    workloadIdentityConfig: { workloadPool: 'project.svc.id.goog' },
    enableLegacyAbac: false,
    masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
    rbacBindingConfig: {
      enableInsecureBindingSystemAuthenticated: false,
      enableInsecureBindingSystemUnauthenticated: false,
    },
    databaseEncryption: { state: 'ENCRYPTED', keyName: 'key' },
    binaryAuthorization: { evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' },
    securityPostureConfig: { mode: 'BASIC' },
    releaseChannel: { channel: 'REGULAR' },
    maintenancePolicy: { recurringWindow: { startTime: 'a', endTime: 'b', recurrence: 'c' } },
    costManagementConfig: { enabled: true },
    datapathProvider: 'ADVANCED_DATAPATH',
    networkingMode: 'VPC_NATIVE',
    loggingConfig: { enableComponents: ['SYSTEM_COMPONENTS', 'WORKLOADS'] },
    monitoringConfig: { managedPrometheus: { enabled: true } },
    clusterAutoscaling: {
      enabled: true,
      resourceLimits: [
        { resourceType: 'cpu', maximum: 100 },
        { resourceType: 'memory', maximum: 400 },
      ],
    },
  }),
  backupPlan: cloud('gkebackup/backupPlan', 'backup', {
    cluster: 'projects/project/locations/europe-west1/clusters/gocenter',
    backupSchedule: { cronSchedule: '0 1 * * *' },
    labels,
  }),
  pool: cloud('container/nodePool', 'workers', {
    autoscaling: { totalMinNodeCount: 1, totalMaxNodeCount: 9 },
    management: { autoRepair: true, autoUpgrade: true },
    nodeConfig: {
      machineType: 'e2-standard-4',
      diskSizeGb: 100,
      imageType: 'COS_CONTAINERD',
      spot: true,
      serviceAccount: 'nodes@project.iam.gserviceaccount.com',
      taints: [{ key: 'gocenter/pool', value: 'workers', effect: 'NO_SCHEDULE' }],
      resourceLabels: labels,
      workloadMetadataConfig: { mode: 'GKE_METADATA' },
      shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
    },
  }),
  subnet: cloud('compute/subnetwork', 'nodes', { privateIpGoogleAccess: true, logConfig: { flowSampling: 0.5 } }),
  firewall: cloud('compute/firewall', 'health', { sourceRanges: ['35.191.0.0/16'], allows: [{ protocol: 'tcp' }] }),
  sslPolicy: {
    type: 'gcp:compute/sSLPolicy:SSLPolicy',
    name: 'tls',
    props: { minTlsVersion: 'TLS_1_2', profile: 'MODERN' },
  },
  backendService: cloud('compute/backendService', 'backend', { securityPolicy: 'armor' }),
  zone: cloud('dns/managedZone', 'zone', { dnsName: 'example.com.', dnssecConfig: { state: 'on' }, labels }),
  database: cloud('sql/databaseInstance', 'catalogue', {
    deletionProtection: true,
    settings: {
      deletionProtectionEnabled: true,
      availabilityType: 'REGIONAL',
      diskAutoresizeLimit: 100,
      userLabels: labels,
      ipConfiguration: { ipv4Enabled: false, sslMode: 'ENCRYPTED_ONLY' },
      backupConfiguration: {
        enabled: true,
        pointInTimeRecoveryEnabled: true,
        backupRetentionSettings: { retainedBackups: 30 },
      },
    },
  }),
  bucket: cloud('storage/bucket', 'published', {
    name: 'base-published',
    uniformBucketLevelAccess: true,
    publicAccessPrevention: 'enforced',
    forceDestroy: false,
    retentionPolicy: { retentionPeriod: '31536000' },
    softDeletePolicy: { retentionDurationSeconds: 2_592_000 },
    labels,
  }),
  registry: cloud('artifactregistry/repository', 'images', {
    format: 'DOCKER',
    dockerConfig: { immutableTags: true },
    cleanupPolicies: [{ id: 'old', action: 'DELETE' }],
    cleanupPolicyDryRun: false,
    labels,
  }),
  key: cloud('kms/cryptoKey', 'secrets', { rotationPeriod: '7776000s', labels }),
  projectGrant: {
    type: 'gcp:projects/iAMMember:IAMMember',
    name: 'logs',
    props: { role: 'roles/logging.logWriter', member: 'serviceAccount:processor@project.iam.gserviceaccount.com' },
  },
  bucketGrant: cloud('storage/bucketIAMMember', 'reads', {
    bucket: 'base-published',
    role: 'roles/storage.objectViewer',
    member: 'serviceAccount:processor@project.iam.gserviceaccount.com',
  }),
  accountGrant: {
    type: 'gcp:serviceaccount/iAMMember:IAMMember',
    name: 'binding',
    props: {
      role: 'roles/iam.workloadIdentityUser',
      member: 'serviceAccount:project.svc.id.goog[gocenter/processor]',
    },
  },
  topic: cloud('pubsub/topic', 'requested', { name: 'module.requested', labels }),
  deadTopic: cloud('pubsub/topic', 'dead', { name: 'processor.dead', labels }),
  subscription: cloud('pubsub/subscription', 'processor', {
    name: 'processor',
    topic: 'projects/project/topics/module.requested',
    deadLetterPolicy: { deadLetterTopic: 'projects/project/topics/processor.dead', maxDeliveryAttempts: 5 },
    retryPolicy: { minimumBackoff: '1s', maximumBackoff: '600s' },
    expirationPolicy: { ttl: '' },
    messageRetentionDuration: '604800s',
    labels,
  }),
  deadSubscription: cloud('pubsub/subscription', 'processor.dead', {
    name: 'processor.dead',
    topic: 'projects/project/topics/processor.dead',
    expirationPolicy: { ttl: '' },
    messageRetentionDuration: '2678400s',
    labels,
  }),
  agentPublishes: cloud('pubsub/topicIAMMember', 'agent-publishes', {
    topic: 'projects/project/topics/processor.dead',
    role: 'roles/pubsub.publisher',
    member: 'serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com',
  }),
  agentReads: reading('agent', 'processor'),
  serviceReads: reading('processor', 'processor'),
  operatorsRead: reading('operators', 'processor.dead'),
  dataset: cloud('bigquery/dataset', 'analytics', {
    datasetId: 'analytics',
    defaultPartitionExpirationMs: 86_400_000,
    deleteContentsOnDestroy: false,
    accesses: [{ role: 'OWNER', iamMember: 'group:operators@example.com' }],
    labels,
  }),
  table: cloud('bigquery/table', 'downloads', {
    tableId: 'downloads_raw',
    deletionProtection: true,
    timePartitioning: { type: 'DAY', expirationMs: 86_400_000 },
    requirePartitionFilter: true,
    labels,
  }),
  sink: cloud('logging/projectSink', 'downloads', {
    destination: 'bigquery.googleapis.com/projects/project/datasets/analytics',
    uniqueWriterIdentity: true,
    bigqueryOptions: { usePartitionedTables: true },
    writerIdentity: 'serviceAccount:sink@example.com',
  }),
  sinkGrant: cloud('bigquery/datasetIamMember', 'sink-writes', {
    datasetId: 'analytics',
    role: 'roles/bigquery.dataEditor',
    member: 'serviceAccount:sink@example.com',
  }),
  spend: cloud('billing/budget', 'budget', { thresholdRules: [{ thresholdPercent: 0.9 }] }),
  alert: cloud('monitoring/alertPolicy', 'alert', {
    enabled: true,
    notificationChannels: ['projects/project/notificationChannels/1'],
    documentation: { content: 'Look at the runbook.' },
  }),
});
