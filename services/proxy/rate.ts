import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';

/** A token bucket a client: `rate` requests a second, `burst` at once. Memory is bounded by `maxClients`. */
export interface RateLimiter {
  /** 0 when the request may pass, else the seconds until one may. */
  take(client: string): number;
}

interface Bucket {
  tokens: number;
  at: number;
}

const maxClients = 50_000;

/** A `rate` of 0 lets everything pass. `now` is in milliseconds. */
export function createRateLimiter(
  rate: number,
  now: () => number = () => performance.now(),
  burst = rate * 2,
): RateLimiter {
  if (rate === 0) return { take: () => 0 };
  const buckets = new LRUCache<string, Bucket>({ max: maxClients });
  return {
    take(client) {
      const at = now();
      let bucket = buckets.get(client);
      if (bucket === undefined) {
        bucket = { tokens: burst, at };
        buckets.set(client, bucket);
      }
      bucket.tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) * rate) / 1000);
      bucket.at = at;
      if (bucket.tokens < 1) return (1 - bucket.tokens) / rate;
      bucket.tokens -= 1;
      return 0;
    },
  };
}

/** What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, which is what one site is given. */
export function clientKey(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return (parsed as ipaddr.IPv6).parts.slice(0, 4).join(':');
}
