import type { Query } from '@google-cloud/bigquery';
import { within } from '../within.ts';
import { checkTables } from './bigquery/check.ts';
import { createBigqueryClient } from './bigquery/client.ts';
import { exportSql } from './bigquery/export.ts';
import { bigqueryFault, exportFault } from './bigquery/faults.ts';
import { runJob } from './bigquery/job.ts';
import { namedParameters } from './bigquery/parameters.ts';
import { bigqueryDialect } from './bigquery-dialect.ts';
import type { Analytics } from './index.ts';
import { checkDays, checkParameters } from './parameters.ts';
import { type ParameterType, questions } from './questions.ts';

export interface BigqueryOptions {
  project: string;
  dataset: string;
  /** Address of a server that speaks the same and takes no credentials; Google's own without one. */
  endpoint?: string;
  /** Told what is wrong at the start when it may pass. */
  onError(error: Error): void;
  /** Milliseconds that a question may take. */
  patience?: number;
}

/** Bytes that a question, and an export, may read: 10 GiB cost six cents, 1 TiB six dollars. */
const questionBytes = 10 * 2 ** 30;
const exportBytes = 2 ** 40;
/** Milliseconds. */
const questionPatience = 30_000;
const exportPatience = 600_000;
const lookPatience = 10_000;

/**
 * The analytics on BigQuery: asks the view and the table that infra/cloud/analytics.ts declares, and makes nothing there.
 * Throws `unavailable`, with what to do, when they can't be asked; but for what may pass, which `ready` tells until then.
 */
export async function openBigquery(options: BigqueryOptions): Promise<Analytics> {
  const { project, dataset, endpoint, patience = questionPatience, onError } = options;
  const place = `${project}.${dataset}`;
  const bigquery = createBigqueryClient(project, endpoint);
  const dialect = bigqueryDialect({ project, dataset });
  let location: string | undefined;

  const look = () =>
    inTime(lookPatience, place, async () => {
      location = await checkTables(bigquery, place, dataset);
    });
  /** A job is run where its tables are, and can be asked for there alone. */
  const run = async (query: Query, bytes: number, time: number) => {
    if (location === undefined) await look();
    const where = location ? { location } : {};
    return inTime(time, place, () => runJob(bigquery, { maximumBytesBilled: String(bytes), ...where, ...query }, time));
  };

  await look().catch(fault => {
    if (fault.retryAfter === undefined) throw fault;
    onError(fault);
  });
  return {
    async ask(name, parameters) {
      const given = checkParameters(name, { ...parameters });
      const kinds: Readonly<Record<string, { type: ParameterType }>> = questions[name].parameters;
      const named = [...given].map(([key, value]) => [key, kinds[key]?.type ?? 'string', value] as const);
      const query = {
        query: questions[name].sql(dialect, new Set(given.keys())),
        ...namedParameters(named),
        labels: { application: 'gocenter', question: name },
      };
      const rows = await run(query, questionBytes, patience);
      return rows.map(plainRow) as never;
    },

    async exportParquet(target, days, { replace = false } = {}) {
      checkDays(days);
      const query = {
        query: exportSql(target, replace, dialect),
        ...namedParameters([
          ['from', 'day', days.from],
          ['to', 'day', days.to],
        ]),
        labels: { application: 'gocenter', question: 'export' },
      };
      try {
        await run(query, exportBytes, exportPatience);
      } catch (error) {
        throw exportFault(error, target);
      }
    },

    ready: look,
    async close() {},
  };
}

/** What JavaScript programs expect: days as `YYYY-MM-DD`, where the client has objects. */
function plainRow(row: Record<string, unknown>): Record<string, unknown> {
  const plain = (value: unknown) =>
    value !== null && typeof value === 'object' && 'value' in value ? value.value : value;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
}

/** What it throws is a Fault; `unavailable` after so many milliseconds, for the client has bounds for attempts only. */
async function inTime<T>(milliseconds: number, place: string, act: () => Promise<T>): Promise<T> {
  try {
    return await within(milliseconds, act(), () => new Error('timed out'));
  } catch (error) {
    throw bigqueryFault(error, place);
  }
}
