import type { Resource } from './run.ts';

/**
 * One broken property a case, and exactly what is said of it. `on` and `remove` are keys of the world. Where the value is
 * not known yet, the policy must wait for it, unless `unknown` says that it is enough to judge that there
 * is one.
 */
export type Case = { says: string | readonly string[]; unknown?: 'passes' | 'fires' } & (
  | { on: string; path: string; value?: unknown }
  | { remove: string }
  | { add: Resource }
);

const pod = 'spec.template.spec';
const first = `${pod}.containers[0]`;

/** A case of the first container; `path` and `says` are within it. */
const inContainer = (path: string, value: unknown, at: string, says: string): Case => ({
  on: 'deployment',
  path: `${first}.${path}`,
  value,
  says: `Deployment gocenter/processor, container processor, ${first}.${at}: ${says}`,
});
const inPod = (path: string, value: unknown, at: string, says: string): Case => ({
  on: 'deployment',
  path: `${pod}.${path}`,
  value,
  says: `Deployment gocenter/processor, ${pod}.${at}: ${says}`,
});
/** A case of a resource of the cloud, named in messages by `place`. */
const of = (on: string, place: string) => (path: string, value: unknown, says: string, at?: string) => ({
  on,
  path,
  value,
  says: `${place}, ${at ?? path}: ${says}`,
});
const ofCluster = of('cluster', 'Cluster cluster');
const ofPool = of('pool', 'NodePool workers');
const ofDatabase = of('database', 'DatabaseInstance catalogue');
const ofBucket = of('bucket', 'Bucket published');
const ofSubscription = of('subscription', 'Subscription processor');
const toTrue = 'is not true; set it to true.';
const protectedAgain = 'is false; set it to true; whoever means to delete it takes that back first.';
const vault = 'keep it in Secret Manager and mount it as a file.';

const limits: Record<string, readonly Case[]> = {
  'container-requests': [
    inContainer(
      'resources.requests.cpu',
      undefined,
      'resources.requests.cpu',
      'there is no request; write one, such as 100m.',
    ),
  ],
  'container-limits': [
    inContainer(
      'resources.limits.memory',
      undefined,
      'resources.limits.memory',
      'there is no limit; write one, such as 256Mi.',
    ),
  ],
  'container-limit-sizes': [
    inContainer(
      'resources.limits.memory',
      '64Gi',
      'resources.limits.memory',
      'is 64Gi; write a quantity of at most 16Gi.',
    ),
    inContainer('resources.limits.cpu', 'many', 'resources.limits.cpu', 'is many; write a quantity of at most 8.'),
  ],
  'container-requests-within-limits': [
    inContainer(
      'resources.requests.memory',
      '1Gi',
      'resources.requests.memory',
      '1Gi is requested with a limit of 512Mi; write at most 512Mi.',
    ),
  ],
  'namespace-quota': [
    {
      remove: 'quota',
      says: 'Namespace gocenter: nothing bounds its pods, limits.cpu, limits.memory; declare a ResourceQuota in it with these in spec.hard.',
    },
    {
      on: 'quota',
      path: 'spec.hard.pods',
      says: 'Namespace gocenter: nothing bounds its pods; declare a ResourceQuota in it with these in spec.hard.',
      unknown: 'passes',
    },
  ],
  'namespace-limit-range': [
    {
      remove: 'limitRange',
      says: 'Namespace gocenter: one pod may take all of its quota; declare a LimitRange in it with spec.limits[0].max.',
    },
  ],
  'critical-pods-quota': [
    {
      remove: 'criticalQuota',
      says: 'Release keda, values.priorityClassName: GKE refuses pods of system-cluster-critical outside of kube-system without a quota for them; declare a ResourceQuota in gocenter with this class in a scopeSelector.',
    },
    {
      on: 'criticalQuota',
      path: 'spec.scopeSelector.matchExpressions[0].values',
      value: ['low'],
      says: 'Release keda, values.priorityClassName: GKE refuses pods of system-cluster-critical outside of kube-system without a quota for them; declare a ResourceQuota in gocenter with this class in a scopeSelector.',
    },
  ],
  'job-bounds': [
    {
      on: 'job',
      path: 'spec.activeDeadlineSeconds',
      says: 'Job gocenter/clean, spec.activeDeadlineSeconds: there is no deadline; write one in seconds.',
    },
    {
      on: 'job',
      path: 'spec.backoffLimit',
      value: 100,
      says: 'Job gocenter/clean, spec.backoffLimit: is 100; write at most 6.',
    },
    {
      on: 'job',
      path: 'spec.ttlSecondsAfterFinished',
      says: 'Job gocenter/clean, spec.ttlSecondsAfterFinished: the job stays for ever when it has ended; write a time in seconds.',
    },
  ],
};

const labels: Record<string, readonly Case[]> = {
  'cloud-labels': [
    {
      ...ofBucket('labels.owner', undefined, 'lacks owner; write them, as the stage’s values have them.', 'labels'),
      unknown: 'passes',
    },
    {
      ...ofDatabase(
        'settings.userLabels.cost-centre',
        undefined,
        'lacks cost-centre; write them, as the stage’s values have them.',
        'settings.userLabels',
      ),
      unknown: 'passes',
    },
  ],
  'object-labels': [
    {
      on: 'deployment',
      path: 'metadata.labels.owner',
      says: 'Deployment gocenter/processor, metadata.labels: lacks owner; write them.',
      unknown: 'passes',
    },
  ],
  'pod-labels': [
    {
      on: 'deployment',
      path: 'spec.template.metadata.labels.owner',
      says: 'Deployment gocenter/processor: its pods lack the labels owner; write them into the metadata of the pods’ template.',
      unknown: 'passes',
    },
  ],
};

