import { BackendService } from '@pulumi/gcp/compute/backendService.js';
import { Firewall } from '@pulumi/gcp/compute/firewall.js';
import { SSLPolicy } from '@pulumi/gcp/compute/sslpolicy.js';
import { Subnetwork } from '@pulumi/gcp/compute/subnetwork.js';
import { Cluster } from '@pulumi/gcp/container/cluster.js';
import { ManagedZone } from '@pulumi/gcp/dns/managedZone.js';
import { DatabaseInstance } from '@pulumi/gcp/sql/databaseInstance.js';
import { Bucket } from '@pulumi/gcp/storage/bucket.js';
import { all, each } from './check.ts';
import { cloudPolicy, objectPolicy, stackPolicy } from './define.ts';
import type { KubernetesObject } from './kubernetes.ts';
import { list } from './settings.ts';
import type { Stack } from './stack.ts';

export const bucketPublicAccess = cloudPolicy(Bucket, {
  name: 'bucket-public-access',
  description: 'Checks that no grant could ever make a bucket public.',
  check(bucket, say) {
    if (bucket.publicAccessPrevention === 'enforced') return;
    say('publicAccessPrevention', `is ${bucket.publicAccessPrevention ?? 'missing'}`, 'write enforced');
  },
});

const anywhere = /^(?:0\.0\.0\.0|::)\/0$/;

export const firewallOpen = cloudPolicy(Firewall, {
  name: 'firewall-open',
  description: 'Checks that no firewall rule lets the whole Internet in.',
  check(firewall, say) {
    if (firewall.direction === 'EGRESS' || (firewall.allows ?? []).length === 0) return;
    each(firewall.sourceRanges, (range, index) => {
      if (anywhere.test(range))
        say(`sourceRanges[${index}]`, `${range} is everybody`, 'name the ranges that have to come in');
    });
  },
});

export const clusterPrivateNodes = cloudPolicy(Cluster, {
  name: 'cluster-private-nodes',
  description: 'Checks that nodes have no public addresses.',
  check(cluster, say) {
    if (cluster.privateClusterConfig?.enablePrivateNodes === true) return;
    say('privateClusterConfig.enablePrivateNodes', 'is not true', 'set it to true');
  },
});

export const clusterControlPlane = cloudPolicy(Cluster, {
  name: 'cluster-control-plane',
  description: 'Checks that the control plane is not open to the Internet.',
  check(cluster, say) {
    const ips = cluster.controlPlaneEndpointsConfig?.ipEndpointsConfig;
    if (ips?.enabled === false) return;
    if (cluster.privateClusterConfig?.enablePrivateEndpoint === true) return;
    const networks = cluster.masterAuthorizedNetworksConfig;
    if (!networks) {
      const path = 'controlPlaneEndpointsConfig.ipEndpointsConfig.enabled';
      say(path, 'anybody can reach its address', 'set it to false and use the DNS endpoint');
      return;
    }
    each(networks.cidrBlocks, ({ cidrBlock }, index) => {
      if (!anywhere.test(cidrBlock)) return;
      const path = `masterAuthorizedNetworksConfig.cidrBlocks[${index}].cidrBlock`;
      say(path, `${cidrBlock} is everybody`, 'name the ranges of those who operate the stage');
    });
  },
});

export const databasePrivate = cloudPolicy(DatabaseInstance, {
  name: 'database-private',
  description: 'Checks that databases have no public address.',
  check(database, say) {
    const config = database.settings?.ipConfiguration;
    all(
      () => {
        if (config?.ipv4Enabled !== false)
          say('settings.ipConfiguration.ipv4Enabled', 'is not false', 'set it to false');
      },
      () =>
        each(config?.authorizedNetworks, ({ value }, index) => {
          const path = `settings.ipConfiguration.authorizedNetworks[${index}].value`;
          if (anywhere.test(value)) say(path, `${value} is everybody`, 'leave it out');
        }),
    );
  },
});

