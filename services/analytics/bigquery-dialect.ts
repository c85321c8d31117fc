import type { Dialect, ParameterType } from './questions.ts';
import type { ColumnType } from './row.ts';

/** BigQuery's names of the columns' types, as a table's schema has them. */
export const bigqueryTypes = {
  timestamp: 'TIMESTAMP',
  day: 'DATE',
  string: 'STRING',
  integer: 'INTEGER',
  float: 'FLOAT',
  boolean: 'BOOLEAN',
} as const satisfies Readonly<Record<ColumnType, string>>;

/** Types of named parameters, as `@google-cloud/bigquery` takes them beside their values. */
export const bigqueryParameterTypes: Readonly<Record<ParameterType, string | string[]>> = {
  day: 'DATE',
  string: 'STRING',
  integer: 'INT64',
  strings: ['STRING'],
};

/** The view `downloads` and the table `downloads_daily` of infra/cloud/analytics.ts, in `<project>.<dataset>`. */
export function bigqueryDialect({ project, dataset }: { project: string; dataset: string }): Dialect {
  return {
    table: name => `\`${project}.${dataset}.${name}\``,
    quoted: name => `\`${name}\``,
    parameter: name => `@${name}`,
    day: timestamp => `DATE(${timestamp})`,
    duringDays: (timestamp, from, to) =>
      `${timestamp} >= TIMESTAMP(@${from}) AND ${timestamp} < TIMESTAMP(DATE_ADD(@${to}, INTERVAL 1 DAY))`,
    without: (expression, pattern) => `REGEXP_REPLACE(${expression}, r'${pattern}', '')`,
    among: (expression, parameter) => `${expression} IN UNNEST(@${parameter})`,
    ratio: (numerator, denominator) => `SAFE_DIVIDE(${numerator}, ${denominator})`,
  };
}
