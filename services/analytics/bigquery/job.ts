import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { BigQuery, type Query, type TableRow, type TableSchema } from '@google-cloud/bigquery';

/** Milliseconds between two looks at a job that BigQuery has not waited for. */
const pause = 200;
/** A job is ended by BigQuery itself when this part of the time has gone, whatever becomes of this process. */
const jobPart = 0.9;

/** What BigQuery's API says of a job, and of its result (Job and GetQueryResultsResponse); it may be anything. */
interface JobAnswer {
  status?: { errors?: unknown[] };
  jobReference?: { location?: string };
}
interface ResultAnswer {
  jobComplete?: boolean;
  schema?: TableSchema;
  rows?: TableRow[];
  pageToken?: string;
}

/**
 * Runs a query and resolves to its rows, as the client gives them. It has an id of ours, so that a request that is repeated
 * does not run it twice. Rejects with the client's error, or when the answer is none of BigQuery's; after `time`
 * milliseconds it asks no more. By the client's requests alone: its jobs read an answer that is malformed in a callback,
 * where what they throw ends the process.
 */
export async function runJob(bigquery: BigQuery, query: Query, time: number): Promise<Record<string, unknown>[]> {
  const end = performance.now() + time;
  const jobId = randomUUID();
  const location = await create(bigquery, jobId, query, Math.round(time * jobPart));
  const rows: Record<string, unknown>[] = [];
  let page: { pageToken?: string } | undefined = {};
  while (page !== undefined) {
    if (performance.now() > end) throw new Error('timed out');
    const qs = { ...(location && { location }), 'formatOptions.useInt64Timestamp': true, ...page };
    const answer: ResultAnswer = await request(bigquery, { uri: `/queries/${jobId}`, qs });
    if (typeof answer.jobComplete !== 'boolean') throw malformed();
    const some = rowsOf(answer);
    for (const row of some) rows.push(row);
    if (!answer.jobComplete) await delay(pause);
    else page = answer.pageToken ? { pageToken: answer.pageToken } : undefined;
    if (answer.jobComplete && page !== undefined && some.length === 0) await delay(pause);
  }
  return rows;
}

/** Where the job runs, for it can be asked for there alone. */
async function create(bigquery: BigQuery, jobId: string, given: Query, time: number): Promise<string | undefined> {
  const { labels, location, ...query } = given;
  const json = {
    configuration: {
      query: { useLegacySql: false, useQueryCache: true, ...query },
      jobTimeoutMs: String(time),
      labels,
    },
    jobReference: { projectId: bigquery.projectId, jobId, location },
  };
  let answer: JobAnswer;
  try {
    answer = await request(bigquery, { method: 'POST', uri: '/jobs', json });
  } catch (error) {
    // It was made by an attempt whose answer did not come.
    if ((error as { code?: unknown } | null)?.code === 409) return location;
    throw error;
  }
  const { status, jobReference } = answer;
  if (Array.isArray(status?.errors) && status.errors.length > 0) {
    throw Object.assign(new Error('the job has failed'), { errors: status.errors });
  }
  if (typeof status !== 'object' || status === null || typeof jobReference !== 'object' || jobReference === null) {
    throw malformed();
  }
  return typeof jobReference.location === 'string' ? jobReference.location : location;
}

function rowsOf({ schema, rows }: ResultAnswer): Record<string, unknown>[] {
  if (!schema || !rows) return [];
  try {
    return BigQuery.mergeSchemaWithRows_(schema, rows, { wrapIntegers: false });
  } catch (cause) {
    throw malformed(cause);
  }
}

/** What the API answers, an object at least. */
function request<T extends object>(
  bigquery: BigQuery,
  options: { method?: string; uri: string; json?: object; qs?: object },
): Promise<T> {
  return new Promise((resolve, reject) => {
    bigquery.request(options, (error, body) => {
      if (error) reject(error);
      else if (typeof body !== 'object' || body === null || Array.isArray(body)) reject(malformed());
      else resolve(body);
    });
  });
}

const malformed = (cause?: unknown) => Object.assign(new Error('malformed answer', { cause }), { code: 'malformed' });
