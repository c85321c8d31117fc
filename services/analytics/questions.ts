import { mirrors } from './client.ts';

/**
 * The questions that people ask of the downloads, in one place: SQL that differs between engines only where `Dialect`
 * says so. A *download* is a zip served with 200; `people` leaves out mirrors and CI. Days are of UTC, both ends
 * included.
 *
 * Two tables: `requests` has the rows as they came (row.ts), `downloads_daily` their roll-up by day, module, version,
 * which is all that a page may ask.
 */
export interface Dialect {
  /** The table's name as a query writes it. */
  table(name: 'requests' | 'downloads_daily'): string;
  /** A parameter as a query writes it, cast to its type where the engine needs that. */
  parameter(name: string, type: ParameterType): string;
  /** The day of a timestamp. */
  day(expression: string): string;
  /** True when the first match of the regular expression (RE2) exists. */
  matches(expression: string, pattern: string): string;
  /** The string with each match removed. */
  without(expression: string, pattern: string): string;
  /** True when the value is an element of the array parameter. */
  among(expression: string, parameter: string): string;
  /** A quotient, null when divided by nothing. */
  ratio(numerator: string, denominator: string): string;
}

export type ParameterType = 'day' | 'string' | 'integer' | 'strings';

export interface Days {
  /** `YYYY-MM-DD`. */
  from: string;
  to: string;
}

export interface Counted {
  all: number;
  people: number;
}

/** Parameters and rows, by question. */
export interface Questions {
  total: { parameters: Days; row: Counted };
  'by-day': { parameters: Days & { module: string; version?: string }; row: Counted & { day: string } };
  'by-version': { parameters: Days & { module: string; limit: number }; row: Counted & { version: string } };
  'by-module': { parameters: Days & { modules?: readonly string[]; limit: number }; row: Counted & { module: string } };
  trending: {
    parameters: Days & { before: string; limit: number };
    row: { module: string; people: number; earlier: number };
  };
  'version-share': { parameters: Days & { module: string; limit: number }; row: { version: string; share: number } };
  majors: { parameters: Days & { module: string }; row: Counted & { module: string } };
  clients: { parameters: Days; row: { client: string; version: string; ci: boolean; requests: number } };
  countries: { parameters: Days; row: { country: string; requests: number } };
  'cache-hit-ratio': { parameters: Days; row: { day: string; requests: number; ratio: number } };
  'bytes-saved': { parameters: Days; row: { day: string; served: number; fetched: number; saved: number } };
}

export type QuestionName = keyof Questions;

export interface Question {
  /** One sentence: what it tells. */
  about: string;
  parameters: Readonly<Record<string, { type: ParameterType; optional?: true }>>;
  columns: readonly string[];
  sql(dialect: Dialect, given: ReadonlySet<string>): string;
}

const days = { from: { type: 'day' }, to: { type: 'day' } } as const;
const limit = { limit: { type: 'integer' } } as const;
const module = { module: { type: 'string' } } as const;

/** Rows of the roll-up between the days asked for. */
const between = (d: Dialect) => `day BETWEEN ${d.parameter('from', 'day')} AND ${d.parameter('to', 'day')}`;
const ofDays = (d: Dialect) =>
  `${d.day('timestamp')} BETWEEN ${d.parameter('from', 'day')} AND ${d.parameter('to', 'day')}`;
const sums = 'SUM(downloads) AS "all", SUM(people) AS people';