const secrets: Record<string, readonly Case[]> = {
  'secret-in-environment': [
    inContainer(
      'env[0]',
      { name: 'SLACK_TOKEN', value: 'made-up' },
      'env[0].value',
      `SLACK_TOKEN holds a secret, by its name; ${vault}`,
    ),
    inContainer(
      'env[0].value',
      'postgres://catalogue:made-up@10.0.0.1/catalogue',
      'env[0].value',
      `LOG_LEVEL holds a password within an address; ${vault}`,
    ),
  ],
  'secret-by-environment': [
    {
      ...inContainer(
        'env[0]',
        { name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        'env[0].valueFrom.secretKeyRef',
        `X is taken from a Secret; ${vault}`,
      ),
    },
    inContainer(
      'envFrom',
      [{ secretRef: { name: 's' } }],
      'envFrom[0].secretRef',
      `all of a Secret becomes variables; ${vault}`,
    ),
  ],
  'secret-in-arguments': [
    inContainer('args[1]', '--api-key=made-up', 'args[1]', `holds a secret, by its name; ${vault}`),
  ],
  'secret-in-config-map': [
    {
      on: 'configMap',
      path: 'data["config.yaml"]',
      value: 'user: catalogue\npassword: made-up\n',
      says: `ConfigMap gocenter/processor, data["config.yaml"]: holds a secret, by its name; ${vault}`,
    },
  ],
  'secret-object': [
    {
      on: 'secretObject',
      path: 'data.password',
      value: 'bWFkZS11cA==',
      says: `Secret gocenter/empty, data: the values are in the state and in etcd; ${vault}`,
      unknown: 'fires',
    },
  ],
  'secret-in-annotation': [
    {
      on: 'service',
      path: 'metadata.annotations.token',
      value: 'made-up',
      says: `Service gocenter/processor, metadata.annotations["token"]: holds a secret, by its name; ${vault}`,
    },
  ],
  'service-account-key': [
    {
      add: { type: 'gcp:serviceaccount/key:Key', name: 'key', props: {} },
      says: 'Key key: is a key that never expires; use Workload Identity, or Workload Identity Federation from outside.',
    },
  ],
};

const podSecurity: Record<string, readonly Case[]> = {
  'pod-host-namespaces': [
    inPod('hostNetwork', true, 'hostNetwork', 'the pod shares a namespace of its node; leave it out.'),
    inPod('hostPID', true, 'hostPID', 'the pod shares a namespace of its node; leave it out.'),
    inPod('hostIPC', true, 'hostIPC', 'the pod shares a namespace of its node; leave it out.'),
  ],
  'container-privileged': [
    inContainer(
      'securityContext.privileged',
      true,
      'securityContext.privileged',
      'the container can do everything that the node can; leave it out.',
    ),
    inContainer(
      'securityContext.windowsOptions.hostProcess',
      true,
      'securityContext.windowsOptions.hostProcess',
      'the container runs as a process of the node; leave it out.',
    ),
  ],
  'container-privilege-escalation': [
    inContainer(
      'securityContext.allowPrivilegeEscalation',
      undefined,
      'securityContext.allowPrivilegeEscalation',
      'is not false, which is not the default; set it to false.',
    ),
  ],
  'container-capabilities': [
    inContainer(
      'securityContext.capabilities.drop',
      ['NET_RAW'],
      'securityContext.capabilities.drop',
      'not all capabilities are dropped; write ["ALL"].',
    ),
    inContainer(
      'securityContext.capabilities.add',
      ['NET_BIND_SERVICE', 'SYS_ADMIN'],
      'securityContext.capabilities.add[1]',
      'SYS_ADMIN is added; add none, or NET_BIND_SERVICE only.',
    ),
  ],
  'pod-volumes': [
    {
      ...inPod(
        'volumes[0]',
        { name: 'config', hostPath: { path: '/' } },
        'volumes[0].hostPath',
        'this kind of volume is not restricted; use one of configMap, csi, downwardAPI, emptyDir, ephemeral, persistentVolumeClaim, projected, secret.',
      ),
    },
  ],
  'container-host-ports': [
    inContainer(
      'ports[0].hostPort',
      80,
      'ports[0].hostPort',
      'takes port 80 of the node; leave it out and use a Service.',
    ),
  ],
  'pod-sysctls': [
    inPod(
      'securityContext.sysctls[0].name',
      'kernel.msgmax',
      'securityContext.sysctls[0]',
      'kernel.msgmax is not a safe kernel parameter; leave it out.',
    ),
  ],
  'container-run-as-non-root': [
    inContainer(
      'securityContext.runAsNonRoot',
      undefined,
      'securityContext.runAsNonRoot',
      'the container may run as root; set it to true, here or for the pod.',
    ),
  ],
  'container-run-as-user': [
    inContainer(
      'securityContext.runAsUser',
      0,
      'securityContext.runAsUser',
      'user 0 is root; write the number of another user, such as 65532.',
    ),
  ],
  'container-seccomp': [
    inContainer(
      'securityContext.seccompProfile.type',
      'Unconfined',
      'securityContext.seccompProfile.type',
      'Unconfined lets every system call through; write RuntimeDefault, here or for the pod.',
    ),
    inContainer(
      'securityContext.seccompProfile',
      undefined,
      'securityContext.seccompProfile.type',
      'there is no seccomp profile; write RuntimeDefault, here or for the pod.',
    ),
  ],
  'container-app-armor': [
    inContainer(
      'securityContext.appArmorProfile.type',
      'Unconfined',
      'securityContext.appArmorProfile.type',
      'is Unconfined; leave it out, or write RuntimeDefault.',
    ),
  ],
  'container-se-linux': [
    inContainer(
      'securityContext.seLinuxOptions.type',
      'spc_t',
      'securityContext.seLinuxOptions.type',
      'is spc_t; leave it out.',
    ),
    inContainer(
      'securityContext.seLinuxOptions.user',
      'system_u',
      'securityContext.seLinuxOptions',
      'sets a user or role; leave both out.',
    ),
  ],
  'container-proc-mount': [
    inContainer('securityContext.procMount', 'Unmasked', 'securityContext.procMount', 'is Unmasked; leave it out.'),
  ],
  'container-probe-host': [
    inContainer(
      'livenessProbe.httpGet.host',
      '169.254.169.254',
      'livenessProbe.httpGet.host',
      'the kubelet would ask another host than the pod; leave it out.',
    ),
    inContainer(
      'lifecycle.preStop.tcpSocket.host',
      'example.com',
      'lifecycle.preStop.tcpSocket.host',
      'the kubelet would ask another host than the pod; leave it out.',
    ),
  ],
  'container-read-only-root': [
    inContainer(
      'securityContext.readOnlyRootFilesystem',
      false,
      'securityContext.readOnlyRootFilesystem',
      'the container can write to its root; set it to true and mount an emptyDir where it has to write.',
    ),
  ],
  'pod-service-account-token': [
    inPod(
      'automountServiceAccountToken',
      undefined,
      'automountServiceAccountToken',
      'the pod gets a token for the Kubernetes API; set it to false; if the pod talks to the API, add its service account to `allowed` of this policy.',
    ),
    inPod(
      'volumes[0]',
      { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
      'volumes[0].projected.sources[0].serviceAccountToken',
      'the pod mounts a token for the Kubernetes API; leave it out; if the pod talks to the API, add its service account to `allowed` of this policy.',
    ),
  ],
  'pod-service-account': [
    inPod(
      'serviceAccountName',
      'default',
      'serviceAccountName',
      'the pod runs as the default service account; name a service account of its own.',
    ),
  ],
  'namespace-pod-security': [
    {
      on: 'namespace',
      path: 'metadata.labels["pod-security.kubernetes.io/enforce"]',
      value: 'baseline',
      says: 'Namespace gocenter, metadata.labels["pod-security.kubernetes.io/enforce"]: is baseline; write restricted.',
    },
  ],
};

const exposure: Record<string, readonly Case[]> = {
  'bucket-public-access': [ofBucket('publicAccessPrevention', 'inherited', 'is inherited; write enforced.')],
  'firewall-open': [
    of('firewall', 'Firewall health')(
      'sourceRanges[0]',
      '0.0.0.0/0',
      '0.0.0.0/0 is everybody; name the ranges that have to come in.',
    ),
  ],
  'cluster-private-nodes': [ofCluster('privateClusterConfig.enablePrivateNodes', false, toTrue)],
  'cluster-control-plane': [
    ofCluster(
      'controlPlaneEndpointsConfig.ipEndpointsConfig.enabled',
      true,
      'anybody can reach its address; set it to false and use the DNS endpoint.',
    ),
  ],
  'database-private': [
    ofDatabase('settings.ipConfiguration.ipv4Enabled', true, 'is not false; set it to false.'),
    ofDatabase(
      'settings.ipConfiguration.authorizedNetworks',
      [{ value: '0.0.0.0/0' }],
      '0.0.0.0/0 is everybody; leave it out.',
      'settings.ipConfiguration.authorizedNetworks[0].value',
    ),
  ],
  'database-tls': [
    ofDatabase(
      'settings.ipConfiguration.sslMode',
      'ALLOW_UNENCRYPTED_AND_ENCRYPTED',
      'is ALLOW_UNENCRYPTED_AND_ENCRYPTED; write ENCRYPTED_ONLY or TRUSTED_CLIENT_CERTIFICATE_REQUIRED.',
    ),
  ],
  'zone-dnssec': [of('zone', 'ManagedZone zone')('dnssecConfig.state', 'off', 'is off; write on.')],
  'ssl-policy': [
    of('sslPolicy', 'SSLPolicy tls')('minTlsVersion', undefined, 'is TLS_1_0; write TLS_1_2.'),
    of('sslPolicy', 'SSLPolicy tls')('profile', 'COMPATIBLE', 'is COMPATIBLE; write MODERN or RESTRICTED.'),
  ],
  'backend-armor': [
    {
      ...of('backendService', 'BackendService backend')(
        'securityPolicy',
        undefined,
        'nothing limits who asks how often; name a Cloud Armor policy.',
      ),
      unknown: 'passes',
    },
  ],
  'subnet-flow-logs': [
    of('subnet', 'Subnetwork nodes')('logConfig', undefined, 'is missing; write one with a flowSampling.'),
  ],
  'subnet-private-google-access': [of('subnet', 'Subnetwork nodes')('privateIpGoogleAccess', false, toTrue)],
  'service-type': [
    {
      on: 'service',
      path: 'spec.type',
      value: 'LoadBalancer',
      says: 'Service gocenter/processor, spec.type: is LoadBalancer; write ClusterIP, and an HTTPRoute if it is public.',
    },
    {
      on: 'service',
      path: 'spec.externalIPs',
      value: ['203.0.113.1'],
      says: 'Service gocenter/processor, spec.externalIPs: takes traffic of others; leave it out.',
    },
  ],
  'gateway-tls': [
    {
      on: 'gateway',
      path: 'spec.listeners[1].protocol',
      value: 'HTTP',
      says: 'Gateway gocenter/edge, spec.listeners[1].protocol: is HTTP; write HTTPS.',
    },
  ],
  'public-backend-armor': [
    {
      on: 'backendPolicy',
      path: 'spec.default.securityPolicy',
      says: 'HTTPRoute gocenter/proxy: leads to Service gocenter/processor, which is not behind Cloud Armor; declare a GCPBackendPolicy for it with spec.default.securityPolicy.',
      unknown: 'passes',
    },
  ],
  'gateway-ssl-policy': [
    {
      remove: 'gatewayPolicy',
      says: 'Gateway gocenter/edge: has no SSL policy; declare a GCPGatewayPolicy for it with spec.default.sslPolicy.',
    },
  ],
};

const traffic: Record<string, readonly Case[]> = {
  'namespace-default-deny': [
    {
      on: 'defaultDeny',
      path: 'spec.policyTypes',
      value: ['Ingress'],
      says: 'Namespace gocenter: what no policy selects may talk to everything; declare a NetworkPolicy in it with an empty podSelector and policyTypes [Ingress, Egress].',
    },
  ],
  'workload-network-policy': [
    {
      remove: 'traffic',
      says: ['Deployment gocenter/processor', 'Job gocenter/clean'].map(
        place => `${place}: no NetworkPolicy selects its pods; declare one with what talks to it and what it talks to.`,
      ),
    },
  ],
  'network-policy-open': [
    {
      on: 'traffic',
      path: 'spec.ingress[0].from',
      says: 'NetworkPolicy gocenter/processor, spec.ingress[0].from: is missing, which is everybody; name who talks to it.',
    },
    {
      on: 'traffic',
      path: 'spec.ingress[0].from[0]',
      value: { ipBlock: { cidr: '0.0.0.0/0' } },
      says: 'NetworkPolicy gocenter/processor, spec.ingress[0].from[0].ipBlock.cidr: 0.0.0.0/0 is everybody; name the ranges that talk to it.',
    },
  ],
  'network-policy-egress': [
    {
      on: 'traffic',
      path: 'metadata.name',
      value: 'proxy',
      says: 'NetworkPolicy gocenter/proxy, spec.egress[0].to[0].ipBlock.cidr: is the whole Internet; name the ranges that it talks to.',
      unknown: 'passes',
    },
    {
      on: 'traffic',
      path: 'spec.egress[0].to[0].ipBlock.except[3]',
      says: 'NetworkPolicy gocenter/processor, spec.egress[0].to[0].ipBlock.except: our own networks are within; except 169.254.0.0/16 as well.',
    },
    {
      on: 'traffic',
      path: 'spec.egress[0].to',
      says: 'NetworkPolicy gocenter/processor, spec.egress[0].to: is missing, which is everywhere; name what it talks to.',
    },
  ],
};

const digestWanted = 'write <repository>/<image>@sha256:<digest>.';
const images: Record<string, readonly Case[]> = {
  'image-tag': [
    inContainer(
      'image',
      'europe-west1-docker.pkg.dev/p/i/proxy:latest',
      'image',
      'europe-west1-docker.pkg.dev/p/i/proxy:latest is another image every day; name a version, by its sha256 digest.',
    ),
    inContainer(
      'image',
      'localhost:5000/proxy',
      'image',
      'localhost:5000/proxy is another image every day; name a version, by its sha256 digest.',
    ),
  ],
  'image-digest': [
    inContainer(
      'image',
      'europe-west1-docker.pkg.dev/p/i/proxy:v1.2.3',
      'image',
      `europe-west1-docker.pkg.dev/p/i/proxy:v1.2.3 has no digest that could be checked; ${digestWanted}`,
    ),
  ],
  'image-registry': [
    inContainer(
      'image',
      `docker.io/library/proxy@sha256:${'0'.repeat(64)}`,
      'image',
      'docker.io/library/proxy is from a registry that is not allowed; take it from *-docker.pkg.dev/*, ghcr.io/kedacore/*, gke.gcr.io/*.',
    ),
  ],
  'registry-immutable-tags': [
    of('registry', 'Repository images')('dockerConfig.immutableTags', false, 'tags can be moved; set it to true.'),
  ],
  'registry-clean-up': [
    of('registry', 'Repository images')(
      'cleanupPolicies',
      [],
      'there are none; write one that deletes by age and one that keeps the newest.',
    ),
    of('registry', 'Repository images')('cleanupPolicyDryRun', true, 'the policies are only tried; set it to false.'),
  ],
  'cluster-binary-authorization': [
    ofCluster('binaryAuthorization.evaluationMode', 'DISABLED', 'is DISABLED; write PROJECT_SINGLETON_POLICY_ENFORCE.'),
  ],
  'chart-version': [
    of('release', 'Release keda')('version', '^2.17.0', '^2.17.0 is a range; write one exact version, such as 2.17.0.'),
    of('release', 'Release keda')(
      'version',
      undefined,
      'any version will do; write one exact version, such as 2.17.0.',
    ),
  ],
};

const availability: Record<string, readonly Case[]> = {
  'container-probes': [
    inContainer(
      'readinessProbe',
      undefined,
      'readinessProbe',
      'is missing; write one, such as httpGet on the admin port.',
    ),
  ],
  'container-probes-differ': [
    inContainer(
      'livenessProbe',
      { httpGet: { path: '/readyz', port: 'origin' } },
      'livenessProbe',
      'asks the same as the readiness probe; ask only whether the process still works.',
    ),
  ],
  'pod-topology-spread': [
    inPod(
      'topologySpreadConstraints',
      undefined,
      'topologySpreadConstraints',
      'there are none; spread over topology.kubernetes.io/zone.',
    ),
  ],
  'pod-grace-period': [
    inPod('terminationGracePeriodSeconds', 1, 'terminationGracePeriodSeconds', 'is 1; write 5 to 600.'),
  ],
  'deployment-strategy': [
    {
      on: 'deployment',
      path: 'spec.strategy.type',
      value: 'Recreate',
      says: 'Deployment gocenter/processor, spec.strategy.type: is Recreate; write RollingUpdate.',
    },
  ],
  'workload-disruption-budget': [
    {
      remove: 'budget',
      says: 'Deployment gocenter/processor: a drain may take all of its pods; declare a PodDisruptionBudget that selects them.',
    },
  ],
  'disruption-budget-allows': [
    {
      on: 'budget',
      path: 'spec.maxUnavailable',
      value: 0,
      says: 'PodDisruptionBudget gocenter/processor, spec.maxUnavailable: is 0; write 1.',
    },
  ],
  'replicas-of-autoscaler': [
    {
      on: 'deployment',
      path: 'spec.replicas',
      value: 3,
      says: 'Deployment gocenter/processor, spec.replicas: is 3, but ScaledObject processor scales it; leave it out.',
    },
  ],
  'autoscaler-bounds': [
    {
      on: 'scaler',
      path: 'spec.minReplicaCount',
      says: 'ScaledObject gocenter/processor, spec.minReplicaCount: is 0; write at least 2.',
    },
    {
      on: 'scaler',
      path: 'spec.maxReplicaCount',
      value: 1000,
      says: 'ScaledObject gocenter/processor, spec.maxReplicaCount: is 1000; write at most 100.',
    },
    {
      on: 'scaler',
      path: 'spec.maxReplicaCount',
      value: 1,
      says: 'ScaledObject gocenter/processor, spec.maxReplicaCount: 1 is less than the minimum of 2; write a larger one.',
    },
  ],
  'stateful-on-spot': [
    {
      on: 'deployment',
      path: `${pod}.volumes[2]`,
      value: { name: 'state', persistentVolumeClaim: { claimName: 'state' } },
      says: [
        `Deployment gocenter/processor, ${pod}.nodeSelector["gocenter/pool"]: the pod has state and asks for spot nodes; ask for the pool system.`,
        `Deployment gocenter/processor, ${pod}.tolerations[0]: the pod has state and tolerates spot nodes; leave it out.`,
      ],
    },
  ],
  'spot-pool-taint': [
    ofPool('nodeConfig.taints', [], 'anything may be scheduled on spot nodes; write a taint with effect NO_SCHEDULE.'),
  ],
  'node-pool-management': [ofPool('management.autoUpgrade', false, toTrue)],
  'cluster-release-channel': [
    ofCluster('releaseChannel.channel', 'UNSPECIFIED', 'is UNSPECIFIED; write RAPID, REGULAR or STABLE.'),
  ],
  'cluster-maintenance': [
    ofCluster('maintenancePolicy', undefined, 'upgrades come at any time; write a recurringWindow.'),
  ],
  'cluster-backup': [
    {
      remove: 'backupPlan',
      says: 'Cluster cluster: has no plan of backups; declare a BackupPlan for it with a backupSchedule.',
    },
  ],
};

const references: Record<string, readonly Case[]> = {
  'service-selects': [
    {
      on: 'service',
      path: 'spec.selector["app.kubernetes.io/name"]',
      value: 'procesor',
      says: 'Service gocenter/processor, spec.selector: no pods have app.kubernetes.io/name=procesor; write labels of a pod template.',
    },
  ],
  'service-ports': [
    {
      on: 'service',
      path: 'spec.ports[0].targetPort',
      value: 'http',
      says: 'Service gocenter/processor, spec.ports[0].targetPort: no selected container has port http; write the name or number of one of its ports.',
    },
  ],
  'disruption-budget-selects': [
    {
      on: 'budget',
      path: 'spec.selector.matchLabels["app.kubernetes.io/name"]',
      value: 'procesor',
      says: 'PodDisruptionBudget gocenter/processor, spec.selector: no pods have app.kubernetes.io/name=procesor; write labels of a pod template in the namespace.',
    },
  ],
  'network-policy-selects': [
    {
      on: 'traffic',
      path: 'spec.podSelector',
      value: { matchExpressions: [{ key: 'stage', operator: 'NotIn', values: ['prod'] }] },
      says: 'NetworkPolicy gocenter/processor, spec.podSelector: no pods have stage NotIn (prod); write labels of a pod template in the namespace.',
    },
  ],
  'monitoring-selects': [
    {
      on: 'monitoring',
      path: 'spec.selector',
      says: 'PodMonitoring gocenter/processor, spec.selector: is missing; write labels of a pod template in the namespace.',
    },
  ],
  'monitoring-ports': [
    {
      on: 'monitoring',
      path: 'spec.endpoints[0].port',
      value: 'metrics',
      says: 'PodMonitoring gocenter/processor, spec.endpoints[0].port: no selected container has port metrics; write one of its ports.',
    },
  ],
  'workload-monitored': [
    {
      remove: 'monitoring',
      says: 'Deployment gocenter/processor: nobody collects its metrics; declare a PodMonitoring that selects its pods.',
    },
  ],
  'autoscaler-target': [
    {
      on: 'scaler',
      path: 'spec.scaleTargetRef.name',
      value: 'procesor',
      says: 'ScaledObject gocenter/processor, spec.scaleTargetRef: there is no Deployment gocenter/procesor; name a workload of its namespace.',
    },
    {
      add: {
        type: 'kubernetes:autoscaling/v2:HorizontalPodAutoscaler',
        name: 'second',
        props: {
          metadata: { name: 'second', namespace: 'gocenter' },
          spec: { scaleTargetRef: { kind: 'Deployment', name: 'processor' } },
        },
      },
      says: 'HorizontalPodAutoscaler gocenter/second, spec.scaleTargetRef: ScaledObject gocenter/processor scales Deployment gocenter/processor as well; leave one of them out.',
    },
  ],
  'route-backends': [
    {
      on: 'route',
      path: 'spec.rules[0].backendRefs[0].name',
      value: 'procesor',
      says: 'HTTPRoute gocenter/proxy, spec.rules: there is no Service gocenter/procesor; name a Service of the stack.',
    },
    {
      on: 'route',
      path: 'spec.parentRefs[0].name',
      value: 'egde',
      says: 'HTTPRoute gocenter/proxy, spec.parentRefs[0]: there is no Gateway gocenter/egde; name one of the stack.',
    },
  ],
  'policy-targets': [
    {
      on: 'backendPolicy',
      path: 'spec.targetRef.name',
      value: 'procesor',
      says: 'GCPBackendPolicy gocenter/processor, spec.targetRef: there is no Service gocenter/procesor; name one of its namespace.',
    },
  ],
  'pod-references': [
    {
      remove: 'configMap',
      says: ['Deployment gocenter/processor', 'Job gocenter/clean'].map(
        place =>
          `${place}, ${pod}.volumes[0].configMap: there is no ConfigMap gocenter/processor; name one of its namespace.`,
      ),
    },
    {
      on: 'deployment',
      path: `${first}.volumeMounts[0].name`,
      value: 'cofnig',
      says: `Deployment gocenter/processor, ${first}.volumeMounts[0].name: there is no volume cofnig; name one of the pod.`,
    },
  ],
  'object-namespace': [
    {
      on: 'configMap',
      path: 'metadata.namespace',
      says: 'ConfigMap default/processor, metadata.namespace: the object is in default; name a namespace of the stack.',
    },
    {
      on: 'configMap',
      path: 'metadata.namespace',
      value: 'kube-system',
      says: 'ConfigMap kube-system/processor, metadata.namespace: the stack has no namespace kube-system; name a namespace of the stack.',
    },
  ],
};

const dataProtection: Record<string, readonly Case[]> = {
  'cluster-deletion-protection': [ofCluster('deletionProtection', false, protectedAgain)],
  'database-deletion-protection': [
    ofDatabase('deletionProtection', false, protectedAgain),
    ofDatabase(
      'settings.deletionProtectionEnabled',
      undefined,
      'is not true; set it to true; whoever means to delete it takes that back first.',
    ),
  ],
  'table-deletion-protection': [of('table', 'Table downloads')('deletionProtection', false, protectedAgain)],
  'bucket-force-destroy': [ofBucket('forceDestroy', true, 'is true; set it to false.')],
  'dataset-delete-contents': [
    of('dataset', 'Dataset analytics')('deleteContentsOnDestroy', true, 'is true; set it to false.'),
  ],
  'bucket-uniform-access': [ofBucket('uniformBucketLevelAccess', false, toTrue)],
  'bucket-history': [
    {
      ...ofBucket(
        'retentionPolicy',
        undefined,
        'is not true; set it to true, or write a retentionPolicy, or a rule that deletes by age.',
        'versioning.enabled',
      ),
    },
  ],
  'bucket-soft-delete': [
    ofBucket('softDeletePolicy.retentionDurationSeconds', 0, 'is 0; write at least 604800, which is 7 days.'),
  ],
  'bucket-retention': [
    ofBucket('retentionPolicy.retentionPeriod', '60', 'is 60; write at least 2592000, which is 30 days.'),
  ],
  'database-backups': [
    ofDatabase('settings.backupConfiguration.enabled', false, toTrue),
    ofDatabase('settings.backupConfiguration.pointInTimeRecoveryEnabled', false, toTrue),
    ofDatabase('settings.backupConfiguration.backupRetentionSettings.retainedBackups', 1, 'is 1; write at least 7.'),
  ],
  'database-availability': [ofDatabase('settings.availabilityType', 'ZONAL', 'is ZONAL; write REGIONAL.')],
  'cluster-secrets-encryption': [
    ofCluster('databaseEncryption.state', 'DECRYPTED', 'is DECRYPTED; write ENCRYPTED, with a keyName of Cloud KMS.'),
  ],
  'key-rotation': [
    of('key', 'CryptoKey secrets')(
      'rotationPeriod',
      '31536000s',
      'is 31536000s; write at most 7776000s, which is 90 days.',
    ),
    of('key', 'CryptoKey secrets')(
      'rotationPeriod',
      undefined,
      'is missing; write at most 7776000s, which is 90 days.',
    ),
  ],
};

const grant = of('projectGrant', 'IAMMember logs');
const identity: Record<string, readonly Case[]> = {
  'iam-primitive-roles': [
    grant(
      'role',
      'roles/editor',
      'roles/editor gives rights on everything; name the predefined roles that are needed, on what needs them.',
    ),
  ],
  'iam-public': [
    of('bucketGrant', 'BucketIAMMember reads')(
      'member',
      'allUsers',
      'allUsers is everybody; name a service account or a group.',
    ),
    of('dataset', 'Dataset analytics')(
      'accesses[0].iamMember',
      'allAuthenticatedUsers',
      'allAuthenticatedUsers is everybody; name a service account or a group.',
    ),
  ],
  'iam-authoritative': [
    {
      add: { type: 'gcp:projects/iAMBinding:IAMBinding', name: 'all', props: { role: 'roles/logging.logWriter' } },
      says: 'IAMBinding all: removes the grants that others have made, of Google’s own services as well; use IAMMember.',
    },
  ],
  'iam-default-service-account': [
    grant(
      'member',
      'serviceAccount:123-compute@developer.gserviceaccount.com',
      'serviceAccount:123-compute@developer.gserviceaccount.com is a default service account; make a service account for the one purpose.',
    ),
  ],
  'iam-project-wide': [
    grant(
      'role',
      'roles/storage.objectViewer',
      'roles/storage.objectViewer is given on the whole project; give it on the bucket, topic, secret or account that needs it.',
    ),
  ],
  'node-pool-service-account': [
    {
      ...ofPool(
        'nodeConfig.serviceAccount',
        undefined,
        'nodes run as Compute Engine’s default account; name an account made for them.',
      ),
      unknown: 'passes',
    },
  ],
  'node-pool-metadata-server': [
    ofPool('nodeConfig.workloadMetadataConfig.mode', 'GCE_METADATA', 'is GCE_METADATA; write GKE_METADATA.'),
  ],
  'node-pool-shielded': [ofPool('nodeConfig.shieldedInstanceConfig.enableSecureBoot', false, toTrue)],
  'cluster-workload-identity': [
    ofCluster(
      'workloadIdentityConfig',
      undefined,
      'is missing; write <project>.svc.id.goog.',
      'workloadIdentityConfig.workloadPool',
    ),
  ],
  'cluster-legacy-access': [
    ofCluster('enableLegacyAbac', true, 'goes round RBAC; set it to false.'),
    ofCluster(
      'masterAuth.clientCertificateConfig.issueClientCertificate',
      true,
      'makes a certificate that can’t be revoked; set it to false.',
    ),
    ofCluster(
      'rbacBindingConfig.enableInsecureBindingSystemAuthenticated',
      true,
      'everybody can be bound to a role; set it to false.',
    ),
  ],
  'workload-identity-matches': [
    {
      on: 'accountGrant',
      path: 'member',
      value: 'serviceAccount:project.svc.id.goog[gocenter/procesor]',
      says: [
        'IAMMember binding, member: there is no Kubernetes account gocenter/procesor; name one that the stack declares.',
        'ServiceAccount gocenter/processor, metadata.annotations["iam.gke.io/gcp-service-account"]: the Google account does not let it in; bind it with roles/iam.workloadIdentityUser.',
      ],
    },
    {
      remove: 'accountGrant',
      says: 'ServiceAccount gocenter/processor, metadata.annotations["iam.gke.io/gcp-service-account"]: the Google account does not let it in; bind it with roles/iam.workloadIdentityUser.',
    },
  ],
};

const rbac: Record<string, readonly Case[]> = {
  'rbac-wildcards': [
    {
      on: 'role',
      path: 'rules[0].verbs',
      value: ['*'],
      says: 'Role gocenter/reader, rules[0].verbs: is *; name each that is needed.',
    },
  ],
  'rbac-escalation': [
    {
      on: 'role',
      path: 'rules[0].verbs',
      value: ['impersonate'],
      says: 'Role gocenter/reader, rules[0].verbs: impersonate gives rights that it has not; leave it out.',
    },
    {
      on: 'role',
      path: 'rules[0].resources',
      value: ['pods/exec'],
      says: 'Role gocenter/reader, rules[0].resources: pods/exec leads to the rights of others; leave it out.',
    },
    {
      add: {
        type: 'kubernetes:rbac.authorization.k8s.io/v1:ClusterRole',
        name: 'all-secrets',
        props: { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }] },
      },
      says: 'ClusterRole all-secrets, rules[0].resources: the secrets of all namespaces can be read; use a Role in the one namespace.',
    },
  ],
  'rbac-bindings': [
    {
      on: 'roleBinding',
      path: 'roleRef.name',
      value: 'cluster-admin',
      says: 'RoleBinding gocenter/reader, roleRef.name: cluster-admin may do nearly everything; write a role with what is needed.',
    },
    {
      on: 'roleBinding',
      path: 'subjects[0].name',
      value: 'system:authenticated',
      says: 'RoleBinding gocenter/reader, subjects[0].name: system:authenticated is everybody; name a service account or a group.',
    },
  ],
};

