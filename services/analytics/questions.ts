import { byPeople, fromCopy, fromOrigin } from './definitions.ts';
import type { TableName } from './row.ts';

/**
 * The questions that people ask of the downloads, in one place: SQL that differs between engines only where `Dialect`
 * says so. A *download* is a zip served with 200; `people` leaves out mirrors and CI. Days are of UTC, both ends
 * included.
 *
 * The sums of days (`downloads_daily`) answer all that they can; only what they don't know is asked of the single requests
 * (`downloads`). Every question is bounded by days, which is what both tables are partitioned by in a warehouse.
 */
export interface Dialect {
  /** The table's name as a query writes it. */
  table(name: TableName): string;
  /** A column's name that could be read as a keyword. */
  quoted(name: string): string;
  /** A parameter as a query writes it, cast to its type where the engine needs that. */
  parameter(name: string, type: ParameterType): string;
  /** The day of a timestamp. */
  day(timestamp: string): string;
  /** True for timestamps of the days from the one parameter to the other, so that no others are read. */
  duringDays(timestamp: string, from: string, to: string): string;
  /** The string with each match of the regular expression (RE2) removed. */
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
  'top-modules': {
    parameters: Days & { modules?: readonly string[]; limit: number };
    row: Counted & { module: string };
  };
  'module-days': { parameters: Days & { module: string; version?: string }; row: Counted & { day: string } };
  'module-versions': { parameters: Days & { module: string; limit: number }; row: Counted & { version: string } };
  'version-share': { parameters: Days & { module: string; limit: number }; row: { version: string; share: number } };
  majors: { parameters: Days & { module: string }; row: Counted & { module: string } };
  trending: {
    parameters: Days & { before: string; limit: number };
    row: { module: string; people: number; earlier: number };
  };
  'cache-hit-ratio': { parameters: Days; row: { day: string; requests: number; ratio: number } };
  'bytes-saved': { parameters: Days; row: { day: string; served: number; fetched: number; saved: number } };
  clients: { parameters: Days; row: { client: string; ci: boolean; requests: number; downloads: number } };
  'client-versions': {
    parameters: Days & { limit: number };
    row: { client: string; version: string; requests: number };
  };
  countries: { parameters: Days; row: { country: string; requests: number; downloads: number } };
}

export type QuestionName = keyof Questions;

/** What a column's values are: a `part` is a number from 0 to 1. */
export type Unit = 'text' | 'flag' | 'count' | 'bytes' | 'part';

export interface Parameter {
  type: ParameterType;
  optional?: true;
}

export interface Question {
  /** One sentence: what it tells. */
  about: string;
  parameters: Readonly<Record<string, Parameter>>;
  columns: Readonly<Record<string, Unit>>;
  sql(dialect: Dialect, given: ReadonlySet<string>): string;
}

interface QuestionOf<Q extends QuestionName> extends Omit<Question, 'parameters' | 'columns'> {
  parameters: Readonly<Record<keyof Questions[Q]['parameters'], Parameter>>;
  columns: Readonly<Record<keyof Questions[Q]['row'], Unit>>;
}

const days = { from: { type: 'day' }, to: { type: 'day' } } as const;
const limit = { limit: { type: 'integer' } } as const;
const module = { module: { type: 'string' } } as const;

const dailyTable = 'downloads_daily';
const ofDays = (d: Dialect) => `day BETWEEN ${d.parameter('from', 'day')} AND ${d.parameter('to', 'day')}`;
/** Of a module that people only asked for there may be sums without a download. */
const downloaded = (d: Dialect) => `FROM ${d.table(dailyTable)} WHERE ${ofDays(d)} AND downloads > 0`;
const ofModule = (d: Dialect) => `module = ${d.parameter('module', 'string')}`;
const atMost = (d: Dialect) => `LIMIT ${d.parameter('limit', 'integer')}`;
const people = `CASE WHEN ${byPeople} THEN downloads ELSE 0 END`;
const sums = (d: Dialect) => `SUM(downloads) AS ${d.quoted('all')}, SUM(${people}) AS people`;

/** What came from a copy and what from an origin, a day; summed up by cache before caches are compared: a few rows a day. */
const byCache = (d: Dialect, what: 'requests' | 'bytes') => `SELECT day,
  SUM(CASE WHEN ${fromCopy} THEN counted ELSE 0 END) AS copied,
  SUM(CASE WHEN ${fromOrigin} THEN counted ELSE 0 END) AS fetched
FROM (SELECT day, cache, SUM(${what}) AS counted FROM ${d.table(dailyTable)} WHERE ${ofDays(d)} GROUP BY day, cache) AS summed
GROUP BY day`;

