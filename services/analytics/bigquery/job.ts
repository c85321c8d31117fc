import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { BigQuery, Query, QueryResultsOptions } from '@google-cloud/bigquery';

/** Milliseconds between two looks at a job that BigQuery has not waited for. */
const pause = 200;
/** A job is ended by BigQuery itself when this part of the time has gone, whatever becomes of this process. */
const jobPart = 0.9;

/**
 * Runs a query and resolves to its rows, as the client gives them. It has an id of ours, so that a request that is repeated
 * does not run it twice. Rejects with the client's error; after `time` milliseconds it asks no more.
 */
export async function runJob(bigquery: BigQuery, query: Query, time: number): Promise<Record<string, unknown>[]> {
  const end = performance.now() + time;
  const jobId = randomUUID();
  const created = bigquery.createQueryJob({
    useLegacySql: false,
    useQueryCache: true,
    jobTimeoutMs: Math.round(time * jobPart),
    jobId,
    ...query,
  });
  const job = await created.then(
    ([job]) => job,
    error => {
      // It was made by an attempt whose answer did not come.
      if (error?.code === 409) return bigquery.job(jobId, query.location ? { location: query.location } : {});
      throw error;
    },
  );
  const rows: Record<string, unknown>[] = [];
  let page: QueryResultsOptions | null = {};
  while (page !== null) {
    if (performance.now() > end) throw new Error('timed out');
    const answer = await job.getQueryResults({ ...page, autoPaginate: false });
    const [some, next] = answer as unknown as [Record<string, unknown>[], QueryResultsOptions | null];
    for (const row of some) rows.push(row);
    page = next;
    if (page !== null && some.length === 0) await delay(pause);
  }
  return rows;
}
