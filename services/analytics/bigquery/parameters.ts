import type { Query } from '@google-cloud/bigquery';
import { bigqueryParameterTypes } from '../bigquery-dialect.ts';
import type { ParameterType } from '../questions.ts';

type Parameters = NonNullable<Query['queryParameters']>;

/**
 * Named parameters as BigQuery's API takes them. The client's own way, `params` and `types`, sends a day that is a string as
 * nothing, and the types as a field that BigQuery does not know.
 */
export function namedParameters(given: Iterable<readonly [name: string, type: ParameterType, value: unknown]>): {
  parameterMode: 'NAMED';
  queryParameters: Parameters;
} {
  const queryParameters = [...given].map(([name, type, value]) => {
    const known = bigqueryParameterTypes[type];
    if (typeof known === 'string') {
      return { name, parameterType: { type: known }, parameterValue: { value: String(value) } };
    }
    const arrayType = { type: known[0] as string };
    const arrayValues = (value as readonly unknown[]).map(each => ({ value: String(each) }));
    return { name, parameterType: { type: 'ARRAY', arrayType }, parameterValue: { arrayValues } };
  });
  return { parameterMode: 'NAMED', queryParameters };
}
