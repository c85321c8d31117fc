import type { statusOf } from '../../services/errors.ts';
import type { UpstreamFault } from '../upstream/index.ts';

/** What an origin may do wrong, and what a client is told of it. */

export type Kind = keyof typeof statusOf;

export interface Case {
  /** What the origin does; also the last element of the module's path, with dashes. */
  does: string;
  faults: readonly (readonly ['info' | 'mod' | 'zip', UpstreamFault])[];
  kind: Kind;
  /** In the sentence that the client gets. */
  says: RegExp;
}

const html = (status: number): UpstreamFault => ({
  kind: 'status',
  status,
  body: '<!DOCTYPE html><html><body>Please log in</body></html>',
  headers: { 'content-type': 'text/html' },
});
export const status = (code: number, headers: Record<string, string> = {}): UpstreamFault => ({
  kind: 'status',
  status: code,
  headers,
});
/** Of every zip, in bytes. */
export const size = 60_000;

/** What may pass: told for a moment, tried again, a dead letter in the end. */
export const passing: readonly Case[] = [
  { does: 'resets connections', faults: [['info', { kind: 'reset' }]], kind: 'unavailable', says: /does not answer/ },
  { does: 'never answers', faults: [['info', { kind: 'hang' }]], kind: 'timed-out', says: /did not answer in time/ },
  {
    does: 'falls silent within a zip',
    faults: [['zip', { kind: 'drip', bytes: 20_000, ms: 600_000 }]],
    kind: 'timed-out',
    says: /did not answer in time/,
  },
  {
    does: 'truncates zips',
    faults: [['zip', { kind: 'truncate', after: 30_000 }]],
    kind: 'bad-origin',
    says: /cut short/,
  },
  {
    does: 'truncates go.mods',
    faults: [['mod', { kind: 'truncate', after: 10 }]],
    kind: 'bad-origin',
    says: /cut short/,
  },
  {
    does: 'truncates infos',
    faults: [['info', { kind: 'truncate', after: 10 }]],
    kind: 'bad-origin',
    says: /cut short/,
  },
  {
    does: 'promises more than it sends',
    faults: [['zip', { kind: 'wrong-length', length: size + 10_000 }]],
    kind: 'bad-origin',
    says: /cut short/,
  },
  {
    does: 'sends more than it promises',
    faults: [['zip', { kind: 'wrong-length', length: size - 10_000 }]],
    kind: 'bad-origin',
    says: /cut short/,
  },
  { does: 'has half a zip', faults: [['zip', { kind: 'cut', length: 30_000 }]], kind: 'bad-origin', says: /cut short/ },
  { does: 'answers infos with HTML', faults: [['info', html(200)]], kind: 'bad-origin', says: /is not JSON/ },
  { does: 'answers zips with HTML', faults: [['zip', html(200)]], kind: 'bad-origin', says: /or something else/ },
  {
    does: 'gives the info of another version',
    faults: [['info', { kind: 'other', path: 'example.com/other', version: 'v1.5.0' }]],
    kind: 'bad-origin',
    says: /of another version/,
  },
  {
    does: 'has an info without end',
    faults: [['info', { kind: 'status', status: 200, body: 'x'.repeat(3 << 20) }]],
    kind: 'bad-origin',
    says: /more than 1048576/,
  },
  { does: 'answers 429', faults: [['info', status(429)]], kind: 'unavailable', says: /answers 429/ },
  { does: 'answers 500', faults: [['zip', status(500)]], kind: 'unavailable', says: /answers 500/ },
  { does: 'answers 503', faults: [['mod', html(503)]], kind: 'unavailable', says: /answers 503/ },
];

/** What the origin has said for now: kept for NEGATIVE_TTL. */
export const absent: readonly Case[] = [
  { does: 'answers 404', faults: [['info', status(404)]], kind: 'not-found', says: /^not found: / },
  {
    does: 'has only an info',
    faults: [
      ['mod', status(404)],
      ['zip', status(404)],
    ],
    kind: 'not-found',
    says: /^not found: /,
  },
  { does: 'answers 410', faults: [['info', status(410)]], kind: 'gone', says: /^gone: / },
  { does: 'answers 403', faults: [['info', status(403)]], kind: 'refused', says: /^refused: .*status 403/ },
  { does: 'answers 401', faults: [['zip', html(401)]], kind: 'refused', says: /^refused: .*status 401/ },
  {
    does: 'redirects to a private address',
    faults: [['zip', status(302, { location: 'http://127.0.0.1:1/secret' })]],
    kind: 'refused',
    says: /^refused: .*private or reserved address/,
  },
];

/** What the validator refuses: for ever, until an operator has it judged anew. */
export const wrong: readonly Case[] = [
  {
    does: "gives another module's zip",
    faults: [['zip', { kind: 'other', path: 'example.com/other', version: 'v1.5.0' }]],
    kind: 'refused',
    says: /^refused: zip-well-formed: /,
  },
  {
    does: 'gives a zip with another go.mod',
    faults: [['zip', { kind: 'changed' }]],
    kind: 'refused',
    says: /^refused: go-mod-agrees: /,
  },
  {
    does: 'gives half a go.mod',
    faults: [['mod', { kind: 'cut', length: 12 }]],
    kind: 'refused',
    says: /^refused: go-mod-agrees: /,
  },
];

/** The module of the case. */
export const pathOf = ({ does }: Case) => `example.com/${does.replaceAll(/[^a-z0-9.]+/g, '-')}`;
