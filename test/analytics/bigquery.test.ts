import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBigquery } from '../../services/analytics/bigquery.ts';
import { tables } from '../../services/analytics/row.ts';
import { conditionsOf, parseBigquery } from './bigquery-sql.ts';
import { november } from './contract.ts';
import { fieldsOf, schemas } from './google.ts';
import { type Answer, type Recorded, type Recorder, refusal, startRecorder } from './recorder.ts';

const place = { project: 'acme', dataset: 'gocenter' };
const api = '/bigquery/v2/projects/acme';

interface Job {
  jobReference: { projectId: string; jobId: string; location?: string };
  configuration: {
    jobTimeoutMs: string;
    labels: Record<string, string>;
    query: {
      query: string;
      useLegacySql: boolean;
      useQueryCache: boolean;
      maximumBytesBilled: string;
      parameterMode: string;
      queryParameters: { name: string; parameterType: object; parameterValue: object }[];
    };
  };
}

/** What Google's server says of a table, a new job, and its result. */
function usual({ method, path, body }: Recorded, rows: (string | null)[][], columns: [string, string][]): Answer {
  const table = /\/datasets\/gocenter\/tables\/(\w+)$/.exec(path)?.[1];
  if (table !== undefined) return { body: { location: 'EU', schema: { fields: schemas[table] } } };
  const { jobReference } = (body ?? {}) as Partial<Job>;
  if (method === 'POST') return { body: { jobReference: { ...jobReference, location: 'EU' }, status: {} } };
  const schema = { fields: columns.map(([name, type]) => ({ name, type })) };
  return { body: { jobComplete: true, schema, rows: rows.map(row => ({ f: row.map(v => ({ v })) })) } };
}

const total: [string, string][] = [
  ['all', 'INTEGER'],
  ['people', 'INTEGER'],
];

let recorder: Recorder;
let failed: Error[];
beforeEach(async () => {
  failed = [];
  recorder = await startRecorder(request => usual(request, [['3', '2']], total));
});
afterEach(() => recorder[Symbol.asyncDispose]());

const open = (patience?: number) =>
  openBigquery({
    ...place,
    endpoint: recorder.url,
    onError: error => failed.push(error),
    ...(patience !== undefined && { patience }),
  });
const jobs = () =>
  recorder.requests.filter(({ method, path }) => method === 'POST' && path === `${api}/jobs`).map(r => r.body as Job);
const isJob = ({ method }: Recorded) => method === 'POST';
const isResult = ({ path }: Recorded) => path.startsWith(`${api}/queries/`);
/** Answers requests that fulfil the condition so, others as usual. */
const instead = (when: (request: Recorded) => boolean, answer: (request: Recorded) => Answer) => {
  recorder.answer = request => (when(request) ? answer(request) : usual(request, [['3', '2']], total));
};