export const questions: { readonly [Q in QuestionName]: QuestionOf<Q> } = {
  total: {
    about: 'Downloads of everything.',
    parameters: days,
    columns: { all: 'count', people: 'count' },
    sql: d => `SELECT COALESCE(SUM(downloads), 0) AS ${d.quoted('all')}, COALESCE(SUM(${people}), 0) AS people
${downloaded(d)}`,
  },
  'top-modules': {
    about: 'The modules that people download most, of all or of those given.',
    parameters: { ...days, ...limit, modules: { type: 'strings', optional: true } },
    columns: { module: 'text', all: 'count', people: 'count' },
    sql: (d, given) => `SELECT module, ${sums(d)} ${downloaded(d)}
${given.has('modules') ? `AND ${d.among('module', 'modules')}` : ''}
GROUP BY module ORDER BY 3 DESC, 2 DESC, 1 ${atMost(d)}`,
  },
  'module-days': {
    about: 'Downloads of a module, or of one version, a day; days without are left out.',
    parameters: { ...days, ...module, version: { type: 'string', optional: true } },
    columns: { day: 'text', all: 'count', people: 'count' },
    sql: (d, given) => `SELECT day, ${sums(d)} ${downloaded(d)} AND ${ofModule(d)}
${given.has('version') ? `AND version = ${d.parameter('version', 'string')}` : ''}
GROUP BY day ORDER BY 1`,
  },
  'module-versions': {
    about: 'Downloads of a module by version, the most downloaded first.',
    parameters: { ...days, ...module, ...limit },
    columns: { version: 'text', all: 'count', people: 'count' },
    sql: d => `SELECT version, ${sums(d)} ${downloaded(d)} AND ${ofModule(d)}
GROUP BY version ORDER BY 2 DESC, 1 ${atMost(d)}`,
  },
  'version-share': {
    about: 'The part of a module’s downloads by people that each version has.',
    parameters: { ...days, ...module, ...limit },
    columns: { version: 'text', share: 'part' },
    sql: d => `SELECT version, ${d.ratio('SUM(downloads)', 'SUM(SUM(downloads)) OVER ()')} AS share
${downloaded(d)} AND ${ofModule(d)} AND ${byPeople}
GROUP BY version ORDER BY 2 DESC, 1 ${atMost(d)}`,
  },
  majors: {
    about: 'Downloads of all major versions of a module, old against new: each has its own path.',
    parameters: { ...days, ...module },
    columns: { module: 'text', all: 'count', people: 'count' },
    sql: d => `SELECT module, ${sums(d)} ${downloaded(d)}
AND STARTS_WITH(module, ${d.without(d.parameter('module', 'string'), major)})
AND ${d.without('module', major)} = ${d.without(d.parameter('module', 'string'), major)}
GROUP BY module ORDER BY 1`,
  },
  trending: {
    about: 'Modules whose downloads by people have risen most since the days from `before` to `from`, beyond chance.',
    parameters: { ...days, before: { type: 'day' }, ...limit },
    columns: { module: 'text', people: 'count', earlier: 'count' },
    sql: d => `SELECT module, people, earlier FROM (
  SELECT module,
    SUM(CASE WHEN day >= ${d.parameter('from', 'day')} THEN downloads ELSE 0 END) AS people,
    SUM(CASE WHEN day < ${d.parameter('from', 'day')} THEN downloads ELSE 0 END) AS earlier
  FROM ${d.table(dailyTable)}
  WHERE day BETWEEN ${d.parameter('before', 'day')} AND ${d.parameter('to', 'day')} AND downloads > 0 AND ${byPeople}
  GROUP BY module
) AS counted WHERE people >= 5 AND people > earlier
ORDER BY (people - earlier) / SQRT(earlier + 1) DESC, module ${atMost(d)}`,
  },
  'cache-hit-ratio': {
    about: 'The part of the requests that were given something without asking an origin for it, a day.',
    parameters: days,
    columns: { day: 'text', requests: 'count', ratio: 'part' },
    sql: d => `SELECT day, copied + fetched AS requests, ${d.ratio('copied', 'copied + fetched')} AS ratio
FROM (${byCache(d, 'requests')}) AS counted WHERE copied + fetched > 0 ORDER BY 1`,
  },
  'bytes-saved': {
    about: 'Bytes served, those that had to be fetched for it, and the others, which origins were saved, a day.',
    parameters: days,
    columns: { day: 'text', served: 'bytes', fetched: 'bytes', saved: 'bytes' },
    sql: d => `SELECT day, copied + fetched AS served, fetched, copied AS saved
FROM (${byCache(d, 'bytes')}) AS counted WHERE copied + fetched > 0 ORDER BY 1`,
  },
  clients: {
    about: 'Requests and downloads by the program that asked.',
    parameters: days,
    columns: { client: 'text', ci: 'flag', requests: 'count', downloads: 'count' },
    sql: d => `SELECT client, ci, SUM(requests) AS requests, SUM(downloads) AS downloads
FROM ${d.table(dailyTable)} WHERE ${ofDays(d)}
GROUP BY client, ci ORDER BY 3 DESC, 1, 2 LIMIT 1000`,
  },
  'client-versions': {
    about: 'Requests by the program that asked and its version, of the days whose single requests are still kept.',
    parameters: { ...days, ...limit },
    columns: { client: 'text', version: 'text', requests: 'count' },
    sql: d => `SELECT client, client_version AS version, COUNT(*) AS requests
FROM ${d.table('downloads')} WHERE ${d.duringDays('timestamp', 'from', 'to')}
GROUP BY client, client_version ORDER BY 3 DESC, 1, 2 ${atMost(d)}`,
  },
  countries: {
    about: 'Requests and downloads by country, where a trusted load balancer tells it.',
    parameters: days,
    columns: { country: 'text', requests: 'count', downloads: 'count' },
    sql: d => `SELECT country, SUM(requests) AS requests, SUM(downloads) AS downloads
FROM ${d.table(dailyTable)} WHERE ${ofDays(d)}
GROUP BY country ORDER BY 2 DESC, 1 LIMIT 1000`,
  },
};

/** The suffix of a major version's path. */
const major = '/v[2-9][0-9]*$|[.]v[0-9]+$|/v1[0-9]+$';
