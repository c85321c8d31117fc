import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether another site has had its visitor's browser send this. A browser says where a request comes from; what comes from a
 * sibling of our host does not come from us. Programs say nothing. `host` is that which was asked, with its port.
 */
export function isForeign(headers: IncomingHttpHeaders, host: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  // Browsers leave it out on plain http.
  const { origin } = headers;
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host.replace(/:(80|443)$/, ''));
}
