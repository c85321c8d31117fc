import {
  Certificate,
  CertificateMap,
  CertificateMapEntry,
  DnsAuthorization,
} from '@pulumi/gcp/certificatemanager/index.js';
import { GlobalAddress, SecurityPolicy, SSLPolicy } from '@pulumi/gcp/compute/index.js';
import { ManagedZone, RecordSet } from '@pulumi/gcp/dns/index.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';

export interface EdgeArgs {
  /** Domain of the stage, of which this makes the DNS zone; the zone above must delegate to `nameServers`. */
  domain: string;
  /** Host names in it that lead to the Gateway. */
  hosts: readonly string[];
  /** Requests a minute and client address, beyond which answers are 429. */
  requestsPerMinute: number;
  labels: Readonly<Record<string, string>>;
}

/** What attackers send whatever the site is; the values are Cloud Armor's names of rule sets. */
const attacks = [
  { id: 'protocolattack-v33-stable', about: 'Smuggling, splitting and header injection' },
  { id: 'scannerdetection-v33-stable', about: 'Scanners' },
  { id: 'cve-canary', about: 'Log4Shell and its like' },
] as const;

/**
 * All before the Gateway: address, names, certificates, and what is refused there. Certificates are proven by DNS, so that
 * they are there before the first request comes.
 */
export class Edge extends ComponentResource {
  /** Name of the global address, and the address. */
  readonly addressName: Output<string>;
  readonly address: Output<string>;
  readonly certificateMap: Output<string>;
  readonly securityPolicy: Output<string>;
  readonly tlsPolicy: Output<string>;
  /** To be written into the zone above. */
  readonly nameServers: Output<string[]>;

  constructor(name: string, args: EdgeArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Edge', name, {}, opts);
    const parent = { parent: this };
    const { domain, labels } = args;

    const address = new GlobalAddress(
      `${name}-address`,
      { name: 'gocenter-edge', addressType: 'EXTERNAL', ipVersion: 'IPV4', labels },
      parent,
    );
    const zone = new ManagedZone(
      `${name}-zone`,
      {
        name: 'gocenter',
        dnsName: `${domain}.`,
        description: 'GoCenter',
        dnssecConfig: { state: 'on', nonExistence: 'nsec3' },
        labels,
      },
      parent,
    );
    const record = (id: string, host: RecordSetName, type: string, rrdatas: Output<string>[] | string[]) =>
      new RecordSet(`${name}-${id}`, { managedZone: zone.name, name: host, type, ttl: 300, rrdatas }, parent);
    record('caa', `${domain}.`, 'CAA', ['0 issue "pki.goog"', '0 issuewild ";"']);

    const map = new CertificateMap(`${name}-certificates`, { name: 'gocenter', labels }, parent);
    for (const host of args.hosts) {
      const id = idOf(host, domain);
      record(`${id}-address`, `${host}.`, 'A', [address.address]);
      const proof = new DnsAuthorization(`${name}-${id}-proof`, { name: id, domain: host, labels }, parent);
      const first = proof.dnsResourceRecords.apply(([only]) => only);
      record(
        `${id}-proof-record`,
        first.apply(only => only?.name ?? `_acme-challenge.${host}.`),
        'CNAME',
        [first.apply(only => only?.data ?? '')],
      );
      const certificate = new Certificate(
        `${name}-${id}-certificate`,
        { name: id, scope: 'DEFAULT', managed: { domains: [host], dnsAuthorizations: [proof.id] }, labels },
        parent,
      );
      new CertificateMapEntry(
        `${name}-${id}-entry`,
        { name: id, map: map.name, hostname: host, certificates: [certificate.id], labels },
        parent,
      );
    }

    const tls = new SSLPolicy(`${name}-tls`, { name: 'gocenter', profile: 'MODERN', minTlsVersion: 'TLS_1_2' }, parent);
    const policy = new SecurityPolicy(`${name}-armor`, this.#armor(args), parent);

    this.addressName = address.name;
    this.address = address.address;
    this.certificateMap = map.name;
    this.securityPolicy = policy.name;
    this.tlsPolicy = tls.name;
    this.nameServers = zone.nameServers;
    this.registerOutputs({ address: this.address, nameServers: this.nameServers });
  }

  #armor({ requestsPerMinute, labels }: EdgeArgs): ConstructorParameters<typeof SecurityPolicy>[1] {
    const everybody = { versionedExpr: 'SRC_IPS_V1', config: { srcIpRanges: ['*'] } };
    return {
      name: 'gocenter',
      type: 'CLOUD_ARMOR',
      labels,
      adaptiveProtectionConfig: { layer7DdosDefenseConfig: { enable: true } },
      rules: [
        // Only what is sure: paths of modules have `!`, `@` and `+` in them, which higher levels take for attacks.
        ...attacks.map(({ id, about }, index) => ({
          priority: 1000 + index,
          description: about,
          action: 'deny(403)',
          match: { expr: { expression: `evaluatePreconfiguredWaf('${id}', {'sensitivity': 1})` } },
        })),
        {
          priority: 2000,
          description: 'Requests a minute and client address',
          action: 'throttle',
          match: everybody,
          rateLimitOptions: {
            conformAction: 'allow',
            exceedAction: 'deny(429)',
            enforceOnKey: 'IP',
            rateLimitThreshold: { count: requestsPerMinute, intervalSec: 60 },
          },
        },
        { priority: 2_147_483_647, description: 'All others', action: 'allow', match: everybody },
      ],
    };
  }
}

type RecordSetName = string | Output<string>;

/** `apex`, or what stands before the domain, as a resource can be called. */
const idOf = (host: string, domain: string): string =>
  host === domain ? 'apex' : host.slice(0, -domain.length - 1).replaceAll('.', '-');
