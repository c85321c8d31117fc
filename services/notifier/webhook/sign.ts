import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The signature of a webhook, as in Slack's and GitHub's: `v0=` and the HMAC-SHA256, in hex, of
 * `v0:<seconds since 1970>:<raw body>` under the watch's secret. A receiver compares in constant time, refuses what is
 * older than five minutes, and takes the body's `id` as the key of what it has seen.
 */
export function sign(secret: string, timestamp: number, body: string): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

/** Whether two texts are equal, in a time that tells nothing about them. */
export function equal(a: string, b: string): boolean {
  const [one, other] = [a, b].map(text => createHmac('sha256', 'equal').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
