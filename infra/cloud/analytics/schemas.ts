import { bigqueryTypes } from '../../../services/analytics/bigquery-dialect.ts';
import { type Column as Known, tables } from '../../../services/analytics/row.ts';

interface Column {
  name: string;
  type: (typeof bigqueryTypes)[Known['type']] | 'RECORD';
  mode?: 'REQUIRED' | 'NULLABLE';
  description?: string;
  fields?: Column[];
}

/** The columns of the services' schema that its log lines have as payload: the time is the entry's. */
const payload = Object.entries<Known>(tables.downloads).filter(([name]) => name !== 'timestamp');

/**
 * A column as a log sink makes it of a field of a JSON payload: the name in lower case, every number a FLOAT.
 * https://cloud.google.com/logging/docs/export/bigquery
 */
export const payloadName = (name: string, { logged = name }: Known): string => logged.toLowerCase();
const payloadColumn = ([name, column]: [string, Known]): Column => ({
  name: payloadName(name, column),
  type: column.type === 'integer' ? 'FLOAT' : bigqueryTypes[column.type],
});

const text = (name: string): Column => ({ name, type: 'STRING' });

/** What the view reads of log entries; the sink adds a column for everything else that it finds. */
export const rawTables = {
  /** Log `downloads`, written by the proxy: its log line as payload. */
  downloads: [
    { name: 'timestamp', type: 'TIMESTAMP' },
    { name: 'jsonPayload', type: 'RECORD', fields: payload.map(payloadColumn) },
  ],
  /** Log `requests`, written by the load balancer. */
  requests: [
    { name: 'timestamp', type: 'TIMESTAMP' },
    {
      name: 'httpRequest',
      type: 'RECORD',
      fields: [
        text('requestUrl'),
        { name: 'status', type: 'INTEGER' },
        { name: 'responseSize', type: 'INTEGER' },
        text('userAgent'),
      ],
    },
  ],
} as const satisfies Readonly<Record<string, readonly Column[]>>;

/** Without these a row would be of no day, or count nothing. */
const required = ['day', 'downloads', 'requests', 'bytes'];

export const daily: readonly Column[] = Object.entries<Known>(tables.downloads_daily).map(([name, column]) => ({
  name,
  type: bigqueryTypes[column.type],
  description: column.about,
  ...(required.includes(name) && { mode: 'REQUIRED' }),
}));
