import type { Dialect, ParameterType } from './questions.ts';
import type { ColumnType } from './row.ts';

/** DuckDB's names of the columns' types. Times are UTC's. */
export const duckdbTypes: Readonly<Record<ColumnType, string>> = {
  timestamp: 'TIMESTAMP',
  day: 'DATE',
  string: 'VARCHAR',
  integer: 'BIGINT',
  float: 'DOUBLE',
  boolean: 'BOOLEAN',
};

const casts: Readonly<Record<ParameterType, string>> = {
  day: 'DATE',
  string: 'VARCHAR',
  integer: 'BIGINT',
  strings: 'VARCHAR[]',
};

export const duckdbText = (text: string) => `'${text.replaceAll("'", "''")}'`;

export const duckdbDialect: Dialect = {
  table: name => name,
  quoted: name => `"${name}"`,
  parameter: (name, type) => `CAST($${name} AS ${casts[type]})`,
  day: timestamp => `CAST(${timestamp} AS DATE)`,
  duringDays: (timestamp, from, to) =>
    `${timestamp} >= CAST(CAST($${from} AS DATE) AS TIMESTAMP) AND ${timestamp} < CAST($${to} AS DATE) + INTERVAL 1 DAY`,
  without: (expression, pattern) => `regexp_replace(${expression}, ${duckdbText(pattern)}, '', 'g')`,
  among: (expression, parameter) => `${expression} IN (SELECT UNNEST(CAST($${parameter} AS VARCHAR[])))`,
  ratio: (numerator, denominator) => `(${numerator}) / NULLIF(${denominator}, 0)::DOUBLE`,
};
