import type { DuckDBConnection } from '@duckdb/node-api';
import { byPeople, selectDaily } from './definitions.ts';
import { duckdbDialect, duckdbTypes } from './duckdb-dialect.ts';
import { type Column, dimensions, type TableName, tables } from './row.ts';

/** The tables of the embedded analytics, and how those of an earlier program become them. */

const tableSql = (name: TableName) =>
  `CREATE TABLE IF NOT EXISTS ${name} (${Object.entries<Column>(tables[name])
    .map(([column, { type }]) => `${column} ${duckdbTypes[type]}`)
    .join(', ')})`;

export async function createTables(db: DuckDBConnection): Promise<void> {
  await db.run('BEGIN');
  try {
    const old = await db.runAndReadAll("SELECT 1 FROM duckdb_tables() WHERE table_name = 'requests'");
    if (old.currentRowCount > 0) await migrate(db);
    await db.run(tableSql('downloads'));
    await db.run(tableSql('downloads_daily'));
    await db.run('CREATE TABLE IF NOT EXISTS taken (file VARCHAR PRIMARY KEY)');
    await db.run('COMMIT');
  } catch (error) {
    await db.run('ROLLBACK').catch(() => {});
    throw error;
  }
}

/**
 * Version 0.1 called the requests `requests`, and summed up by day, module and version alone. The sums are made anew from
 * the requests that are kept; what the old sums had more, of requests that are not, is added with all that is not known
 * about it left empty, as CI's where it was not people's: no count is lost.
 */
async function migrate(db: DuckDBConnection): Promise<void> {
  await db.run('ALTER TABLE requests RENAME TO downloads');
  await db.run('CREATE TEMP TABLE earlier AS SELECT day, module, version, downloads, people FROM downloads_daily');
  await db.run('DROP TABLE downloads_daily');
  await db.run(tableSql('downloads_daily'));
  await db.run(`INSERT INTO downloads_daily ${selectDaily(duckdbDialect.day('timestamp'), 'downloads')}`);
  await db.run(`INSERT INTO downloads_daily
SELECT day, module, version, '', '', ci, '', more, more, 0 FROM (
  WITH found AS (
    SELECT day, module, version, SUM(downloads) AS downloads,
      SUM(CASE WHEN ${byPeople} THEN downloads ELSE 0 END) AS people
    FROM downloads_daily GROUP BY ALL
  ), missing AS (
    SELECT day, module, version, earlier.people - COALESCE(found.people, 0) AS people,
      earlier.downloads - earlier.people - COALESCE(found.downloads - found.people, 0) AS others
    FROM earlier LEFT JOIN found USING (day, module, version)
  )
  SELECT day, module, version, false AS ci, people AS more FROM missing
  UNION ALL SELECT day, module, version, true, others FROM missing
) WHERE more > 0`);
  await db.run('DROP TABLE earlier');
}

const key = ['day', ...dimensions].join(', ');

/** Adds the rows of a table like `downloads` to the sums of their days. */
export const mergeDailySql = (rows: string): string => `MERGE INTO downloads_daily
USING (${selectDaily(duckdbDialect.day('timestamp'), rows)}) AS added USING (${key})
WHEN MATCHED THEN UPDATE SET downloads = downloads_daily.downloads + added.downloads,
  requests = downloads_daily.requests + added.requests, bytes = downloads_daily.bytes + added.bytes
WHEN NOT MATCHED THEN INSERT`;
