import type { Metrics } from '../metrics.ts';

/** Counts one request to an origin: `outcome` is `ok` or a fault kind. */
export type CountFetch = (host: string, outcome: string) => void;

const maxHosts = 200;

/** Anybody can ask for modules of any host, so the hosts that get a label of their own are bounded; the rest is `other`. */
export function createFetchCounter(metrics: Metrics): CountFetch {
  const hosts = new Set<string>();
  return (host, outcome) => {
    if (hosts.size < maxHosts) hosts.add(host);
    metrics.fetches.inc({ host: hosts.has(host) ? host : 'other', outcome });
  };
}