describe('a question to BigQuery', () => {
  it('is a job with typed parameters, bounds, labels and a place, whose result is asked for there', async () => {
    const analytics = await open();
    const asked = { ...november, modules: ['a.example/m', "b'"], limit: 5 };
    await analytics.ask('top-modules', asked);
    const [job] = jobs() as [Job];
    const { query, ...settings } = job.configuration.query;
    expect(settings).toEqual({
      useLegacySql: false,
      useQueryCache: true,
      maximumBytesBilled: String(10 * 2 ** 30),
      parameterMode: 'NAMED',
      queryParameters: [
        { name: 'from', parameterType: { type: 'DATE' }, parameterValue: { value: '2026-11-01' } },
        { name: 'to', parameterType: { type: 'DATE' }, parameterValue: { value: '2026-11-30' } },
        { name: 'limit', parameterType: { type: 'INT64' }, parameterValue: { value: '5' } },
        {
          name: 'modules',
          parameterType: { type: 'ARRAY', arrayType: { type: 'STRING' } },
          parameterValue: { arrayValues: [{ value: 'a.example/m' }, { value: "b'" }] },
        },
      ],
    });
    expect(query).not.toContain('a.example');
    expect(query).toContain('`acme.gocenter.downloads_daily`');
    expect(conditionsOf(query)[0]).toContainEqual(expect.stringMatching(/day.* BETWEEN @from AND @to/));
    expect(job.configuration).toMatchObject({
      jobTimeoutMs: '27000',
      labels: { application: 'gocenter', question: 'top-modules' },
    });
    expect(job.jobReference).toMatchObject({
      projectId: 'acme',
      location: 'EU',
      jobId: expect.stringMatching(/^[\w-]{36}$/),
    });
    const result = recorder.requests.at(-1);
    expect(result).toMatchObject({
      method: 'GET',
      path: `${api}/queries/${job.jobReference.jobId}`,
      query: { location: 'EU' },
    });
    expect(recorder.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('is answered with numbers, days, truth and nothing as the port has them', async () => {
    recorder.answer = request =>
      usual(
        request,
        [
          ['2026-11-20', '9007199254740991', '0.25'],
          ['2026-11-21', '0', null],
        ],
        [
          ['day', 'DATE'],
          ['requests', 'INTEGER'],
          ['ratio', 'FLOAT'],
        ],
      );
    const analytics = await open();
    expect(await analytics.ask('cache-hit-ratio', november)).toEqual([
      { day: '2026-11-20', requests: Number.MAX_SAFE_INTEGER, ratio: 0.25 },
      { day: '2026-11-21', requests: 0, ratio: null },
    ]);
    recorder.answer = request =>
      usual(
        request,
        [['go', 'false', '2', '1']],
        [
          ['client', 'STRING'],
          ['ci', 'BOOLEAN'],
          ['requests', 'INTEGER'],
          ['downloads', 'INTEGER'],
        ],
      );
    expect(await analytics.ask('clients', november)).toEqual([{ client: 'go', ci: false, requests: 2, downloads: 1 }]);
  });

  it('is asked again until its job is done, page by page', async () => {
    const answers: Answer[] = [
      { body: { jobComplete: false } },
      {
        body: {
          jobComplete: true,
          pageToken: 'next',
          schema: { fields: [{ name: 'all', type: 'INTEGER' }] },
          rows: [{ f: [{ v: '1' }] }],
        },
      },
      {
        body: {
          jobComplete: true,
          schema: { fields: [{ name: 'all', type: 'INTEGER' }] },
          rows: [{ f: [{ v: '2' }] }],
        },
      },
    ];
    const analytics = await open();
    instead(
      ({ path }) => path.startsWith(`${api}/queries/`),
      () => answers.shift() ?? refusal(400),
    );
    expect(await analytics.ask('total', november)).toEqual([{ all: 1 }, { all: 2 }]);
    expect(recorder.requests.at(-1)?.query.pageToken).toBe('next');
    expect(jobs()).toHaveLength(1);
  });

  it.each([429, 503])('is tried again after a %i, as the same job', async status => {
    const analytics = await open();
    let asked = 0;
    instead(isJob, request => (++asked === 1 ? refusal(status) : usual(request, [], total)));
    expect(await analytics.ask('total', november)).toEqual([{ all: 3, people: 2 }]);
    const [first, second] = jobs();
    expect(second?.jobReference.jobId).toBe(first?.jobReference.jobId);
  });

  it('whose job was made by an attempt without an answer has that job’s result', async () => {
    const analytics = await open();
    let asked = 0;
    instead(isJob, () => (++asked === 1 ? refusal(503) : refusal(409, 'duplicate')));
    expect(await analytics.ask('total', november)).toEqual([{ all: 3, people: 2 }]);
    const [{ jobReference }] = jobs() as [Job];
    expect(recorder.requests.at(-1)).toMatchObject({
      path: `${api}/queries/${jobReference.jobId}`,
      query: { location: 'EU' },
    });
  });

  it.each([
    ['503', 'unavailable', refusal(503), 'HTTP status 503'],
    ['a quota', 'unavailable', refusal(403, 'quotaExceeded'), 'quota'],
    ['no right', 'unavailable', refusal(403, 'accessDenied'), 'roles/bigquery.jobUser'],
    ['no table', 'unavailable', refusal(404, 'notFound'), 'bring up the stack'],
    ['other columns', 'unavailable', refusal(400, 'invalidQuery'), 'as the stack of this release declares it'],
    ['too many bytes', 'invalid', refusal(400, 'bytesBilledLimitExceeded'), 'ask of fewer days'],
    [
      'a job that was stopped',
      'unavailable',
      { body: { jobReference: {}, status: { errors: [{ reason: 'stopped' }] } } },
      'in time',
    ],
  ] as const)('that meets %s is %s, with a sentence that names nobody', async (_, kind, answer, sentence) => {
    const analytics = await open();
    instead(isJob, () => answer);
    const asked = analytics.ask('total', november);
    await expect(asked).rejects.toMatchObject({ kind, message: expect.stringContaining(sentence) });
    await expect(asked).rejects.not.toThrow('recorder');
  });

  it.each([
    ['an empty job', isJob, {}],
    ['a job without a status', isJob, { jobReference: {} }],
    ['a job without a reference', isJob, { status: {} }],
    ['a list for a job', isJob, []],
    ['a text for a job', isJob, '<html>'],
    ['an empty result', isResult, {}],
    ['a text for a result', isResult, '<html>'],
    [
      'rows of no cells',
      isResult,
      { jobComplete: true, schema: { fields: [{ name: 'all', type: 'INTEGER' }] }, rows: [7] },
    ],
    ['rows that are none', isResult, { jobComplete: true, schema: 7, rows: 'x' }],
    ['errors that are none', isJob, { status: { errors: [null] }, jobReference: {} }],
  ] as const)('answered with %s is unavailable, and the next is answered', async (_, when, body) => {
    const analytics = await open();
    instead(when, () => ({ body }));
    await expect(analytics.ask('total', november)).rejects.toMatchObject({ kind: 'unavailable', retryAfter: 5 });
    instead(
      () => false,
      () => 'hang',
    );
    expect(await analytics.ask('total', november)).toEqual([{ all: 3, people: 2 }]);
  });

  it('that nobody answers is unavailable within its time', async () => {
    const analytics = await open(300);
    instead(isJob, () => 'hang');
    await expect(analytics.ask('total', november)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('in time'),
    });
  });

  it('that can’t be is refused without asking', async () => {
    const analytics = await open();
    const before = recorder.requests.length;
    await expect(analytics.ask('total', { from: 'x', to: 'y' })).rejects.toMatchObject({ kind: 'invalid' });
    expect(recorder.requests).toHaveLength(before);
  });
});

describe('at the start', () => {
  it('both tables are looked at, and nothing else', async () => {
    await open();
    expect(recorder.requests.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      `GET ${api}/datasets/gocenter/tables/downloads`,
      `GET ${api}/datasets/gocenter/tables/downloads_daily`,
    ]);
  });

  it.each([
    [
      'is not there',
      refusal(404, 'notFound'),
      'is not there: bring up the stack of this release, or correct ANALYTICS',
    ],
    ['may not be seen', refusal(403, 'accessDenied'), 'grant this service’s identity roles/bigquery.dataViewer'],
    [
      'lacks a column',
      { body: { schema: { fields: fieldsOf(tables.downloads).filter(({ name }) => name !== 'cache') } } },
      'acme.gocenter.downloads has no column cache',
    ],
    [
      'has one of another type',
      {
        body: {
          schema: { fields: [...fieldsOf(tables.downloads).slice(0, -1), { name: 'duration', type: 'STRING' }] },
        },
      },
      'has duration as STRING, not as FLOAT',
    ],
  ] as const)('a table that %s is told, with what to do', async (_, answer, sentence) => {
    instead(
      ({ path }) => path.endsWith('/downloads'),
      () => answer,
    );
    await expect(open()).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining(sentence) });
  });

  it('names of types in standard SQL, and columns beside the known ones, do no harm', async () => {
    const other: Record<string, string> = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' };
    const fields = fieldsOf(tables.downloads).map(({ name, type }) => ({ name, type: other[type] ?? type }));
    instead(
      ({ path }) => path.endsWith('/downloads'),
      () => ({ body: { location: 'EU', schema: { fields: [...fields, { name: 'more', type: 'STRING' }] } } }),
    );
    await open();
  });

  it('a server that fails for now holds nothing up: readiness tells, and it is asked once it is back', async () => {
    instead(
      () => true,
      () => refusal(503),
    );
    const analytics = await open();
    expect(failed).toHaveLength(1);
    instead(
      ({ path }) => path.endsWith('/downloads'),
      () => refusal(404),
    );
    await expect(analytics.ready()).rejects.toMatchObject({ kind: 'unavailable' });
    instead(
      () => false,
      () => 'hang',
    );
    await analytics.ready();
    expect(await analytics.ask('total', november)).toEqual([{ all: 3, people: 2 }]);
    expect(jobs()[0]?.jobReference.location).toBe('EU');
  }, 40_000);
});

