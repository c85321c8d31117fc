/** A table's name in a query. */
export interface Place {
  project: string;
  dataset: string;
}

const table = ({ project, dataset }: Place, name: string) => `\`${project}.${dataset}.${name}\``;

/** Undoes the go command's escape in paths: `!a` is `A`. */
const unescaped = (text: string) => `(
    SELECT STRING_AGG(IF(at = 0, part, CONCAT(UPPER(SUBSTR(part, 1, 1)), SUBSTR(part, 2))), '' ORDER BY at)
    FROM UNNEST(SPLIT(${text}, '!')) AS part WITH OFFSET AS at
  )`;

/**
 * One row a download of a zip: those that the proxy served, and those that the edge served from its cache, of which the
 * proxy knows nothing.
 */
export const downloadsView = (raw: Place): string => `SELECT
  timestamp AS time,
  jsonPayload.module AS module,
  jsonPayload.version AS version,
  'proxy' AS source
FROM ${table(raw, 'downloads')}
UNION ALL
SELECT
  timestamp AS time,
  ${unescaped(String.raw`REGEXP_EXTRACT(httpRequest.requestUrl, r'^https://[^/]+/(.+)/@v/[^/]+\.zip')`)} AS module,
  ${unescaped(String.raw`REGEXP_EXTRACT(httpRequest.requestUrl, r'/@v/([^/]+)\.zip')`)} AS version,
  'edge' AS source
FROM ${table(raw, 'requests')}
`;

/**
 * Sums of the two days before the run: entries come late, and a day that a run missed is made up by the next. Running it
 * again changes nothing.
 */
export const dailyRollUp = (analytics: Place): string => `MERGE ${table(analytics, 'downloads_daily')} AS daily
USING (
  SELECT DATE(time) AS day, module, version, COUNT(*) AS downloads
  FROM ${table(analytics, 'downloads')}
  WHERE time >= TIMESTAMP(DATE_SUB(@run_date, INTERVAL 2 DAY)) AND time < TIMESTAMP(@run_date)
    AND module IS NOT NULL AND version IS NOT NULL
  GROUP BY day, module, version
) AS sums
ON daily.day = sums.day AND daily.module = sums.module AND daily.version = sums.version
  AND daily.day >= DATE_SUB(@run_date, INTERVAL 2 DAY)
WHEN MATCHED THEN UPDATE SET downloads = sums.downloads
WHEN NOT MATCHED THEN INSERT (day, module, version, downloads)
  VALUES (sums.day, sums.module, sums.version, sums.downloads)
`;
