import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import ipaddr from 'ipaddr.js';
import { Fault } from '../../errors.ts';
import type { HookSecrets } from '../secrets.ts';
import { equal } from '../webhook/sign.ts';

/** What is known of a request before its body is trusted. */
export interface Asked {
  headers: IncomingHttpHeaders;
  /** `token` of the query, for senders that can set nothing else. */
  token: string | undefined;
  /** Address of the peer that is connected. */
  peer: string;
  body: Buffer;
}

const headerOf = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** Throws `unauthorized` unless GitHub has signed the body. https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
export function checkGithub({ headers, body }: Asked, secrets: HookSecrets): void {
  const secret = secrets['ci-github'];
  if (secret === undefined) throw closed('ci-github');
  const signature = headerOf(headers, 'x-hub-signature-256');
  if (signature === undefined) throw new Fault('unauthorized', 'the header X-Hub-Signature-256 is missing');
  const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  if (!equal(signature, expected)) throw new Fault('unauthorized', 'the signature is not that of this body and secret');
}

/** Throws `unauthorized` unless Jenkins' token came with it. */
export function checkJenkins(asked: Asked, secrets: HookSecrets): void {
  const secret = secrets['ci-jenkins'];
  if (secret === undefined) throw closed('ci-jenkins');
  checkToken(asked, secret);
}

/**
 * Throws `unauthorized` unless the token for alerts came with it. Managed Alertmanager can't be given a secret, so without one
 * who is on the same private network may tell of alerts; nobody may from outside, nor through a proxy, nor may the
 * browsers there have a page of elsewhere do it.
 */
export function checkAlerts(asked: Asked, secrets: HookSecrets): void {
  if (secrets.alerts !== undefined) {
    checkToken(asked, secrets.alerts);
    return;
  }
  const { headers, peer } = asked;
  const isForwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  const isBrowser = headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;
  if (isForwarded || isBrowser || !isNear(peer)) throw closed('alerts');
}

function checkToken({ headers, token }: Asked, secret: string): void {
  const given = token ?? credentials(headerOf(headers, 'authorization') ?? '');
  if (given === undefined || given === '') {
    throw new Fault('unauthorized', 'a token is needed: as Bearer, as the password of Basic, or as ?token=');
  }
  if (!equal(given, secret)) throw new Fault('unauthorized', 'the token is not that of this hook');
}

/** Of a Bearer or Basic header. */
function credentials(authorization: string): string | undefined {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  if (bearer !== undefined) return bearer;
  const [, basic] = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization) ?? [];
  const pair = basic === undefined ? '' : Buffer.from(basic, 'base64').toString();
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined;
}

const near = new Set(['private', 'loopback', 'linkLocal', 'uniqueLocal', 'carrierGradeNat']);
const isNear = (address: string) => ipaddr.isValid(address) && near.has(ipaddr.process(address).range());

const closed = (name: string) =>
  new Fault('unauthorized', `this hook is closed: HOOK_SECRETS_FILE has no secret ${JSON.stringify(name)}`);
