import { type ClientConfig, PubSub } from '@google-cloud/pubsub';
import { PassThroughClient } from 'google-auth-library';

/** Milliseconds for a single call, and for one with all its repeats. */
export const callTimeout = 5000;
const totalTimeout = 15_000;

/** Failures that pass: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE. */
const retryCodes = [4, 8, 10, 13, 14];

/** How a call is repeated: within seconds, since whoever waits for it has a bound of their own. */
export const callOptions = {
  timeout: totalTimeout,
  retry: {
    retryCodes,
    backoffSettings: {
      initialRetryDelayMillis: 100,
      retryDelayMultiplier: 2,
      maxRetryDelayMillis: 2000,
      initialRpcTimeoutMillis: callTimeout,
      rpcTimeoutMultiplier: 1,
      maxRpcTimeoutMillis: callTimeout,
      totalTimeoutMillis: totalTimeout,
    },
  },
};

/**
 * A client of Pub/Sub with the machine's own credentials (Workload Identity on GKE), or of an emulator at `host:port`,
 * without any and without TLS.
 */
export function createPubsubClient(project: string, emulator = ''): PubSub {
  const options: ClientConfig = { projectId: project };
  // gRPC's, which the client passes on and its types leave out: a connection that was cut without a word is noticed within
  // half a minute, not after five.
  Object.assign(options, { 'grpc.keepalive_time_ms': 20_000, 'grpc.keepalive_timeout_ms': 10_000 });
  if (emulator !== '') {
    // With none of its own it would look for Google's credentials on the network.
    const authClient = new PassThroughClient();
    Object.assign(options, { apiEndpoint: emulator, emulatorMode: true, authClient });
  }
  return new PubSub(options);
}