const agentRight = 'service-<number>@gcp-sa-pubsub.iam.gserviceaccount.com.';
const messaging: Record<string, readonly Case[]> = {
  'subscription-dead-letter': [
    ofSubscription(
      'deadLetterPolicy',
      undefined,
      'one bad message is delivered for ever; write a deadLetterTopic and maxDeliveryAttempts.',
    ),
    ofSubscription('deadLetterPolicy.maxDeliveryAttempts', 100, 'is 100; write at most 20.'),
  ],
  'subscription-retry': [
    ofSubscription(
      'retryPolicy',
      undefined,
      'failures are repeated at once; write a minimumBackoff and a maximumBackoff.',
    ),
  ],
  'subscription-expiry': [ofSubscription('expirationPolicy.ttl', '2678400s', "is 2678400s; write '', which is never.")],
  'subscription-retention': [
    ofSubscription('messageRetentionDuration', '600s', 'is 600s; write at least 345600s, which is 4 days.'),
  ],
  'topic-subscribed': [
    {
      remove: 'subscription',
      says: 'Topic requested: has no subscription, so that its messages are lost; declare one.',
    },
  ],
  'dead-letter-read': [
    {
      remove: 'deadSubscription',
      says: 'Topic dead: dead letters are lost, for it has no subscription; declare one on it.',
    },
    {
      remove: 'operatorsRead',
      says: 'Subscription processor.dead: nobody may read these dead letters; grant roles/pubsub.subscriber on it to those who replay dead letters.',
    },
    ofSubscription(
      'deadLetterPolicy.deadLetterTopic',
      'projects/project/topics/processor.daed',
      'the stack has no such topic; name one of its topics.',
    ),
  ],
  'dead-letter-rights': [
    {
      remove: 'agentPublishes',
      says: `Topic dead: Pub/Sub may not publish dead letters to it; grant roles/pubsub.publisher on it to ${agentRight}`,
    },
    {
      remove: 'agentReads',
      says: `Subscription processor: Pub/Sub may not take dead letters out of it; grant roles/pubsub.subscriber on it to ${agentRight}`,
    },
  ],
  'subscription-read': [
    {
      remove: 'serviceReads',
      says: 'Subscription processor: nobody may read it; grant roles/pubsub.subscriber on it to its service.',
    },
  ],
};

