import { startEmulator } from './emulator.ts';

export interface MessagingEmulator extends AsyncDisposable {
  /** For `PUBSUB_EMULATOR_HOST`, or `apiEndpoint` of the client: `host:port`, without TLS. */
  address: string;
  close(): Promise<void>;
}

/**
 * Starts a Pub/Sub: Google's own pstest, all in memory. Leases, redelivery and dead letters hold; the back-off of a retry
 * policy is accepted and not kept. `address` is `host:port`; without one it is a free port of the loopback.
 */
export async function startMessaging(options: { address?: string } = {}): Promise<MessagingEmulator> {
  const { address, close } = await startEmulator('pstest', { address: options.address });
  return { address, close, [Symbol.asyncDispose]: close };
}
