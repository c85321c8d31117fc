import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Fault } from '../../errors.ts';

/** Where to connect to for a host and port. */
export interface Endpoint {
  address: string;
  port: number;
}

/** Finds the addresses of a name; throws what the resolver throws. */
export type Lookup = (host: string, port: number) => Promise<readonly Endpoint[]>;

export interface GuardOptions {
  /** Hosts, or `host:port`, that may be private. */
  allow: readonly string[];
  /** The variable that `allow` is of, for who is refused; ALLOW_PRIVATE_ORIGINS by default. */
  variable?: string;
  /** Addresses that the operator has configured as origins; their host and port may be private. */
  configured?: readonly URL[];
  /** Names of this repository itself: OWN_HOSTS. */
  own?: readonly string[];
  lookup?: Lookup;
}

export interface Guard {
  /**
   * The addresses of a host that may be connected to, all others left out. Connect to these very addresses: the name
   * may mean something else a moment later. Throws `refused` when none is left, `unavailable` when the name is unknown,
   * `loop` when the host is this repository.
   */
  resolve(host: string, port: number): Promise<Endpoint[]>;

  /** Whether the operator listed this host, so that it may also use other ports than 443. */
  listed(host: string, port: number): boolean;
}

export function createGuard(options: GuardOptions): Guard {
  const { allow, variable = 'ALLOW_PRIVATE_ORIGINS', configured = [], own = [], lookup = systemLookup } = options;
  const ownHosts = new Set(own.map(host => host.toLowerCase()));
  const exempt = new Set([...allow.map(host => host.toLowerCase()), ...configured.map(hostAndPort)]);
  const listed = (host: string, port: number) => {
    const name = bare(host);
    return exempt.has(name) || exempt.has(`[${name}]`) || exempt.has(`${bracketed(name)}:${port}`);
  };
  return {
    listed,
    async resolve(host, port) {
      const name = bare(host);
      if (ownHosts.has(name)) throw new Fault('loop', `${name} is this repository itself`);
      const endpoints = isIP(name) === 0 ? await find(lookup, name, port) : [{ address: name, port }];
      const allowed = listed(name, port) ? [...endpoints] : endpoints.filter(({ address }) => isPublicAddress(address));
      if (allowed.length === 0) {
        throw new Fault('refused', `${name} has a private or reserved address; ${variable} may list it`);
      }
      return allowed;
    },
  };
}

/**
 * Whether an address is one of the public internet: not private, loopback, link-local (cloud metadata), shared
 * (carrier-grade NAT), multicast, unspecified or reserved (IANA special-purpose registries), nor such an IPv4 address
 * in an IPv4-mapped or NAT64 (RFC 6052) form.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv6) {
    const bytes = parsed.toByteArray();
    if (parsed.match(wellKnownNat64)) return isPublicAddress(bytes.slice(12).join('.'));
    return parsed.range() === 'unicast' && parsed.match(globalUnicast);
  }
  return parsed.range() === 'unicast' && parsed.toString() !== azureWireServer;
}

const wellKnownNat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
/** All that IANA has given out so far. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');
/** A public address that means the host's own agent on every machine of that cloud. */
const azureWireServer = '168.63.129.16';

export const systemLookup: Lookup = async (host, port) =>
  (await dnsLookup(host, { all: true })).map(({ address }) => ({ address, port }));

async function find(lookup: Lookup, host: string, port: number): Promise<readonly Endpoint[]> {
  try {
    return await lookup(host, port);
  } catch (error) {
    throw new Fault('unavailable', `the name ${host} can't be resolved`, { cause: error });
  }
}

const bare = (host: string) =>
  host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host);
const hostAndPort = (url: URL) => `${url.hostname}:${url.port || (url.protocol === 'http:' ? 80 : 443)}`;