describe('an export from BigQuery', () => {
  it('has BigQuery write the days’ rows as Parquet, and replaces nothing unless told', async () => {
    const analytics = await open();
    await analytics.exportParquet('gs://acme-exports/2026/november.parquet', november);
    const { query, queryParameters } = (jobs()[0] as Job).configuration.query;
    const [, options, select] = /^EXPORT DATA OPTIONS \((.*?)\) AS\n(.*)$/s.exec(query) ?? [];
    expect(options).toBe(
      "uri = 'gs://acme-exports/2026/november-*.parquet', format = 'PARQUET', compression = 'ZSTD', overwrite = false",
    );
    parseBigquery(select ?? '');
    expect(conditionsOf(select ?? '')[0]?.join()).toContain('TIMESTAMP(@from)');
    expect(queryParameters.map(({ name }) => name)).toEqual(['from', 'to']);
    await analytics.exportParquet('gs://acme-exports/november-*', november, { replace: true });
    expect(jobs()[1]?.configuration.query.query).toContain("uri = 'gs://acme-exports/november-*', format");
    expect(jobs()[1]?.configuration.query.query).toContain('overwrite = true');
  });

  it.each([
    'november.parquet',
    '/srv/x',
    'gs://acme',
    "gs://acme/x', overwrite = true, a = '",
    's3://acme/x',
    'gs://acme/a*b*',
  ])('to %s is refused', async target => {
    const analytics = await open();
    await expect(analytics.exportParquet(target, november)).rejects.toMatchObject({ kind: 'invalid' });
    expect(jobs()).toEqual([]);
  });

  it.each([
    [404, 'notFound', 'Not found: Uris gs://acme/x-*.parquet', 'the bucket of gs://acme/x is not there'],
    [404, 'notFound', 'The specified bucket does not exist.', 'the bucket of gs://acme/x is not there'],
    [
      403,
      'accessDenied',
      'Access Denied: BigQuery BigQuery: a@acme does not have storage.objects.create access to the object in project 7',
      'gs://acme/x may not be written: grant the identity that exports roles/storage.objectAdmin',
    ],
    [403, 'accessDenied', 'Access Denied: Table acme:gocenter.downloads: no right', 'roles/bigquery.dataViewer'],
    [403, 'accessDenied', 'Access Denied: Project acme: no bigquery.jobs.create', 'roles/bigquery.jobUser'],
    [404, 'notFound', 'Not found: Table acme:gocenter.downloads', 'correct ANALYTICS'],
  ])('that meets %i (%s: %s) says which place is meant', async (code, reason, message, sentence) => {
    const analytics = await open();
    const failures = [
      { status: code, body: { error: { code, message, errors: [{ reason, message }] } } },
      { body: { jobReference: {}, status: { errors: [{ reason, message }] } } },
    ];
    for (const answer of failures) {
      instead(isJob, () => answer);
      await expect(analytics.exportParquet('gs://acme/x', november)).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining(sentence),
      });
    }
  });

  it('to files that are there is a conflict', async () => {
    const analytics = await open();
    const message = 'Invalid destination: there are already existing files; not empty';
    instead(isJob, () => ({
      status: 400,
      body: { error: { code: 400, message, errors: [{ reason: 'invalid', message }] } },
    }));
    await expect(analytics.exportParquet('gs://acme/x', november)).rejects.toMatchObject({ kind: 'conflict' });
  });
});
