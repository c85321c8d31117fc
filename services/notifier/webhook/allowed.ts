import { isIP } from 'node:net';
import { Fault } from '../../errors.ts';
import { isPublicAddress } from '../../processor/net/guard.ts';

/** An entry of WEBHOOK_ALLOW_PRIVATE as `host:port`: without a port it is that of https, or every port could be tried. */
export const withPort = (entry: string): string => (/:\d+$/.test(entry) ? entry : `${entry}:443`).toLowerCase();

/**
 * The address of a webhook, as far as it can be judged without asking the network; where it leads is checked whenever it
 * is posted to. `allow` is WEBHOOK_ALLOW_PRIVATE. Throws `invalid` or `refused`.
 */
export function checkWebhook(text: string, allow: readonly string[]): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new Fault('invalid', 'webhook must be an https address');
  }
  if (url.username !== '' || url.password !== '') {
    throw new Fault('invalid', 'webhook must not hold a password; what is posted is signed instead');
  }
  const { hostname, port } = url;
  const place = `${hostname}:${port || (url.protocol === 'https:' ? 443 : 80)}`;
  if (allow.map(withPort).includes(place)) return url.href;
  if (url.protocol !== 'https:' || port !== '') throw new Fault('refused', 'webhook must be https on port 443');
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  const isLocal = /(^|\.)localhost\.?$/.test(hostname) || !/[.:]/.test(address);
  if (isLocal || (isIP(address) !== 0 && !isPublicAddress(address))) {
    throw new Fault('refused', `${hostname} is private; an operator may list it in WEBHOOK_ALLOW_PRIVATE`);
  }
  return url.href;
}