const analytics: Record<string, readonly Case[]> = {
  'sink-partitioned': [of('sink', 'ProjectSink downloads')('bigqueryOptions.usePartitionedTables', false, toTrue)],
  'sink-writer': [
    of('sink', 'ProjectSink downloads')(
      'uniqueWriterIdentity',
      false,
      'it writes as an account that all sinks share; set it to true.',
    ),
  ],
  'sink-rights': [
    {
      remove: 'sinkGrant',
      says: 'ProjectSink downloads: its writer may not write to the dataset; grant it roles/bigquery.dataEditor on the dataset.',
    },
  ],
  'table-partitioned': [
    of('table', 'Table downloads')(
      'timePartitioning',
      undefined,
      'every query reads the whole table; write one, by day.',
    ),
    of('table', 'Table downloads')('requirePartitionFilter', false, toTrue),
  ],
  'table-expiry': [
    of('table', 'Table downloads')(
      'timePartitioning.expirationMs',
      undefined,
      'rows are kept for ever; write a time in milliseconds.',
    ),
  ],
  'dataset-expiry': [
    of('dataset', 'Dataset analytics')(
      'defaultPartitionExpirationMs',
      undefined,
      'what sinks write is kept for ever; write a time in milliseconds; tables that may stay say so themselves.',
    ),
  ],
};

