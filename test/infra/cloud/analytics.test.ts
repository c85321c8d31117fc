import { describe, expect, it } from 'vitest';
import { dailyRollUp, downloadsView } from '../../../infra/cloud/analytics/queries.ts';
import { daily } from '../../../infra/cloud/analytics/schemas.ts';
import { Analytics, type AnalyticsArgs } from '../../../infra/cloud/analytics.ts';
import { tables } from '../../../services/analytics/row.ts';
import { parseBigquery } from '../../analytics/bigquery-sql.ts';
import { declare, ofType, one } from './declare.ts';

const build = (changed: Partial<AnalyticsArgs['values']> = {}) =>
  declare(() => {
    new Analytics('analytics', {
      project: 'example',
      proxyHost: 'proxy.example.com',
      writer: 'serviceAccount:proxy',
      reader: 'serviceAccount:ui-backend',
      transferAgent: 'serviceAccount:transfer',
      values: { location: 'EU', rawDays: 90, deletionProtection: true, ...changed },
      labels: { app: 'gocenter' },
    });
  });
const table = 'gcp:bigquery/table:Table';
const sink = 'gcp:logging/projectSink:ProjectSink';
const days = (count: number) => count * 86_400_000;

interface Column {
  name: string;
  type: string;
  fields?: Column[];
}
const schemaOf = (inputs: Record<string, unknown>) => JSON.parse(String(inputs.schema)) as Column[];

