import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export const providers = ['github', 'gitlab', 'gitea'] as const;
export type Provider = (typeof providers)[number];

/** The secret of a webhook, and for which modules it may speak. */
export interface HookSecret {
  name: string;
  secret: string;
  /** Patterns as in GOPRIVATE; all modules without. */
  modules?: string[];
}

/**
 * The secret that this request was made with; undefined when it is none of these. Compared in a time that does not depend
 * on how much of it is right, and with every secret. GitHub and Gitea sign the body (HMAC-SHA256, in hex). GitLab signs
 * as the Standard Webhooks do where a signing token is set, and sends the secret itself where a secret token is; where
 * both are, either will do. The time that is signed is not looked at: a repeat, however late, asks for nothing.
 */
export function findSecret(
  provider: Provider,
  secrets: readonly HookSecret[],
  headers: IncomingHttpHeaders,
  body: Buffer,
): HookSecret | undefined {
  let found: HookSecret | undefined;
  for (const candidate of secrets) {
    if (verifiers[provider](candidate.secret, headers, body)) found ??= candidate;
  }
  return found;
}

type Verify = (secret: string, headers: IncomingHttpHeaders, body: Buffer) => boolean;

const verifiers: Record<Provider, Verify> = {
  github: (secret, headers, body) => isEqual(headers['x-hub-signature-256'], `sha256=${hex(secret, body)}`),
  gitea: (secret, headers, body) =>
    isEqual(headers['x-gitea-signature'] ?? headers['x-forgejo-signature'], hex(secret, body)),
  gitlab(secret, headers, body) {
    const { 'webhook-signature': signatures, 'webhook-id': id, 'webhook-timestamp': time } = headers;
    const isSent = isEqual(headers['x-gitlab-token'], secret);
    if (isSent || typeof signatures !== 'string') return isSent;
    const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret;
    const signed = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest('base64');
    return signatures.split(' ').some(signature => isEqual(signature, `v1,${signed}`));
  },
};

const hex = (secret: string, body: Buffer) => createHmac('sha256', secret).update(body).digest('hex');

/** By their hashes, which are of one length: so that of the secret is not told by the time, either. */
function isEqual(given: string | string[] | undefined, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(expected));
}
