import { readClient } from '../analytics/client.ts';

/**
 * What the request log tells of who asks, as the end of its line: program, version, whether it is a CI system, country.
 * Never the address. Clients send the same headers again and again, so what was made of them is held.
 */
export interface Visitors {
  describe(userAgent: string | undefined, country: string | undefined, ci?: boolean): string;
}

/** Different visitors held; when there are more, all are made anew. */
const maxHeld = 1000;

/** `trusted`: a load balancer before the proxy sets the country; from anybody else it would be an invention. */
export function createVisitors(trusted: boolean): Visitors {
  const held = new Map<string, string>();
  return {
    describe(userAgent = '', country = '', ci = false) {
      const key = `${ci}${country}\n${userAgent}`;
      const known = held.get(key);
      if (known !== undefined) return known;
      const client = readClient(userAgent);
      const told = {
        country: trusted && /^[A-Z]{2}$/.test(country) ? country : '',
        ...client,
        ci: ci || client.ci,
      };
      const text = `,${JSON.stringify(told).slice(1, -1)}`;
      if (held.size >= maxHeld) held.clear();
      if (key.length <= 1024) held.set(key, text);
      return text;
    },
  };
}

/** Where a load balancer tells the client's country. Google Cloud: a custom header with `{client_region}`. */
export const countryHeader = 'x-client-region';
