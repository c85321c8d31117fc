import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';

/** Milliseconds for one attempt of a request. */
const requestTimeout = 20_000;

/**
 * A client of BigQuery with the machine's own credentials (Workload Identity on GKE), or of a server at `endpoint` that
 * speaks the same, without any. What passes (429, 5xx, a broken connection) is tried again, with a second or two between;
 * whoever asks has a bound of their own.
 */
export function createBigqueryClient(project: string, endpoint = ''): BigQuery {
  const bigquery = new BigQuery({
    projectId: project,
    // Its total time-out would be no bound: the client then never answers.
    retryOptions: { autoRetry: true, maxRetries: 3, retryDelayMultiplier: 1.5, maxRetryDelay: 2, totalTimeout: 3600 },
    ...(endpoint !== '' && {
      apiEndpoint: endpoint,
      // With none of its own it would look for Google's credentials on the network.
      authClient: new PassThroughClient(),
    }),
  });
  bigquery.timeout = requestTimeout;
  return bigquery;
}
