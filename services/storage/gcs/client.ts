import { IdempotencyStrategy, Storage } from '@google-cloud/storage';
import { Agent } from 'undici';

/** Milliseconds without an answer to a download, or without a byte of it while bytes are wanted. */
const silence = 15_000;

export interface GcsClient {
  service: Storage;
  /** Connections for downloads (read.ts). */
  downloads: Agent;
  close(): Promise<void>;
}

/**
 * A client of Cloud Storage with the machine's own credentials (Workload Identity on GKE), or without any of a server at
 * `endpoint` that speaks the same. Failures that pass (408, 429, 5xx, a broken connection) are tried again within
 * seconds. Repeating is safe for all that the port does: what must happen once has a precondition. The library's own
 * time-outs do nothing on Node, and past `totalTimeout` it may never call back: `answered` (faults.ts) bounds the wait.
 */
export function createGcsClient({ endpoint = '' }: { endpoint?: string } = {}): GcsClient {
  const service = new Storage({
    ...(endpoint !== '' && { apiEndpoint: endpoint }),
    retryOptions: {
      autoRetry: true,
      maxRetries: 3,
      retryDelayMultiplier: 2,
      maxRetryDelay: 1,
      totalTimeout: 15,
      idempotencyStrategy: IdempotencyStrategy.RetryAlways,
    },
  });
  const downloads = new Agent({
    connections: 64,
    headersTimeout: silence,
    bodyTimeout: silence,
    connect: { timeout: 5000 },
  });
  return { service, downloads, close: () => downloads.destroy() };
}
