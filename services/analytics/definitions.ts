import { mirrors } from './client.ts';
import { dimensions, moduleKinds } from './row.ts';

/** What is counted, as SQL that means the same on every engine: conditions on columns of row.ts. */

const oneOf = (values: readonly string[]) => values.map(value => `'${value}'`).join(', ');

/** Of a request: a zip that was given whole. */
export const isDownload = "kind = 'zip' AND status = 200";

/** Of a request or a sum: asked by somebody who uses modules, by neither a mirror nor a CI system. */
export const byPeople = `NOT ci AND client NOT IN (${oneOf(mirrors)})`;

/** Of a request or a sum: something was given, from a copy that was here, or from an origin that had to be asked for it. */
export const fromCopy = "cache IN ('memory', 'store', 'edge')";
export const fromOrigin = "cache = 'fetched'";

/** Of a log line with these fields: it is a row of `downloads`. */
export const isRow = (module: string, kind: string) => `${module} <> '' AND ${kind} IN (${oneOf(moduleKinds)})`;

/**
 * Rows of `downloads` summed up: the columns of `downloads_daily` in their order. `day` is the timestamp's day. What was not
 * given is summed up without its module and version: anybody may ask for any name, and sums are kept for ever.
 */
export const selectDaily = (day: string, rows: string): string => {
  const named: readonly string[] = ['module', 'version'];
  const select = (name: string) =>
    named.includes(name) ? `CASE WHEN status < 400 THEN ${name} ELSE '' END AS ${name}` : name;
  return `SELECT
  ${day} AS day, ${dimensions.map(select).join(', ')},
  SUM(CASE WHEN ${isDownload} THEN 1 ELSE 0 END) AS downloads, COUNT(*) AS requests, COALESCE(SUM(bytes), 0) AS bytes
FROM ${rows}
GROUP BY ${['day', ...dimensions].map((_, index) => index + 1).join(', ')}`;
};
