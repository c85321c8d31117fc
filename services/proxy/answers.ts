import { type Fault, statusOf } from '../errors.ts';
import type { RequestKind } from './request.ts';

/** Headers and texts of answers: one place for the Go Modules Reference's and HTTP caching's rules. */

export const textType = 'text/plain; charset=utf-8';

export const contentTypes: Readonly<Record<'info' | 'mod' | 'zip' | 'list' | 'latest' | 'query', string>> = {
  info: 'application/json',
  mod: textType,
  zip: 'application/zip',
  list: textType,
  latest: 'application/json',
  query: 'application/json',
};

/** Shared caches must not keep what only some readers may see. */
export const immutable = (isPrivate: boolean) => `${isPrivate ? 'private' : 'public'}, max-age=31536000, immutable`;

export const mutable = (isPrivate: boolean, maxAge = 60) =>
  `${isPrivate ? 'private' : 'public'}, max-age=${maxAge}, stale-if-error=86400`;

/** First words of an error's line, by kind. */
const prefixes: Readonly<Record<Fault['kind'], string>> = {
  invalid: 'bad request',
  'too-large': 'too large',
  method: 'method not allowed',
  unauthorized: 'unauthorized',
  'not-found': 'not found',
  gone: 'gone',
  refused: 'refused',
  conflict: 'conflict',
  'rate-limited': 'too many requests',
  loop: 'loop detected',
  'timed-out': 'timed out',
  unavailable: 'unavailable',
  'bad-origin': 'bad origin',
  security: 'security',
  internal: 'internal error',
};

/** The one line that the client reads; the go command prints it. Internal errors keep their text to the log. */
export function errorText(fault: Fault): string {
  if (fault.kind === 'internal') return 'internal error: this is a defect of the server; its log says more\n';
  const rule = fault.rule !== undefined && !fault.message.startsWith(`${fault.rule}: `) ? `${fault.rule}: ` : '';
  return `${prefixes[fault.kind]}: ${rule}${fault.message}\n`;
}

/** The longest time that an absence may be cached, in seconds: a version for ten minutes, anything else for one. */
function absenceAge(fault: Fault, kind: RequestKind): number {
  const longest = kind === 'info' || kind === 'mod' || kind === 'zip' ? 600 : 60;
  return Math.min(longest, fault.retryAfter ?? longest);
}

export function errorHeaders(fault: Fault, kind: RequestKind, cacheable: boolean): string[] {
  const headers = ['Content-Type', textType, 'X-Content-Type-Options', 'nosniff'];
  const status = statusOf[fault.kind];
  if (cacheable && (status === 404 || status === 410)) {
    headers.push('Cache-Control', `public, max-age=${absenceAge(fault, kind)}`);
  } else {
    headers.push('Cache-Control', 'no-store');
  }
  if (status === 401) headers.push('WWW-Authenticate', 'Basic realm="GoCenter", charset="UTF-8"');
  if (status === 429 || status >= 500)
    headers.push('Retry-After', String(Math.max(1, Math.ceil(fault.retryAfter ?? 10))));
  return headers;
}