export const databaseTls = cloudPolicy(DatabaseInstance, {
  name: 'database-tls',
  description: 'Checks that databases refuse connections without TLS.',
  check(database, say) {
    const mode = database.settings?.ipConfiguration?.sslMode;
    if (mode === 'ENCRYPTED_ONLY' || mode === 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED') return;
    const path = 'settings.ipConfiguration.sslMode';
    say(path, `is ${mode ?? 'missing'}`, 'write ENCRYPTED_ONLY or TRUSTED_CLIENT_CERTIFICATE_REQUIRED');
  },
});

export const zoneDnssec = cloudPolicy(ManagedZone, {
  name: 'zone-dnssec',
  description: 'Checks that public zones are signed.',
  check(zone, say) {
    if (zone.visibility === 'private' || zone.dnssecConfig?.state === 'on') return;
    say('dnssecConfig.state', `is ${zone.dnssecConfig?.state ?? 'missing'}`, 'write on');
  },
});

export const sslPolicy = cloudPolicy(SSLPolicy, {
  name: 'ssl-policy',
  description: 'Checks that load balancers offer TLS 1.2 and later, with modern ciphers only.',
  check(policy, say) {
    all(
      () => {
        if (/^TLS_1_[23]$/.test(policy.minTlsVersion ?? '')) return;
        say('minTlsVersion', `is ${policy.minTlsVersion ?? 'TLS_1_0'}`, 'write TLS_1_2');
      },
      () => {
        if (/^(?:MODERN|RESTRICTED|FIPS_202205)$/.test(policy.profile ?? '')) return;
        say('profile', `is ${policy.profile ?? 'COMPATIBLE'}`, 'write MODERN or RESTRICTED');
      },
    );
  },
});

export const backendArmor = cloudPolicy(BackendService, {
  name: 'backend-armor',
  description: 'Checks that public backend services are behind Cloud Armor.',
  check(backend, say) {
    if (!(backend.loadBalancingScheme ?? 'EXTERNAL').startsWith('EXTERNAL') || 'securityPolicy' in backend) return;
    say('securityPolicy', 'nothing limits who asks how often', 'name a Cloud Armor policy');
  },
});

export const subnetFlowLogs = cloudPolicy(Subnetwork, {
  name: 'subnet-flow-logs',
  description: 'Checks that subnets keep flow logs, without which an intrusion leaves no trace.',
  check(subnet, say) {
    if (/PROXY|PRIVATE_SERVICE_CONNECT/.test(subnet.purpose ?? '') || subnet.logConfig) return;
    say('logConfig', 'is missing', 'write one with a flowSampling');
  },
});

export const subnetPrivateAccess = cloudPolicy(Subnetwork, {
  name: 'subnet-private-google-access',
  description: 'Checks that nodes reach Google’s interfaces without a public address.',
  check(subnet, say) {
    if (/PROXY|PRIVATE_SERVICE_CONNECT/.test(subnet.purpose ?? '') || subnet.privateIpGoogleAccess === true) return;
    say('privateIpGoogleAccess', 'is not true', 'set it to true');
  },
});

export const serviceType = objectPolicy({
  name: 'service-type',
  description: 'Checks that no Service opens a way in of its own: everything comes through the Gateway.',
  kinds: ['Service'],
  check({ props }, say) {
    const spec = props.spec as { type?: string; externalIPs?: readonly string[] } | undefined;
    if (spec?.type === 'LoadBalancer' || spec?.type === 'NodePort') {
      say('spec.type', `is ${spec.type}`, 'write ClusterIP, and an HTTPRoute if it is public');
    }
    // CVE-2020-8554: whoever may set these can take the traffic of others.
    if ((spec?.externalIPs ?? []).length > 0) say('spec.externalIPs', 'takes traffic of others', 'leave it out');
  },
});

type Listener = { name?: string; protocol?: string; tls?: object };

export const gatewayTls = objectPolicy({
  name: 'gateway-tls',
  description: 'Checks that Gateways listen with TLS; a plain HTTP listener may only redirect.',
  kinds: ['Gateway'],
  settings: { redirecting: list(['http'], 'Names of listeners whose only route redirects to HTTPS.') },
  check({ props }, say, { settings }) {
    each((props.spec as { listeners?: readonly Listener[] } | undefined)?.listeners, ({ name, protocol }, index) => {
      if (protocol === 'HTTPS' || (protocol === 'HTTP' && settings.redirecting.includes(name ?? ''))) return;
      say(`spec.listeners[${index}].protocol`, `is ${protocol ?? 'missing'}`, 'write HTTPS');
    });
  },
});

type Route = {
  rules?: readonly {
    backendRefs?: readonly { kind?: string; name: string; namespace?: string; port?: number }[];
    filters?: readonly { type?: string }[];
  }[];
};
type Target = { targetRef?: { kind?: string; name?: string }; default?: Record<string, unknown> };

/** The Services that routes lead to from outside. */
export function publicServices(stack: Stack): readonly { route: KubernetesObject; namespace: string; name: string }[] {
  return stack
    .ofKind('HTTPRoute', 'GRPCRoute')
    .flatMap(route =>
      ((route.props.spec as Route | undefined)?.rules ?? []).flatMap(rule =>
        (rule.backendRefs ?? [])
          .filter(backend => (backend.kind ?? 'Service') === 'Service')
          .map(({ namespace, name }) => ({ route, namespace: namespace ?? route.namespace(), name })),
      ),
    );
}

const targeting = (stack: Stack, kind: string, targetKind: string, namespace: string, name: string) =>
  stack.ofKind(kind).filter(policy => {
    const target = (policy.props.spec as Target | undefined)?.targetRef;
    return target?.kind === targetKind && target.name === name && policy.namespace() === namespace;
  });

export const publicBackendArmor = stackPolicy({
  name: 'public-backend-armor',
  description: 'Checks that every Service which a route leads to is behind Cloud Armor.',
  check(stack, say) {
    const seen = new Set<string>();
    each(publicServices(stack), ({ route, namespace, name }) => {
      const policies = targeting(stack, 'GCPBackendPolicy', 'Service', namespace, name);
      const guarded = policies.some(({ props }) => 'securityPolicy' in ((props.spec as Target).default ?? {}));
      if (guarded || seen.has(`${namespace}/${name}`)) return;
      seen.add(`${namespace}/${name}`);
      const instead = 'declare a GCPBackendPolicy for it with spec.default.securityPolicy';
      say(route, '', `leads to Service ${namespace}/${name}, which is not behind Cloud Armor`, instead);
    });
  },
});

export const gatewaySslPolicy = stackPolicy({
  name: 'gateway-ssl-policy',
  description: 'Checks that every Gateway has an SSL policy; without one it offers TLS 1.0.',
  check(stack, say) {
    each(stack.ofKind('Gateway'), gateway => {
      const policies = targeting(stack, 'GCPGatewayPolicy', 'Gateway', gateway.namespace(), gateway.name);
      if (policies.some(({ props }) => 'sslPolicy' in ((props.spec as Target).default ?? {}))) return;
      say(gateway, '', 'has no SSL policy', 'declare a GCPGatewayPolicy for it with spec.default.sslPolicy');
    });
  },
});