export const questions: Readonly<Record<QuestionName, Question>> = {
  total: {
    about: 'Downloads of everything.',
    parameters: days,
    columns: ['all', 'people'],
    sql: d => `SELECT COALESCE(SUM(downloads), 0) AS "all", COALESCE(SUM(people), 0) AS people
FROM ${d.table('downloads_daily')} WHERE ${between(d)}`,
  },
  'by-day': {
    about: 'Downloads of a module, or of one version, a day; days without are left out.',
    parameters: { ...days, ...module, version: { type: 'string', optional: true } },
    columns: ['day', 'all', 'people'],
    sql: (d, given) => `SELECT day, ${sums} FROM ${d.table('downloads_daily')}
WHERE ${between(d)} AND module = ${d.parameter('module', 'string')}
${given.has('version') ? `AND version = ${d.parameter('version', 'string')}` : ''}
GROUP BY day ORDER BY day`,
  },
  'by-version': {
    about: 'Downloads of a module by version, the most downloaded first.',
    parameters: { ...days, ...module, ...limit },
    columns: ['version', 'all', 'people'],
    sql: d => `SELECT version, ${sums} FROM ${d.table('downloads_daily')}
WHERE ${between(d)} AND module = ${d.parameter('module', 'string')}
GROUP BY version ORDER BY 2 DESC, version LIMIT ${d.parameter('limit', 'integer')}`,
  },
  'by-module': {
    about: 'The modules that people download most, of all or of those given.',
    parameters: { ...days, ...limit, modules: { type: 'strings', optional: true } },
    columns: ['module', 'all', 'people'],
    sql: (d, given) => `SELECT module, ${sums} FROM ${d.table('downloads_daily')}
WHERE ${between(d)} ${given.has('modules') ? `AND ${d.among('module', 'modules')}` : ''}
GROUP BY module ORDER BY 3 DESC, 2 DESC, module LIMIT ${d.parameter('limit', 'integer')}`,
  },
  trending: {
    about: 'Modules whose downloads by people have risen most since the time from `before` to `from`, beyond chance.',
    parameters: { ...days, before: { type: 'day' }, ...limit },
    columns: ['module', 'people', 'earlier'],
    sql: d => `SELECT module, people, earlier FROM (
  SELECT module,
    SUM(CASE WHEN day >= ${d.parameter('from', 'day')} THEN people ELSE 0 END) AS people,
    SUM(CASE WHEN day < ${d.parameter('from', 'day')} THEN people ELSE 0 END) AS earlier
  FROM ${d.table('downloads_daily')}
  WHERE day BETWEEN ${d.parameter('before', 'day')} AND ${d.parameter('to', 'day')}
  GROUP BY module
) AS counted WHERE people >= 5 AND people > earlier
ORDER BY (people - earlier) / SQRT(earlier + 1) DESC, module LIMIT ${d.parameter('limit', 'integer')}`,
  },
  'version-share': {
    about: 'The part of a module’s downloads by people that each version has.',
    parameters: { ...days, ...module, ...limit },
    columns: ['version', 'share'],
    sql: d => `SELECT version, ${d.ratio('SUM(people)', 'SUM(SUM(people)) OVER ()')} AS share
FROM ${d.table('downloads_daily')}
WHERE ${between(d)} AND module = ${d.parameter('module', 'string')} AND people > 0
GROUP BY version ORDER BY 2 DESC, version LIMIT ${d.parameter('limit', 'integer')}`,
  },
  majors: {
    about: 'Downloads of all major versions of a module, old against new: each has its own path.',
    parameters: { ...days, ...module },
    columns: ['module', 'all', 'people'],
    sql: d => `SELECT module, ${sums} FROM ${d.table('downloads_daily')}
WHERE ${between(d)} AND ${d.without('module', major)} = ${d.without(d.parameter('module', 'string'), major)}
GROUP BY module ORDER BY module`,
  },
  clients: {
    about: 'Requests by what asked.',
    parameters: days,
    columns: ['client', 'version', 'ci', 'requests'],
    sql: d => `SELECT client, client_version AS version, ci, COUNT(*) AS requests FROM ${d.table('requests')}
WHERE ${ofDays(d)} GROUP BY client, client_version, ci ORDER BY 4 DESC, client, version LIMIT 1000`,
  },
  countries: {
    about: 'Requests by country, where a trusted load balancer tells it.',
    parameters: days,
    columns: ['country', 'requests'],
    sql: d => `SELECT country, COUNT(*) AS requests FROM ${d.table('requests')}
WHERE ${ofDays(d)} GROUP BY country ORDER BY 2 DESC, country LIMIT 1000`,
  },
  'cache-hit-ratio': {
    about: 'The part of the answered requests for files that needed no origin, a day.',
    parameters: days,
    columns: ['day', 'requests', 'ratio'],
    sql: d => `SELECT ${d.day('timestamp')} AS day, COUNT(*) AS requests,
  ${d.ratio("SUM(CASE WHEN cache = 'fetched' THEN 0 ELSE 1 END)", 'COUNT(*)')} AS ratio
FROM ${d.table('requests')}
WHERE ${ofDays(d)} AND status IN (200, 206, 304) AND kind IN ('zip', 'mod', 'info')
GROUP BY 1 ORDER BY 1`,
  },
  'bytes-saved': {
    about: 'Bytes served, bytes that had to be fetched for it, and the difference that origins were saved, a day.',
    parameters: days,
    columns: ['day', 'served', 'fetched', 'saved'],
    sql: d => `SELECT ${d.day('timestamp')} AS day, SUM(bytes) AS served,
  SUM(CASE WHEN cache = 'fetched' THEN bytes ELSE 0 END) AS fetched,
  SUM(CASE WHEN cache = 'fetched' THEN 0 ELSE bytes END) AS saved
FROM ${d.table('requests')} WHERE ${ofDays(d)} GROUP BY 1 ORDER BY 1`,
  },
};

/** The suffix of a major version's path. */
const major = '/v[2-9][0-9]*$|[.]v[0-9]+$|/v1[0-9]+$';

/** True for requests that are downloads, and for those of them that people made. */
export const isDownload = "kind = 'zip' AND status = 200";
export const byPeople = `NOT ci AND client NOT IN (${mirrors.map(name => `'${name}'`).join(', ')})`;
