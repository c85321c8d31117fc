import type { BigQuery } from '@google-cloud/bigquery';
import { Fault } from '../../errors.ts';
import { bigqueryTypes } from '../bigquery-dialect.ts';
import { type Column, type TableName, tables } from '../row.ts';
import { bigqueryFault } from './faults.ts';

/** What standard SQL calls the types that a table's schema names otherwise. */
const sameType: Readonly<Record<string, string>> = { INT64: 'INTEGER', FLOAT64: 'FLOAT', BOOL: 'BOOLEAN' };

interface Metadata {
  location?: string;
  schema?: { fields?: { name?: string; type?: string }[] };
}

/**
 * Looks at both tables; says where they are. Throws `unavailable`, with what to do, when one is not there, may not be seen, or
 * lacks a column of row.ts or has it with another type. Columns beside these do no harm.
 */
export async function checkTables(bigquery: BigQuery, place: string, dataset: string): Promise<string> {
  const look = async (name: TableName): Promise<string> => {
    try {
      const [metadata] = (await bigquery.dataset(dataset).table(name).getMetadata()) as [Metadata, unknown];
      checkColumns(`${place}.${name}`, name, metadata);
      return metadata.location ?? '';
    } catch (error) {
      throw bigqueryFault(error, place);
    }
  };
  const [location] = await Promise.all([look('downloads_daily'), look('downloads')]);
  return location;
}

function checkColumns(name: string, table: TableName, { schema }: Metadata): void {
  const found = new Map(schema?.fields?.map(({ name, type = '' }) => [name, sameType[type] ?? type]));
  for (const [column, { type }] of Object.entries<Column>(tables[table])) {
    const [actual, wanted] = [found.get(column), bigqueryTypes[type]];
    if (actual === wanted) continue;
    const fault = actual === undefined ? `has no column ${column}` : `has ${column} as ${actual}, not as ${wanted}`;
    throw new Fault('unavailable', `${name} ${fault}: it is another release’s; bring up the stack of this one`);
  }
}
