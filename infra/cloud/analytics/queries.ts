import { type DownloadColumn, daily, dimensions, download } from './schemas.ts';

/** A dataset's name in a query. */
export interface Place {
  project: string;
  dataset: string;
}

const table = ({ project, dataset }: Place, name: string) => `\`${project}.${dataset}.${name}\``;

/** Undoes the go command's escape: `!a` is `A`. */
const unescaped = (text: string) =>
  `(SELECT STRING_AGG(IF(place = 0, part, CONCAT(UPPER(SUBSTR(part, 1, 1)), SUBSTR(part, 2))), '' ORDER BY place) ` +
  `FROM UNNEST(SPLIT(${text}, '!')) AS part WITH OFFSET AS place)`;

const fromUrl = (pattern: string) => `REGEXP_EXTRACT(httpRequest.requestUrl, r'${pattern}')`;
const fromAgent = (pattern: string) => `REGEXP_EXTRACT(httpRequest.userAgent, r'${pattern}')`;

/** A column as the proxy logged it; the sink has made lower case and floats of it. */
const logged = (name: DownloadColumn) => {
  if (name === 'timestamp') return name;
  const field = `jsonPayload.${name.toLowerCase()}`;
  return download[name] === 'INTEGER' ? `CAST(${field} AS INT64)` : field;
};

/** The same of what the edge gave from its cache, as far as its log knows it. */
const atEdge: Readonly<Record<DownloadColumn, string>> = {
  timestamp: 'timestamp',
  module: unescaped(fromUrl('^https?://[^/]+/(?:cached-only/)?(.+)/@v/')),
  version: unescaped(fromUrl('/@v/([^/?]+)[.](?:zip|mod|info)')),
  kind: fromUrl('[.](zip|mod|info)(?:[?]|$)'),
  status: 'httpRequest.status',
  bytes: 'httpRequest.responseSize',
  cache: "'edge'",
  country: 'CAST(NULL AS STRING)',
  client: fromAgent('^([^/ ]+)'),
  clientVersion: fromAgent('^[^/ ]+/([^ ]+)'),
  ci: 'CAST(NULL AS BOOL)',
  durationMs: 'CAST(NULL AS FLOAT64)',
};

const select = (expression: (name: DownloadColumn) => string) =>
  (Object.keys(download) as DownloadColumn[]).map(name => `  ${expression(name)} AS ${name}`).join(',\n');

/**
 * The view `downloads`: a row a request, those that the proxy answered and those that the edge answered from its cache, of
 * which the proxy knows nothing. A condition on `timestamp` reaches the partitions behind it.
 */
export const downloadsView = (raw: Place): string => `SELECT
${select(logged)}
FROM ${table(raw, 'downloads')}
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
  const groups = dimensions.join(', ');
  return `DECLARE since DATE DEFAULT DATE_SUB(@run_date, INTERVAL ${again} DAY);
BEGIN TRANSACTION;
DELETE FROM ${sums} WHERE day >= since AND day < @run_date;
INSERT INTO ${sums} (${daily.map(({ name }) => name).join(', ')})
SELECT
  DATE(timestamp), ${groups},
  COUNTIF(kind = 'zip' AND status = 200), COUNT(*), IFNULL(SUM(bytes), 0)
FROM ${table(analytics, 'downloads')}
WHERE timestamp >= TIMESTAMP(since) AND timestamp < TIMESTAMP(@run_date)
GROUP BY DATE(timestamp), ${groups};
COMMIT TRANSACTION;
`;
};
