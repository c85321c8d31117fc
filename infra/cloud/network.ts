import { Address, Firewall, GlobalAddress, Network, Router, RouterNat, Subnetwork } from '@pulumi/gcp/compute/index.js';
import { ManagedZone, RecordSet } from '@pulumi/gcp/dns/index.js';
import { Connection } from '@pulumi/gcp/servicenetworking/index.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';

export interface VpcArgs {
  region: string;
  /** Ranges of the nodes, and of pods and services within the nodes' subnetwork. */
  nodes: string;
  pods: string;
  services: string;
  /** Range of the control plane, whence webhooks in the cluster are called. */
  controlPlane: string;
  /** Range in which Google puts the stage's databases. */
  databases: string;
  /** Share of connections in the flow logs, 0–1. */
  flowSampling: number;
  /** Addresses to go out by. */
  natAddresses: number;
  labels: Readonly<Record<string, string>>;
}

/** Network tag of every node. */
export const nodeTag = 'gocenter-node';

/** Google's interfaces as private.googleapis.com has them: one range that a NetworkPolicy can name. */
export const googleApis = '199.36.153.8/30';
const googleAddresses = ['199.36.153.8', '199.36.153.9', '199.36.153.10', '199.36.153.11'];

/**
 * The stage's own network. Nothing in it has a public address: what goes out goes by NAT from fixed addresses, which
 * origins can allow; Google's interfaces, registry and databases are reached without leaving Google's network.
 */
export class Vpc extends ComponentResource {
  readonly network: Output<string>;
  readonly subnetwork: Output<string>;
  /** Names of the subnetwork's ranges of pods and services. */
  readonly ranges = { pods: 'pods', services: 'services' };
  /** Network for databases, once Google's range is connected to it. */
  readonly databaseNetwork: Output<string>;
  /** Addresses that the stage is seen by from outside. */
  readonly egressAddresses: Output<string>[];

  constructor(name: string, args: VpcArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Vpc', name, {}, opts);
    const parent = { parent: this };
    const { region, labels } = args;
    const network = new Network(
      name,
      { name: 'gocenter', autoCreateSubnetworks: false, routingMode: 'REGIONAL', mtu: 1460 },
      parent,
    );
    const subnetwork = new Subnetwork(
      `${name}-nodes`,
      {
        name: 'nodes',
        region,
        network: network.id,
        ipCidrRange: args.nodes,
        secondaryIpRanges: [
          { rangeName: this.ranges.pods, ipCidrRange: args.pods },
          { rangeName: this.ranges.services, ipCidrRange: args.services },
        ],
        privateIpGoogleAccess: true,
        logConfig: {
          aggregationInterval: 'INTERVAL_5_MIN',
          flowSampling: args.flowSampling,
          metadata: 'INCLUDE_ALL_METADATA',
        },
      },
      parent,
    );

    const addresses = Array.from(
      { length: args.natAddresses },
      (_, index) => new Address(`${name}-egress-${index}`, { name: `egress-${index}`, region, labels }, parent),
    );
    const router = new Router(`${name}-router`, { name: 'egress', region, network: network.id }, parent);
    new RouterNat(
      `${name}-nat`,
      {
        name: 'egress',
        region,
        router: router.name,
        natIpAllocateOption: 'MANUAL_ONLY',
        natIps: addresses.map(address => address.selfLink),
        sourceSubnetworkIpRangesToNat: 'LIST_OF_SUBNETWORKS',
        subnetworks: [{ name: subnetwork.id, sourceIpRangesToNats: ['ALL_IP_RANGES'] }],
        // A node of processors has many connections to few hosts; others have hardly any.
        enableDynamicPortAllocation: true,
        enableEndpointIndependentMapping: false,
        minPortsPerVm: 64,
        maxPortsPerVm: 8192,
        logConfig: { enable: true, filter: 'ERRORS_ONLY' },
      },
      parent,
    );

    // GKE opens only 443 and 10250 by itself; KEDA's metrics (6443) and webhooks (9443) are called as well.
    new Firewall(
      `${name}-webhooks`,
      {
        name: 'control-plane-to-webhooks',
        network: network.id,
        direction: 'INGRESS',
        sourceRanges: [args.controlPlane],
        targetTags: [nodeTag],
        allows: [{ protocol: 'tcp', ports: ['6443', '9443'] }],
      },
      parent,
    );
    this.#googleNames(name, network, labels);

    const [address, length] = args.databases.split('/');
    const databases = new GlobalAddress(
      `${name}-databases`,
      {
        name: 'databases',
        addressType: 'INTERNAL',
        purpose: 'VPC_PEERING',
        address: address ?? args.databases,
        prefixLength: Number(length),
        network: network.id,
        labels,
      },
      parent,
    );
    const connection = new Connection(
      `${name}-databases-connection`,
      { network: network.id, service: 'servicenetworking.googleapis.com', reservedPeeringRanges: [databases.name] },
      parent,
    );

    this.network = network.id;
    this.subnetwork = subnetwork.id;
    this.databaseNetwork = connection.network;
    this.egressAddresses = addresses.map(each => each.address);
    this.registerOutputs({
      network: this.network,
      subnetwork: this.subnetwork,
      databaseNetwork: this.databaseNetwork,
      egressAddresses: this.egressAddresses,
    });
  }

  /** Within the network every Google interface and registry has the private addresses. */
  #googleNames(name: string, network: Network, labels: Readonly<Record<string, string>>): void {
    for (const domain of ['googleapis.com', 'pkg.dev', 'gcr.io']) {
      const id = domain.replace('.', '-');
      const zone = new ManagedZone(
        `${name}-${id}`,
        {
          name: id,
          dnsName: `${domain}.`,
          description: 'Google over its private addresses',
          visibility: 'private',
          privateVisibilityConfig: { networks: [{ networkUrl: network.id }] },
          labels,
        },
        { parent: this },
      );
      const record = (suffix: string, host: string, type: string, rrdatas: string[]) =>
        new RecordSet(
          `${name}-${id}-${suffix}`,
          { managedZone: zone.name, name: `${host}.`, type, ttl: 300, rrdatas },
          { parent: this },
        );
      const apex = domain === 'googleapis.com' ? `private.${domain}` : domain;
      record('addresses', apex, 'A', googleAddresses);
      record('names', `*.${domain}`, 'CNAME', [`${apex}.`]);
    }
  }
}
