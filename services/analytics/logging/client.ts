import { v2 } from '@google-cloud/logging';
import { PassThroughClient } from 'google-auth-library';

/** What is used of the client, which has no types of its own. */
export interface LoggingClient {
  /** google.logging.v2.WriteLogEntriesRequest. Rejects with an error whose `code` is gRPC's. */
  writeLogEntries(request: object, options: object): Promise<unknown>;
}

/** What passes: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED (429), ABORTED, INTERNAL, UNAVAILABLE (503, or no connection). */
const retryCodes = [4, 8, 10, 13, 14];

/** gax's CallOptions for one attempt of so many milliseconds. */
export const oneCall = (milliseconds: number): object => ({ timeout: milliseconds, retry: { retryCodes: [] } });

/** gax's CallOptions: how a call is repeated: until `total` milliseconds have gone, none of its attempts longer than `each`. */
export const callOptions = ({ total, each }: { total: number; each: number }): object => ({
  timeout: total,
  retry: {
    retryCodes,
    backoffSettings: {
      initialRetryDelayMillis: 200,
      retryDelayMultiplier: 2,
      maxRetryDelayMillis: 10_000,
      initialRpcTimeoutMillis: each,
      rpcTimeoutMultiplier: 1,
      maxRpcTimeoutMillis: each,
      totalTimeoutMillis: total,
    },
  },
});

/**
 * A client of Cloud Logging with the machine's own credentials (Workload Identity on GKE), or of a server at `endpoint`, an
 * http or https address, without any. The generated client, not the one above it: that one finds out where it runs from a
 * metadata server, and adds an entry about itself to the log. By REST, so that one endpoint stands for Cloud Logging and
 * BigQuery.
 */
export function createLoggingClient(project: string, endpoint = ''): LoggingClient {
  if (endpoint === '') return new v2.LoggingServiceV2Client({ projectId: project, fallback: true });
  const { protocol, hostname, port } = new URL(endpoint);
  return new v2.LoggingServiceV2Client({
    projectId: project,
    fallback: true,
    protocol: protocol.slice(0, -1),
    apiEndpoint: hostname,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    // With none of its own it would look for Google's credentials on the network.
    authClient: new PassThroughClient(),
  });
}
