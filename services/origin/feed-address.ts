import { Fault } from '../errors.ts';

export interface FeedAddress {
  /** Without credentials: what it is called in questions, records and logs. */
  name: string;
  url: URL;
}

/**
 * An element of INDEX_FEEDS: a GOPROXY that has an `/index`, or the address of the index itself. Throws `invalid` with a
 * sentence that holds no credentials.
 */
export function parseFeedAddress(text: string): FeedAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Fault('invalid', 'has an element that is no http or https address such as https://index.golang.org');
  }
  if (url.search !== '' || url.hash !== '') {
    throw new Fault('invalid', 'has an address with a query or a fragment; write it without');
  }
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new Fault('invalid', 'has credentials with a % that is no escape');
  }
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith('/index') ? path : `${path}/index`;
  return { name: `${url.protocol}//${url.host}${url.pathname}`, url };
}