describe('Analytics', () => {
  it('has each log written by a sink of its own into a table of the log’s name', async () => {
    const declared = await build();
    const destination = 'bigquery.googleapis.com/projects/example/datasets/gocenter_logs';
    const common = { destination, uniqueWriterIdentity: true, bigqueryOptions: { usePartitionedTables: true } };
    expect(one(declared, sink, 'downloads-sink')).toMatchObject({
      ...common,
      filter: 'logName="projects/example/logs/downloads"',
    });
    expect(one(declared, sink, 'requests-sink')).toMatchObject({ ...common, name: 'gocenter-requests' });
    for (const tableId of ['downloads', 'requests']) {
      expect(one(declared, table, `raw-${tableId}`)).toMatchObject({
        datasetId: 'gocenter_logs',
        tableId,
        timePartitioning: { type: 'DAY', field: 'timestamp' },
        requirePartitionFilter: true,
      });
    }
  });

  it('keeps the download log in BigQuery alone, not in the project’s log bucket too', async () => {
    expect(one(await build(), 'gcp:logging/projectExclusion:ProjectExclusion', 'downloads-exclusion').filter).toBe(
      'logName="projects/example/logs/downloads"',
    );
  });

  it('takes from the load balancer’s log only modules that the edge gave from its cache', async () => {
    const filter = String(one(await build(), sink, 'requests-sink').filter);
    expect(filter).toContain('resource.type="http_load_balancer"');
    expect(filter).toContain('httpRequest.cacheHit=true');
    const pattern = new RegExp(/requestUrl=~"([^"]+)"/.exec(filter)?.[1] ?? '');
    expect('https://proxy.example.com/github.com/a/b/@v/v1.0.0.zip').toMatch(pattern);
    expect('https://proxy.example.com/github.com/a/b/@v/v1.0.0.mod').toMatch(pattern);
    expect('https://proxy.example.com/github.com/a/b/@v/list').not.toMatch(pattern);
    expect('https://proxyXexample.com/github.com/a/b/@v/v1.0.0.zip').not.toMatch(pattern);
    expect('https://example.com/?https://proxy.example.com/a/@v/v1.0.0.zip').not.toMatch(pattern);
  });

  it('lets the sinks’ writers write their dataset, beside the view’s right, which IAM members would take away', async () => {
    const declared = await build();
    const accesses = ofType(declared, 'gcp:bigquery/datasetAccess:DatasetAccess')
      .sort((a, b) => a.name.localeCompare(b.name))
      .map(({ inputs }) => inputs);
    const writes = { datasetId: 'gocenter_logs', role: 'roles/bigquery.dataEditor' };
    expect(accesses).toEqual([
      { ...writes, userByEmail: 'writer-of-analytics-downloads-sink' },
      { ...writes, userByEmail: 'writer-of-analytics-requests-sink' },
      { datasetId: 'gocenter_logs', view: { projectId: 'example', datasetId: 'gocenter', tableId: 'downloads' } },
    ]);
    const members = ofType(declared, 'gcp:bigquery/datasetIamMember:DatasetIamMember').map(({ inputs }) => inputs);
    expect(members.map(({ datasetId }) => datasetId)).not.toContain('gocenter_logs');
  });

  it('keeps single requests as long as the stage says, but clients’ addresses for 30 days at most', async () => {
    const expiry = async (rawDays: number, id: string) => {
      const { timePartitioning } = one(await build({ rawDays }), table, id);
      return (timePartitioning as { expirationMs: number }).expirationMs;
    };
    expect(await expiry(90, 'raw-downloads')).toBe(days(90));
    expect(await expiry(90, 'raw-requests')).toBe(days(30));
    expect(await expiry(14, 'raw-requests')).toBe(days(14));
  });

  it('makes columns of the payload as a sink would: lower case, numbers as floats', async () => {
    const [time, payload] = schemaOf(one(await build(), table, 'raw-downloads'));
    expect(time).toEqual({ name: 'timestamp', type: 'TIMESTAMP' });
    expect(payload?.name).toBe('jsonPayload');
    expect(Object.fromEntries(payload?.fields?.map(({ name, type }) => [name, type]) ?? [])).toEqual({
      module: 'STRING',
      version: 'STRING',
      kind: 'STRING',
      status: 'FLOAT',
      bytes: 'FLOAT',
      cache: 'STRING',
      country: 'STRING',
      client: 'STRING',
      clientversion: 'STRING',
      ci: 'BOOLEAN',
      durationms: 'FLOAT',
    });
  });

  it('has a view of one row a request, from the proxy and from the edge, and never an address', async () => {
    const { view } = one(await build(), table, 'analytics-downloads') as { view: { query: string } };
    expect(view).toEqual({
      query: downloadsView({ project: 'example', dataset: 'gocenter_logs' }),
      useLegacySql: false,
    });
    const halves = view.query.split('UNION ALL');
    expect(halves).toHaveLength(2);
    for (const half of halves) {
      const columns = [...half.matchAll(/ AS (\w+)(?:,?$)/gm)].map(([, column]) => column);
      expect(columns).toEqual(Object.keys(tables.downloads));
    }
    expect(view.query).not.toMatch(/remoteIp|\bip\b/i);
  });

  it('reads no column that its raw tables don’t have when they are made', async () => {
    const declared = await build();
    const known = ['raw-downloads', 'raw-requests'].flatMap(id =>
      schemaOf(one(declared, table, id)).flatMap(({ name, fields = [] }) =>
        fields.map(field => `${name}.${field.name}`),
      ),
    );
    const { view } = one(declared, table, 'analytics-downloads') as { view: { query: string } };
    for (const [read] of view.query.matchAll(/(?:jsonPayload|httpRequest)\.\w+/g)) expect(known).toContain(read);
  });

  it('gives no column and no alias a name that BigQuery reserves', () => {
    const place = { project: 'example', dataset: 'gocenter' };
    const aliases = [...(downloadsView(place) + dailyRollUp(place)).matchAll(/(?: AS |OFFSET AS |DECLARE )(\w+)/g)];
    const names = [...daily.map(({ name }) => name), ...aliases.map(([, alias = '']) => alias)];
    expect(names.filter(name => reserved.has(name.toUpperCase()))).toEqual([]);
  });

  it('writes SQL of BigQuery’s dialect, in the view and in the nightly sums', () => {
    const place = { project: 'example', dataset: 'gocenter' };
    parseBigquery(downloadsView(place));
    const statements = dailyRollUp(place).split(';\n');
    const parsed = statements.filter(statement => /^(DELETE|INSERT) /.test(statement)).map(parseBigquery);
    expect(parsed.map(({ type }) => type)).toEqual(['delete', 'insert']);
  });

  it('sums up every night, by day, module and version, for a table that is cheap to ask', async () => {
    const declared = await build();
    const sums = one(declared, table, 'downloads-daily');
    expect(sums).toMatchObject({
      tableId: 'downloads_daily',
      timePartitioning: { type: 'DAY', field: 'day' },
      clusterings: ['module', 'version'],
      requirePartitionFilter: true,
    });
    const transfer = one(declared, 'gcp:bigquery/dataTransferConfig:DataTransferConfig');
    expect(transfer).toMatchObject({ dataSourceId: 'scheduled_query', schedule: 'every day 02:00' });
    const { query } = transfer.params as { query: string };
    const columns = schemaOf(sums).map(({ name }) => name);
    expect(/INSERT INTO \S+ \(([^)]+)\)/.exec(query)?.[1]?.split(', ')).toEqual(columns);
    const selected = /SELECT\n([\s\S]+?)\nFROM/.exec(query)?.[1] ?? '';
    expect(selected.split(/,\s+(?![^(]*\))/)).toHaveLength(columns.length);
    expect(query).toMatch(/BEGIN TRANSACTION;\nDELETE FROM .+ WHERE day >= since AND day < @run_date;\nINSERT/);
  });

  it('lets the proxy write its log, the page read the sums, the roll-up replace them, and nobody more', async () => {
    const declared = await build();
    const grants = (type: string) =>
      ofType(declared, type).map(({ inputs }) => `${inputs.member} ${inputs.datasetId ?? 'project'} ${inputs.role}`);
    expect(grants('gcp:projects/iAMMember:IAMMember').sort()).toEqual([
      'serviceAccount:analytics-roll-up project roles/bigquery.jobUser',
      'serviceAccount:proxy project roles/logging.logWriter',
      'serviceAccount:ui-backend project roles/bigquery.jobUser',
    ]);
    expect(grants('gcp:bigquery/datasetIamMember:DatasetIamMember').sort()).toEqual([
      'serviceAccount:analytics-roll-up gocenter roles/bigquery.dataEditor',
      'serviceAccount:ui-backend gocenter roles/bigquery.dataViewer',
    ]);
    expect(one(declared, 'gcp:serviceaccount/iAMMember:IAMMember')).toMatchObject({
      serviceAccountId: 'analytics-roll-up',
      role: 'roles/iam.serviceAccountTokenCreator',
      member: 'serviceAccount:transfer',
    });
  });
});

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords */
const reserved = new Set(
  `ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS CUBE CURRENT
  DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FROM FULL
  GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP
  MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE
  RESPECT RIGHT ROLLUP ROWS SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN
  WHERE WINDOW WITH WITHIN`.split(/\s+/),
);