const operations: Record<string, readonly Case[]> = {
  'cluster-dataplane': [
    ofCluster('datapathProvider', 'LEGACY_DATAPATH', 'is LEGACY_DATAPATH; write ADVANCED_DATAPATH.'),
  ],
  'cluster-vpc-native': [
    ofCluster('networkingMode', 'ROUTES', 'is ROUTES; write VPC_NATIVE with an ipAllocationPolicy.'),
  ],
  'cluster-security-posture': [
    ofCluster('securityPostureConfig.mode', 'DISABLED', 'is DISABLED; write BASIC or ENTERPRISE.'),
  ],
  'cluster-observability': [
    ofCluster('loggingConfig.enableComponents', ['SYSTEM_COMPONENTS'], 'lacks WORKLOADS; add them.'),
    ofCluster('monitoringConfig.managedPrometheus.enabled', false, toTrue),
  ],
  'node-pool-image': [
    ofPool('nodeConfig.imageType', 'UBUNTU_CONTAINERD', 'is UBUNTU_CONTAINERD; write COS_CONTAINERD.'),
  ],
  'alert-channel': [
    of('alert', 'AlertPolicy alert')('enabled', false, 'is false; leave it out, or remove the alert.'),
    of('alert', 'AlertPolicy alert')('notificationChannels', [], 'nobody hears of it; name a notification channel.'),
    of('alert', 'AlertPolicy alert')(
      'documentation',
      undefined,
      'is missing; say what to do, or where it is said.',
      'documentation.content',
    ),
  ],
};

