import { machines, mirrors, names } from '../../../services/analytics/client.ts';
import { isRow, selectDaily } from '../../../services/analytics/definitions.ts';
import { type Column, type DownloadColumn, tables } from '../../../services/analytics/row.ts';
import { payloadName } from './schemas.ts';

/** A dataset's name in a query. */
export interface Place {
  project: string;
  dataset: string;
}

const table = ({ project, dataset }: Place, name: string) => `\`${project}.${dataset}.${name}\``;

/** Undoes the go command's escape: `!a` is `A`. */
const unescaped = (text: string) =>
  `ARRAY_TO_STRING(ARRAY(SELECT IF(place = 0, part, CONCAT(UPPER(SUBSTR(part, 1, 1)), SUBSTR(part, 2))) ` +
  `FROM UNNEST(SPLIT(${text}, '!')) AS part WITH OFFSET AS place ORDER BY place), '')`;

const fromUrl = (pattern: string) => `REGEXP_EXTRACT(httpRequest.requestUrl, r'${pattern}')`;
const fromAgent = (pattern: string) => `REGEXP_EXTRACT(httpRequest.userAgent, r'${pattern}')`;

const columns = Object.entries<Column>(tables.downloads) as [DownloadColumn, Column][];

/** A column as the proxy logged it; the sink has made lower case and floats of it. What is absent is empty, as in DuckDB. */
const logged = (name: DownloadColumn, column: Column) => {
  if (name === 'timestamp') return name;
  const field = `jsonPayload.${payloadName(name, column)}`;
  if (column.type === 'integer') return `CAST(${field} AS INT64)`;
  if (column.type === 'string') return `IFNULL(${field}, '')`;
  return column.type === 'boolean' ? `IFNULL(${field}, FALSE)` : field;
};

const agentName = `LOWER(${fromAgent('^([A-Za-z][A-Za-z0-9_.-]{0,40})')})`;
const known = [...Object.entries(names), ...mirrors.map(name => [name, name] as const)];

/** What the User-Agent says of who asks, as the proxy reads it (services/analytics/client.ts). */
const client = `CASE ${agentName} ${known.map(([name, client]) => `WHEN '${name}' THEN '${client}'`).join(' ')} ELSE 'other' END`;
const told = known.filter(([, client]) => client !== 'browser').map(([name]) => `'${name}'`);

/** The same of what the edge gave from its cache, as far as its log knows it. */
const atEdge: Readonly<Record<DownloadColumn, string>> = {
  timestamp: 'timestamp',
  module: unescaped(fromUrl('^https?://[^/]+/(?:cached-only/)?(.+)/@v/')),
  version: unescaped(fromUrl('/@v/([^/?]+)[.](?:zip|mod|info)')),
  kind: fromUrl('[.](zip|mod|info)(?:[?]|$)'),
  status: 'httpRequest.status',
  bytes: 'httpRequest.responseSize',
  cache: "'edge'",
  country: "''",
  client,
  client_version: `IF(${agentName} IN (${told.join(', ')}), IFNULL(${fromAgent('^[^/ ]+/([0-9][A-Za-z0-9_.-]{0,20})')}, ''), '')`,
  ci: `IFNULL(REGEXP_CONTAINS(httpRequest.userAgent, r'(?i)${machines.source}'), FALSE)`,
  duration: 'CAST(NULL AS FLOAT64)',
};

const select = (expression: (name: DownloadColumn, column: Column) => string) =>
  columns.map(([name, column]) => `  ${expression(name, column)} AS ${name}`).join(',\n');

/**
 * The view `downloads`: a row a request, those that the proxy answered and those that the edge answered from its cache, of
 * which the proxy knows nothing. A condition on `timestamp` reaches the partitions behind it.
 */
export const downloadsView = (raw: Place): string => `SELECT
${select(logged)}
FROM ${table(raw, 'downloads')}
WHERE ${isRow('jsonPayload.module', 'jsonPayload.kind')}
UNION ALL
SELECT
${select(name => atEdge[name])}
FROM ${table(raw, 'requests')}
`;

/** Days that a run sums up again: entries come late, and a run may have failed. */
const again = 3;

/**
 * Writes the sums of the days before the run, in the place of those that are there: running it twice changes nothing, and
 * nobody sees a day without its sums.
 */
export const dailyRollUp = (analytics: Place): string => {
  const sums = table(analytics, 'downloads_daily');
  const rows = `${table(analytics, 'downloads')}
WHERE timestamp >= TIMESTAMP(since) AND timestamp < TIMESTAMP(@run_date)`;
  return `DECLARE since DATE DEFAULT DATE_SUB(@run_date, INTERVAL ${again} DAY);
BEGIN TRANSACTION;
DELETE FROM ${sums} WHERE day >= since AND day < @run_date;
INSERT INTO ${sums} (${Object.keys(tables.downloads_daily).join(', ')})
${selectDaily('DATE(timestamp)', rows)};
COMMIT TRANSACTION;
`;
};
