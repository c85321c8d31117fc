import type { types } from '@pulumi/kubernetes';
import type { Input } from '@pulumi/pulumi';
import { selector } from './labels.ts';

type Ingress = types.input.networking.v1.NetworkPolicyIngressRule;
type Egress = types.input.networking.v1.NetworkPolicyEgressRule;

/** What talks to a workload, or what it talks to: everything that is not named here is dropped. */
export interface Traffic {
  ingress: Ingress[];
  egress: Egress[];
}

const tcp = (port: number) => ({ protocol: 'TCP', port });
const cidr = (range: Input<string>, except?: string[]) => ({ ipBlock: { cidr: range, ...(except && { except }) } });

/** Whence Google's load balancers and their health checks come. */
export const loadBalancers = ['35.191.0.0/16', '130.211.0.0/22'];

/**
 * What is not the world: private, shared, loopback, link-local (the metadata server among them), benchmarking,
 * multicast and reserved ranges (RFC 6890). A stranger's page must not lead the processor into our own network.
 */
export const notTheWorld = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

export const fromWorkloads = (names: readonly string[], port: number): Ingress => ({
  from: names.map(name => ({ podSelector: { matchLabels: selector(name) } })),
  ports: [tcp(port)],
});

export const fromLoadBalancer = (port: number): Ingress => ({
  from: loadBalancers.map(range => cidr(range)),
  ports: [tcp(port)],
});

/** Managed Prometheus' collectors run in a namespace of their own. */
export const fromMonitoring = (port: number): Ingress => ({
  from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'gmp-system' } } }],
  ports: [tcp(port)],
});

export const toWorkload = (name: string, port: number): Egress => ({
  to: [{ podSelector: { matchLabels: selector(name) } }],
  ports: [tcp(port)],
});

/** Names, of pods in kube-system or of the node's own cache (a link-local address). */
export const toDns = (): Egress => ({
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchExpressions: [{ key: 'k8s-app', operator: 'In', values: ['kube-dns', 'node-local-dns'] }] },
    },
    cidr('169.254.20.10/32'),
  ],
  ports: [{ protocol: 'UDP', port: 53 }, tcp(53)],
});

/** Google's interfaces, and the metadata server, which gives the workload's identity. */
export const toGoogle = (ranges: readonly Input<string>[]): Egress[] => [
  { to: ranges.map(range => cidr(range)), ports: [tcp(443)] },
  { to: [cidr('169.254.169.254/32')], ports: [tcp(80)] },
  { to: [cidr('169.254.169.252/32')], ports: [tcp(988)] },
];

export const toDatabase = (range: Input<string>, port: number): Egress => ({ to: [cidr(range)], ports: [tcp(port)] });

/** The Kubernetes API. What goes to its Service is judged by the control plane's own address, where it arrives. */
export const toApiServer = (controlPlane: Input<string>): Egress => ({ to: [cidr(controlPlane)], ports: [tcp(443)] });

/** HTTPS to public addresses, and to nothing else. */
export const toWorld = (): Egress => ({ to: [cidr('0.0.0.0/0', notTheWorld)], ports: [tcp(443)] });
