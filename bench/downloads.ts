import { DuckDBInstance } from '@duckdb/node-api';
import { selectDaily } from '../services/analytics/definitions.ts';
import { duckdbDialect } from '../services/analytics/duckdb-dialect.ts';
import { createTables } from '../services/analytics/duckdb-schema.ts';

/** A large history of downloads for measuring: the same for the same number of rows, made inside DuckDB. */

export const modules = 100_000;
export const days = 90;
/** The first of the days. */
export const firstDay = '2026-09-01';

/** From 0 to 1, by row and purpose below 16: deterministic, and independent of each other, unlike `hash(i, purpose)`. */
const chance = (purpose: number) => `(hash(i * 16 + ${purpose}) / 18446744073709551616.0)`;
/** From 1 to `count`, in proportion to 1/n, as downloads of packages are. */
const zipf = (count: number, purpose: number) => `CAST(floor(${count} ** ${chance(purpose)}) AS BIGINT)`;
const pick = (values: readonly string[], purpose: number) =>
  `[${values.map(value => `'${value}'`).join(', ')}][1 + CAST(floor(${chance(purpose)} * ${values.length}) AS BIGINT)]`;
const repeated = (shares: Readonly<Record<string, number>>) =>
  Object.entries(shares).flatMap(([value, share]) => Array<string>(share).fill(value));

const kinds = repeated({ zip: 8, mod: 5, info: 4, list: 2, latest: 1 });
const caches = repeated({ memory: 14, store: 4, fetched: 1, none: 1 });
const clients = repeated({ go: 16, gomodulemirror: 1, artifactory: 1, browser: 1, other: 1 });
const countries = ['', ...'US DE CN IN GB FR JP BR CA NL KR RU AU SG PL ES IT SE CH IL'.split(' ')];

/** A module in five has a second major version. */
const rowsSql = (rows: number) => `SELECT
  TIMESTAMP '${firstDay} 00:00:00' + to_microseconds(CAST(i * ${days} * 86400e6 / ${rows} AS BIGINT)) AS timestamp,
  'github.com/owner' || (rank % 5000) || '/module' || rank ||
    CASE WHEN rank % 5 = 0 AND ${chance(2)} < 0.6 THEN '/v2' ELSE '' END AS module,
  'v1.' || ${zipf(20, 3)} || '.' || ${zipf(5, 4)} AS version,
  ${pick(kinds, 5)} AS kind,
  CASE WHEN ${chance(6)} < 0.97 THEN 200 ELSE 404 END AS status,
  CAST(100 * 10000 ** ${chance(7)} AS BIGINT) AS bytes,
  ${pick(caches, 8)} AS cache,
  ${pick(countries, 9)} AS country,
  ${pick(clients, 10)} AS client,
  ${pick(['1.1', '2.0'], 11)} AS client_version,
  ${chance(12)} < 0.3 AS ci,
  ${chance(13)} AS duration
FROM (SELECT i, ${zipf(modules, 1)} AS rank FROM range(${rows}) AS numbers(i))`;

/** Makes the database of the embedded analytics with so many requests. Says how many sums of days they come to. */
export async function makeDownloads(file: string, rows: number): Promise<number> {
  const instance = await DuckDBInstance.create(file, { memory_limit: '2GB', threads: '2' });
  const db = await instance.connect();
  await createTables(db);
  await db.run(`INSERT INTO downloads ${rowsSql(rows)}`);
  await db.run(`INSERT INTO downloads_daily ${selectDaily(duckdbDialect.day('timestamp'), 'downloads')} ORDER BY day`);
  const [count] = (await db.runAndReadAll('SELECT COUNT(*) FROM downloads_daily')).getRows()[0] ?? [];
  await db.run('CHECKPOINT');
  db.closeSync();
  instance.closeSync();
  return Number(count);
}