const cost: Record<string, readonly Case[]> = {
  'budget-present': [
    { remove: 'spend', says: 'The stack: has no budget; declare a billing.Budget with thresholdRules.' },
    of('spend', 'Budget budget')('thresholdRules', [], 'nobody is told; write one, such as thresholdPercent 0.9.'),
  ],
  'node-pool-bounds': [
    ofPool('autoscaling', undefined, 'is missing; write totalMinNodeCount and totalMaxNodeCount.'),
    ofPool('autoscaling.totalMaxNodeCount', 500, 'is 500; write at most 50.'),
    ofPool('autoscaling.totalMinNodeCount', 10, '10 is more than the maximum of 9; write a smaller one.'),
  ],
  'cluster-autoprovisioning': [
    ofCluster(
      'clusterAutoscaling.resourceLimits[1].maximum',
      100_000,
      'up to 100000 of memory; write at most 8000.',
      'clusterAutoscaling.resourceLimits',
    ),
    ofCluster(
      'clusterAutoscaling.resourceLimits[0]',
      undefined,
      'cpu has no maximum; write one.',
      'clusterAutoscaling.resourceLimits',
    ),
  ],
  'node-pool-machines': [
    ofPool(
      'nodeConfig.machineType',
      'a3-highgpu-8g',
      'is a3-highgpu-8g; write one of e2-*, n2-*, n2d-*, n4-*, t2a-*, t2d-*, c3-*, c3d-*, c4-*, c4a-*.',
    ),
    ofPool('nodeConfig.diskSizeGb', 5000, 'is 5000; write at most 500.'),
  ],
  'cluster-cost-allocation': [ofCluster('costManagementConfig.enabled', false, toTrue)],
  'database-disk-limit': [
    ofDatabase('settings.diskAutoresizeLimit', undefined, 'the disk grows without limit; write one in GB.'),
    ofDatabase('settings.diskAutoresize', false, 'a full disk stops the database; set it to true.'),
  ],
};

export const cases: Readonly<Record<string, readonly Case[]>> = {
  ...limits,
  ...labels,
  ...secrets,
  ...podSecurity,
  ...exposure,
  ...traffic,
  ...images,
  ...availability,
  ...references,
  ...dataProtection,
  ...identity,
  ...rbac,
  ...messaging,
  ...analytics,
  ...operations,
  ...cost,
};
