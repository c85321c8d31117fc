import { beforeAll, describe, expect, it } from 'vitest';
import { type CollectedStage, collect } from './collect.ts';
import { stageNames, stageOf } from './stage-files.ts';

type Tree = Record<string, unknown>;

const stacks = new Map<string, CollectedStage>();
beforeAll(async () => {
  for (const name of stageNames) stacks.set(name, await collect(name));
}, 120_000);

describe.each(stageNames)('the stack of %s', name => {
  const stage = stageOf(name);
  const stack = () => stacks.get(name) ?? { resources: [], outputs: {} };
  const all = (type: string) => stack().resources.filter(resource => resource.type === type);
  const one = (type: string, resource?: string): Tree => {
    const found = all(type).filter(each => resource === undefined || each.name === resource);
    expect(found, `${type} ${resource ?? ''}`).toHaveLength(1);
    return found[0]?.inputs ?? {};
  };

  it('names no resource twice', () => {
    const names = stack().resources.map(({ type, name }) => `${type} ${name}`);
    expect(names.filter((each, index) => names.indexOf(each) !== index)).toEqual([]);
  });

  it('uses its own two providers for everything, and each once', () => {
    const providers = stack().resources.filter(({ type }) => type.startsWith('pulumi:providers:'));
    expect(new Set(providers.map(({ name }) => name)).size).toBe(providers.length);
    const others = stack().resources.filter(
      ({ type, custom, provider }) =>
        custom && /^(gcp|kubernetes):/.test(type) && provider !== (type.startsWith('gcp:') ? 'google' : 'kubernetes'),
    );
    expect(others.map(({ type, name }) => `${type} ${name}`)).toEqual([]);
    expect(one('pulumi:providers:gcp')).toMatchObject({ project: stage.project, region: stage.region });
  });

  it('says where it is served', () => {
    expect(stack().outputs).toMatchObject({
      goproxy: `https://${stage.dns.proxy}`,
      page: `https://${stage.dns.page}`,
      clusterName: 'gocenter',
    });
  });

  describe('has a network', () => {
    it('of its own, with the ranges of nodes, pods and services, and flow logs', () => {
      expect(one('gcp:compute/network:Network')).toMatchObject({ autoCreateSubnetworks: false });
      expect(one('gcp:compute/subnetwork:Subnetwork')).toMatchObject({
        ipCidrRange: stage.network.nodes,
        secondaryIpRanges: [
          { rangeName: 'pods', ipCidrRange: stage.network.pods },
          { rangeName: 'services', ipCidrRange: stage.network.services },
        ],
        privateIpGoogleAccess: true,
        logConfig: { flowSampling: stage.network.flowSampling },
      });
    });

    it('that goes out by fixed addresses only', () => {
      expect(all('gcp:compute/address:Address')).toHaveLength(stage.network.natAddresses);
      expect(one('gcp:compute/routerNat:RouterNat')).toMatchObject({ natIpAllocateOption: 'MANUAL_ONLY' });
    });

    it('that nobody may enter but the control plane, for webhooks', () => {
      expect(one('gcp:compute/firewall:Firewall')).toMatchObject({
        direction: 'INGRESS',
        sourceRanges: [stage.network.controlPlane],
        allows: [{ protocol: 'tcp', ports: ['6443', '9443'] }],
      });
    });

    it('connected to the range of the databases', () => {
      const [address, length] = stage.network.databases.split('/');
      expect(one('gcp:compute/globalAddress:GlobalAddress', 'network-databases')).toMatchObject({
        purpose: 'VPC_PEERING',
        address,
        prefixLength: Number(length),
      });
      expect(one('gcp:servicenetworking/connection:Connection')).toMatchObject({
        reservedPeeringRanges: ['databases'],
      });
    });

    it('in which Google’s interfaces and registries have private addresses', () => {
      const zones = all('gcp:dns/managedZone:ManagedZone').filter(({ inputs }) => inputs.visibility === 'private');
      expect(zones.map(({ inputs }) => inputs.dnsName)).toEqual(['googleapis.com.', 'pkg.dev.', 'gcr.io.']);
    });
  });

  describe('has a cluster', () => {
    const cluster = () => one('gcp:container/cluster:Cluster');

    it('whose nodes and control plane have no public address, asked by its DNS endpoint only', () => {
      expect(cluster()).toMatchObject({
        privateClusterConfig: { enablePrivateNodes: true, enablePrivateEndpoint: true },
        controlPlaneEndpointsConfig: {
          dnsEndpointConfig: { allowExternalTraffic: true },
          ipEndpointsConfig: { enabled: false },
        },
      });
    });

    it('with Dataplane V2 on the network’s own ranges', () => {
      expect(cluster()).toMatchObject({
        networkingMode: 'VPC_NATIVE',
        datapathProvider: 'ADVANCED_DATAPATH',
        ipAllocationPolicy: { clusterSecondaryRangeName: 'pods', servicesSecondaryRangeName: 'services' },
      });
      expect(cluster()).not.toHaveProperty('networkPolicy');
    });

    it('with Workload Identity, and without the ways around it', () => {
      expect(cluster()).toMatchObject({
        workloadIdentityConfig: { workloadPool: `${stage.project}.svc.id.goog` },
        enableLegacyAbac: false,
        masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
        rbacBindingConfig: {
          enableInsecureBindingSystemAuthenticated: false,
          enableInsecureBindingSystemUnauthenticated: false,
        },
      });
    });

    it('whose secrets are encrypted with the stage’s own key, which GKE may use', () => {
      const keyName = 'CryptoKey/keys-cluster';
      expect(cluster()).toMatchObject({ databaseEncryption: { state: 'ENCRYPTED', keyName } });
      expect(one('gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember', 'keys-cluster-gke')).toMatchObject({
        cryptoKeyId: keyName,
        role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter',
        member: 'serviceAccount:service-1@gcp-sa-container.iam.gserviceaccount.com',
      });
      expect(one('gcp:kms/cryptoKey:CryptoKey', 'keys-cluster')).toMatchObject({ rotationPeriod: '7776000s' });
    });

    it('that starts only images of the stage’s registry, scans them, and mounts secrets from Secret Manager', () => {
      expect(cluster()).toMatchObject({
        binaryAuthorization: { evaluationMode: 'PROJECT_SINGLETON_POLICY_ENFORCE' },
        securityPostureConfig: { mode: 'BASIC', vulnerabilityMode: 'VULNERABILITY_BASIC' },
        secretManagerConfig: { enabled: true },
      });
      expect(one('gcp:binaryauthorization/policy:Policy')).toMatchObject({
        defaultAdmissionRule: { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
        globalPolicyEvaluationMode: 'ENABLE',
      });
    });

    it('upgraded by its channel within the window, protected and backed up as the stage says', () => {
      const { releaseChannel, maintenance, deletionProtection, backup } = stage.cluster;
      expect(cluster()).toMatchObject({
        deletionProtection,
        releaseChannel: { channel: releaseChannel },
        maintenancePolicy: {
          recurringWindow: { recurrence: maintenance.recurrence },
          maintenanceExclusions: maintenance.exclusions.map(({ name }) => ({ exclusionName: name })),
        },
        addonsConfig: { gkeBackupAgentConfig: { enabled: true } },
      });
      expect(one('gcp:gkebackup/backupPlan:BackupPlan')).toMatchObject({
        backupSchedule: { cronSchedule: backup.schedule },
        retentionPolicy: { backupRetainDays: backup.days },
        backupConfig: { allNamespaces: true },
      });
    });

    it('measured by managed Prometheus, its costs divided by namespace and label', () => {
      expect(cluster()).toMatchObject({
        monitoringConfig: { managedPrometheus: { enabled: true } },
        costManagementConfig: { enabled: true },
      });
    });

    it('that makes nodes for what fits no pool, within limits, with the nodes’ own account', () => {
      const { cpu, memoryGb } = stage.cluster.limits;
      expect(cluster()).toMatchObject({
        clusterAutoscaling: {
          enabled: true,
          resourceLimits: [
            { resourceType: 'cpu', maximum: cpu },
            { resourceType: 'memory', maximum: memoryGb },
          ],
          autoProvisioningDefaults: { serviceAccount: expect.stringContaining('nodes@') },
        },
      });
    });
  });

  it.each(['system', 'serving', 'workers'] as const)('has a pool %s that autoscales between its bounds', pool => {
    const values = stage.pools[pool];
    expect(one('gcp:container/nodePool:NodePool', `pool-${pool}`)).toMatchObject({
      autoscaling: { totalMinNodeCount: values.min, totalMaxNodeCount: values.max },
      ignoreNodeCountChanges: true,
      management: { autoRepair: true, autoUpgrade: true },
      nodeConfig: {
        machineType: values.machineType,
        spot: values.spot,
        labels: { 'gocenter/pool': pool },
        taints: pool === 'workers' ? [{ key: 'gocenter/pool', value: 'workers', effect: 'NO_SCHEDULE' }] : [],
        serviceAccount: expect.stringContaining('nodes@'),
        workloadMetadataConfig: { mode: 'GKE_METADATA' },
        shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
        kubeletConfig: { insecureKubeletReadonlyPortEnabled: 'FALSE' },
      },
    });
  });

  it('has workers on spot nodes, and what the cluster needs on nodes that stay', () => {
    expect(stage.pools.workers.spot).toBe(true);
    expect(stage.pools.system.spot).toBe(false);
  });

  describe('has identities', () => {
    const services = ['discovery', 'keda', 'notifier', 'processor', 'proxy', 'ui', 'ui-backend', 'validator'];

    it('one a service, bound to the Kubernetes account of its name and no other', () => {
      const accounts = all('gcp:serviceaccount/account:Account').map(({ inputs }) => inputs.accountId);
      expect(accounts.toSorted()).toEqual([...services, 'nodes', 'roll-up'].map(id => `gocenter-${id}`).toSorted());
      const bound = all('gcp:serviceaccount/iAMMember:IAMMember').filter(
        ({ inputs }) => inputs.role === 'roles/iam.workloadIdentityUser',
      );
      expect(bound.map(({ inputs }) => inputs.member).toSorted()).toEqual(
        services
          .map(id => (id === 'keda' ? 'keda/keda-operator' : `gocenter/${id}`))
          .map(pods => `serviceAccount:${stage.project}.svc.id.goog[${pods}]`)
          .toSorted(),
      );
    });

    it('of which none has a key', () => {
      expect(all('gcp:serviceaccount/key:Key')).toEqual([]);
    });

    it('that have no role on the project, but for what exists nowhere else', () => {
      const granted = all('gcp:projects/iAMMember:IAMMember').map(
        ({ inputs }) => `${String(inputs.member).replace(/@.*/, '')} ${inputs.role}`,
      );
      expect(granted.toSorted()).toEqual(projectGrants);
    });

    it('that gives nobody a primitive role, and no right to everybody', () => {
      const grants = stack().resources.filter(({ type }) => /IAM|IamMember/i.test(type));
      expect(grants.length).toBeGreaterThan(30);
      for (const { name, inputs } of grants) {
        expect(inputs.role ?? '', name).not.toMatch(/^roles\/(owner|editor|viewer)$/);
        expect(inputs.member ?? '', name).not.toMatch(/^all(Authenticated)?Users$/);
      }
    });
  });

  describe('has an edge', () => {
    const hosts = [stage.dns.proxy, stage.dns.page];

    it('with a name, an address and a certificate for the proxy and for the page', () => {
      const records = all('gcp:dns/recordSet:RecordSet').filter(({ name }) => name.startsWith('edge-'));
      const addresses = records.filter(({ inputs }) => inputs.type === 'A');
      expect(addresses.map(({ inputs }) => inputs.name)).toEqual(hosts.map(host => `${host}.`));
      const certificates = all('gcp:certificatemanager/certificate:Certificate');
      expect(certificates.map(({ inputs }) => (inputs.managed as Tree).domains)).toEqual(hosts.map(host => [host]));
      const entries = all('gcp:certificatemanager/certificateMapEntry:CertificateMapEntry');
      expect(entries.map(({ inputs }) => inputs.hostname)).toEqual(hosts);
    });

    it('that limits the requests of one address and refuses plain attacks', () => {
      const rules = one('gcp:compute/securityPolicy:SecurityPolicy').rules as Tree[];
      expect(rules.filter(({ action }) => action === 'throttle')).toMatchObject([
        {
          rateLimitOptions: {
            exceedAction: 'deny(429)',
            rateLimitThreshold: { count: stage.edge.requestsPerMinute, intervalSec: 60 },
          },
        },
      ]);
      expect(rules.filter(({ action }) => action === 'deny(403)')).toHaveLength(3);
      expect(rules.at(-1)).toMatchObject({ priority: 2_147_483_647, action: 'allow' });
    });

    it('that speaks TLS 1.2 or newer', () => {
      expect(one('gcp:compute/sSLPolicy:SSLPolicy')).toMatchObject({ minTlsVersion: 'TLS_1_2', profile: 'MODERN' });
    });
  });

  it('has owner, stage and cost centre on everything that can have labels', () => {
    const labels = { app: 'gocenter', stage: name, owner: stage.owner, 'cost-centre': stage.costCentre };
    expect(JSON.parse(String(one('pulumi:providers:gcp').defaultLabels))).toEqual(labels);
    for (const { type, name, inputs } of stack().resources) {
      // A notification channel's labels are its address.
      if (inputs.labels && !type.includes('NotificationChannel')) expect(inputs.labels, name).toMatchObject(labels);
    }
  });
});

/** All roles on the project, of whom. A line more here is a right on everything in the stage. */
const projectGrants = [
  'group:gocenter-operators roles/container.developer',
  'group:gocenter-operators roles/logging.viewer',
  'group:gocenter-operators roles/monitoring.editor',
  'group:gocenter-viewers roles/container.viewer',
  'group:gocenter-viewers roles/logging.viewer',
  'group:gocenter-viewers roles/monitoring.viewer',
  'serviceAccount:analytics-roll-up roles/bigquery.jobUser',
  'serviceAccount:identities-discovery roles/monitoring.viewer',
  'serviceAccount:identities-keda roles/monitoring.viewer',
  'serviceAccount:identities-notifier roles/monitoring.viewer',
  'serviceAccount:identities-processor roles/monitoring.viewer',
  'serviceAccount:identities-proxy roles/logging.logWriter',
  'serviceAccount:identities-ui-backend roles/bigquery.jobUser',
  'serviceAccount:identities-ui-backend roles/cloudsql.client',
  'serviceAccount:identities-ui-backend roles/monitoring.viewer',
  'serviceAccount:identities-validator roles/monitoring.viewer',
  'serviceAccount:nodes roles/container.defaultNodeServiceAccount',
];
