import { Fault } from '../errors.ts';

/**
 * Where modules come from, in order. `anyError`: go on to the next origin after any error, not only after not-found and
 * gone (that it is followed by `|`, not `,`). `name` is without credentials: it is logged, kept and shown.
 */
export type OriginSpec =
  | { kind: 'goproxy'; name: string; url: URL; anyError: boolean }
  | { kind: 'direct' | 'off'; name: string; anyError: boolean };

/**
 * Parses UPSTREAM as the go command does GOPROXY (go.dev/ref/mod#environment-variables): addresses, `direct`, `off`,
 * separated by `,` or `|`; a bare host means https. `direct` and `off` end the list, what follows them is never asked.
 * Stricter than go: empty elements are faults. Throws `invalid` with a sentence that holds no credentials.
 */
export function parseOrigins(text: string): OriginSpec[] {
  const origins: OriginSpec[] = [];
  const parts = text.split(/([,|])/);
  let ended = false;
  for (let i = 0; i < parts.length; i += 2) {
    const origin = parseOrigin((parts[i] ?? '').trim(), i / 2 + 1, parts[i + 1] === '|');
    if (!ended) origins.push(origin);
    ended ||= origin.kind !== 'goproxy';
  }
  return origins;
}

function parseOrigin(text: string, position: number, anyError: boolean): OriginSpec {
  const which = `element ${position} of the list of origins`;
  if (text === '') throw new Fault('invalid', `${which} is empty: write an address, direct or off`);
  if (text === 'direct' || text === 'off') return { kind: text, name: text, anyError };
  const address = /[.:/]/.test(text) && !text.includes(':/') && !text.startsWith('/') ? `https://${text}` : text;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    throw new Fault('invalid', `${which} must be an http or https address, direct or off`);
  }
  if (url.search !== '' || url.hash !== '') throw new Fault('invalid', `${which} must have no query and no fragment`);
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new Fault('invalid', `${which} has credentials with a % that is no escape`);
  }
  const name = originName(url);
  if (name.length > 2048) throw new Fault('invalid', `${which} is longer than 2048 characters`);
  return { kind: 'goproxy', name, url, anyError };
}

/** An address without credentials and without a slash at its end. */
export function originName(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
}
