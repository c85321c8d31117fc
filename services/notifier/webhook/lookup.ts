import { Resolver } from 'node:dns/promises';
import { type Lookup, systemLookup } from '../../processor/net/guard.ts';

/** Milliseconds, of each of two attempts. */
const timeout = 2000;

/**
 * Asks the name servers itself: the system's resolver answers two questions at once in the whole process, so that
 * anybody's names that never resolve would hold up origins, too. Names that the operator has `listed` may be known to
 * the system alone. `servers` are those of the system by default.
 */
export function createWebhookLookup(listed: readonly string[], servers?: readonly string[]): Lookup {
  const resolver = new Resolver({ timeout, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  const names = new Set(listed.map(entry => entry.replace(/:\d+$/, '').toLowerCase()));
  return async (host, port) => {
    if (names.has(host)) return systemLookup(host, port);
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const addresses = answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length === 0) throw (answers[0] as PromiseRejectedResult).reason;
    return addresses.map(address => ({ address, port }));
  };
}
