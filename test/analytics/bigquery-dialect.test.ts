import { describe, expect, it } from 'vitest';
import { bigqueryDialect, bigqueryParameterTypes } from '../../services/analytics/bigquery-dialect.ts';
import { type Question, questions } from '../../services/analytics/questions.ts';
import { conditionsOf, parseBigquery } from './bigquery-sql.ts';

const dialect = bigqueryDialect({ project: 'my-project', dataset: 'gocenter' });

/** With all parameters, and with those alone that are needed. */
const cases = Object.entries<Question>(questions).flatMap(([name, question]) => {
  const all = Object.keys(question.parameters);
  const needed = all.filter(key => !question.parameters[key]?.optional);
  return [...new Set([all.join(), needed.join()])].map(given => [name, given, question] as const);
});

describe('the question in BigQuery’s dialect', () => {
  it.each(cases)('%s, given %s, reads the partitions of its days alone', (_, given, question) => {
    const selects = conditionsOf(question.sql(dialect, new Set(given.split(','))));
    expect(selects).toHaveLength(1);
    for (const conditions of selects) {
      const text = conditions.join('\n');
      const sums = /^`?day`? BETWEEN @(from|before) AND @to$/m.test(text);
      const rows = /^`?timestamp`? >= TIMESTAMP\(@from\)$/m.test(text) && /^`?timestamp`? < TIMESTAMP\(/m.test(text);
      expect(sums || rows, text).toBe(true);
    }
  });

  it.each(cases)('%s, given %s, names the parameters that it is given and no others', (_, given, question) => {
    const named = question.sql(dialect, new Set(given.split(','))).matchAll(/@(\w+)/g);
    expect([...new Set([...named].map(([, name]) => name))].sort()).toEqual(given.split(',').sort());
    for (const name of given.split(',')) {
      expect(bigqueryParameterTypes[question.parameters[name]?.type ?? 'day']).toBeDefined();
    }
  });

  it.each(cases)('%s, given %s, gives the columns that it promises', (_, given, question) => {
    const { columns } = parseBigquery(question.sql(dialect, new Set(given.split(',')))) as unknown as {
      columns: { as: string | { value: string } | null; expr: { column?: { expr: { value: string } } } }[];
    };
    const names = columns.map(({ as, expr }) => (typeof as === 'object' ? as?.value : as) ?? expr.column?.expr.value);
    expect(names).toEqual(Object.keys(question.columns));
  });

  it.each(cases)('%s, given %s, has nothing in it that only DuckDB knows', (_, given, question) => {
    expect(question.sql(dialect, new Set(given.split(',')))).not.toMatch(/::|\$\w|"/);
  });

  it('is refused by the parser where it is another engine’s', () => {
    for (const sql of ['SELECT SUM(a) AS all FROM x', 'SELECT SUM(a) FILTER (WHERE b) FROM x', 'SELECT $a FROM x']) {
      expect(() => parseBigquery(sql)).toThrow();
    }
  });
});
