import type { Messaging } from '../../services/messaging/index.ts';
import type { Message, SubscriptionName } from '../../services/messaging/topics.ts';

export interface Options {
  maxAttempts?: number;
  /** Milliseconds, as all of these. */
  lease?: number;
  maxHandling?: number;
  backoff?: { first: number; max: number };
}

/** A backend of its own for one test. */
export interface Backend {
  /** A client, as another process would have it. */
  open(options?: Options): Promise<Messaging>;
  /** Puts a text where the subscription's messages are, past every check. */
  store(subscription: SubscriptionName, text: string): Promise<void>;
  /** Closes the clients that are still open and removes everything. */
  close(): Promise<void>;
}

export const requested = (version: string): Message<'module.requested'> => ({
  v: 1,
  module: 'example.com/module',
  version,
  by: 'proxy',
  requestedAt: '2026-11-01T00:00:00Z',
});

export const fetched = (version: string): Message<'module.fetched'> => ({
  v: 1,
  module: 'example.com/module',
  version,
  requestedAt: '2026-11-01T00:00:00Z',
  origin: 'https://example.com',
});

export const published = (version: string): Message<'module.published'> => ({
  v: 1,
  module: 'example.com/module',
  version,
  publishedAt: '2026-11-01T00:00:00Z',
  hash: 'h1:x',
  origin: 'https://example.com',
});

export const versions = (count: number) => Array.from({ length: count }, (_, i) => `v1.${i}.0`);

/** Polls until the condition holds; throws what it last said after `limit` milliseconds. */
export async function until(condition: () => boolean | Promise<boolean>, limit = 10_000): Promise<void> {
  const end = performance.now() + limit;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`it did not come true within ${limit} ms: ${condition}`);
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}

/** A door that handlers wait at. */
export function createGate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, opened: promise };
}
