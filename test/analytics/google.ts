import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { daily } from '../../infra/cloud/analytics/schemas.ts';
import { bigqueryTypes } from '../../services/analytics/bigquery-dialect.ts';
import { openDuckdb } from '../../services/analytics/duckdb.ts';
import { type Question, questions } from '../../services/analytics/questions.ts';
import { type Column, tables } from '../../services/analytics/row.ts';
import { type Answer, type Recorded, type Recorder, refusal, startRecorder } from './recorder.ts';

/**
 * Stands for Cloud Logging, its sink and BigQuery at the wire: takes entries once each, and answers a question by its label
 * and its parameters from DuckDB, in BigQuery's JSON. What it can't show is that BigQuery takes the SQL, which is parsed
 * for its dialect instead (bigquery-dialect.test.ts).
 */
export interface Google extends AsyncDisposable {
  recorder: Recorder;
  /** Answers as usual; what `recorder.answer` is at first. */
  usual: (request: Recorded) => Promise<Answer>;
  /** Entries that were taken. */
  taken(): number;
}

interface Entry {
  timestamp: string;
  insertId: string;
  jsonPayload: Record<string, unknown>;
}

interface Parameter {
  name: string;
  parameterType: { type: string };
  parameterValue: { value?: string; arrayValues?: { value: string }[] };
}

interface Job {
  jobReference: { jobId: string };
  configuration: { labels: { question: string }; query: { queryParameters: Parameter[] } };
}

export const fieldsOf = (columns: Readonly<Record<string, Column>>) =>
  Object.entries(columns).map(([name, { type }]) => ({ name, type: bigqueryTypes[type] }));

/** The tables' columns, as infra declares them. */
export const schemas: Readonly<Record<string, object[]>> = {
  downloads: fieldsOf(tables.downloads),
  downloads_daily: daily.map(({ name, type, mode }) => ({ name, type, mode })),
};

export async function startGoogle(): Promise<Google> {
  const folder = mkdtempSync(join(tmpdir(), 'google-'));
  const spool = join(folder, 'spool');
  mkdirSync(spool);
  const fail = (error: Error) => {
    throw error;
  };
  const duckdb = await openDuckdb({ file: ':memory:', spool, interval: 0, kept: 4e12, onError: fail });
  const seen = new Set<string>();
  const jobs = new Map<string, Job>();

  function take(entries: readonly Entry[]): void {
    const fresh = entries.filter(({ insertId }) => !seen.has(insertId));
    for (const { insertId } of fresh) seen.add(insertId);
    // A sink knows no integers.
    const lines = fresh.map(({ timestamp, jsonPayload }) => `${JSON.stringify({ ...jsonPayload, time: timestamp })}\n`);
    appendFileSync(join(spool, `${seen.size}.ndjson`), lines.join(''));
  }

  async function resultOf({ configuration }: Job): Promise<Answer> {
    await duckdb.take();
    const name = configuration.labels.question as keyof typeof questions;
    const rows = await duckdb.ask(name, parametersOf(configuration.query.queryParameters) as never);
    const columns = Object.keys((questions[name] as Question).columns);
    const fields = columns.map(column => ({ name: column, type: typeOf(column, (rows[0] ?? {}) as never) }));
    const cells = (row: object) => columns.map(column => ({ v: written((row as Record<string, unknown>)[column]) }));
    return { body: { jobComplete: true, schema: { fields }, rows: rows.map(row => ({ f: cells(row) })) } };
  }

  async function usual({ method, path, body }: Recorded): Promise<Answer> {
    if (path === '/v2/entries:write') {
      const { entries, dryRun } = body as { entries: Entry[]; dryRun?: boolean };
      if (dryRun !== true) take(entries);
      return {};
    }
    const table = /\/datasets\/\w+\/tables\/(\w+)$/.exec(path)?.[1];
    if (table !== undefined) return { body: { location: 'EU', schema: { fields: schemas[table] } } };
    if (method === 'POST' && path.endsWith('/jobs')) {
      const job = body as Job;
      jobs.set(job.jobReference.jobId, job);
      return { body: { jobReference: { ...job.jobReference, location: 'EU' }, status: {} } };
    }
    const job = jobs.get(path.split('/').at(-1) ?? '');
    return job === undefined ? refusal(404, 'notFound') : resultOf(job);
  }

  const recorder = await startRecorder(usual);
  return {
    recorder,
    usual,
    taken: () => seen.size,
    async [Symbol.asyncDispose]() {
      await recorder[Symbol.asyncDispose]();
      await duckdb.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const parametersOf = (parameters: readonly Parameter[]) =>
  Object.fromEntries(
    parameters.map(({ name, parameterType: { type }, parameterValue: { value, arrayValues } }) => [
      name,
      type === 'ARRAY' ? arrayValues?.map(each => each.value) : type === 'INT64' ? Number(value) : value,
    ]),
  );

function typeOf(column: string, row: Readonly<Record<string, unknown>>): string {
  if (column === 'day') return 'DATE';
  const value = row[column];
  if (typeof value === 'number') return Number.isInteger(value) ? 'INTEGER' : 'FLOAT';
  return typeof value === 'boolean' ? 'BOOLEAN' : 'STRING';
}

/** BigQuery writes every value as a string, or null. */
const written = (value: unknown) => (value === null || value === undefined ? null : String(value));
