import { optional, parse, type Summary } from '../columns.ts';
import { checkLimit, readCursor, writeCursor } from '../cursor.ts';
import type {
  Counts,
  ModuleDetail,
  ModuleSummary,
  ModuleVersion,
  NewestPage,
  NewestQuery,
  Paging,
  UsedByPage,
  UsedByQuery,
  VersionDetail,
  VersionSummary,
} from '../index.ts';
import { compareTotally } from '../newest.ts';
import {
  contentOf,
  detailed,
  type Known,
  knownOf,
  majorsOf,
  type Row,
  summarizeModule,
  summarizer,
  vulnerabilityOf,
} from '../present.ts';
import type { Session } from './session.ts';
import { readTexts } from './texts.ts';

/** What the services ask; each is a method of the port, inside a transaction. */

const moduleRow = (session: Session, path: string) => session.get('SELECT * FROM modules WHERE path = $1', path);

/** Of each module: its vulnerabilities, by their identifiers. */
async function knownOfAll(session: Session, paths: readonly string[]): Promise<Map<string, Known[]>> {
  const rows = await session.all(
    'SELECT module, vulnerability, events FROM affected WHERE module = ANY($1::text[]) ORDER BY module, vulnerability',
    paths,
  );
  const known = Map.groupBy(rows, row => String(row.module));
  return new Map([...known].map(([module, of]) => [module, of.map(knownOf)]));
}

const knownOfOne = async (session: Session, path: string) => (await knownOfAll(session, [path])).get(path) ?? [];

const familyOf = (session: Session, module: Row) =>
  session.all('SELECT path, newest, time, deprecated FROM modules WHERE family = $1 AND versions > 0', module.family);

async function details(session: Session, ids: readonly string[]) {
  const rows = await session.all(
    'SELECT entry, findings FROM vulnerabilities WHERE id = ANY($1::text[]) ORDER BY id',
    ids,
  );
  return rows.map(vulnerabilityOf);
}

export const vulnerability = async (session: Session, id: string) => (await details(session, [id]))[0];

async function rowsOf(session: Session, paths: readonly string[]): Promise<Map<string, Row>> {
  const rows = await session.all('SELECT * FROM modules WHERE path = ANY($1::text[])', paths);
  return new Map(rows.map(row => [String(row.path), row]));
}

export async function modules(session: Session, paths: readonly string[]): Promise<(ModuleSummary | undefined)[]> {
  const rows = await rowsOf(session, paths);
  const known = await knownOfAll(session, paths);
  return paths.map(path => {
    const row = rows.get(path);
    return row && summarizeModule(row, known.get(path) ?? []);
  });
}

export async function module(session: Session, path: string): Promise<ModuleDetail | undefined> {
  const row = await moduleRow(session, path);
  if (row === undefined) return undefined;
  const rows = await session.all('SELECT * FROM versions WHERE module = $1', row.id);
  const known = await knownOfOne(session, path);
  const newest = rows.find(({ version }) => version === row.newest);
  const content = newest && contentOf(newest, await readTexts(session, newest, ['readme', 'packages']));
  const history = rows.map(summarizer(row, known)).sort((a, b) => compareTotally(b.version, a.version));
  const affecting = history.flatMap(({ status, vulnerabilities }) => (status === 'published' ? vulnerabilities : []));
  return {
    ...summarizeModule(row, known),
    history,
    majors: majorsOf(await familyOf(session, row)),
    firstSeen: optional(row.first_seen),
    readme: content?.readme,
    packages: content?.packages ?? [],
    goMod: content?.goMod,
    affected: await details(session, affecting),
  };
}

export async function version(session: Session, path: string, wanted: string): Promise<VersionDetail | undefined> {
  const module = await moduleRow(session, path);
  if (module === undefined) return undefined;
  const row = await session.get('SELECT * FROM versions WHERE module = $1 AND version = $2', module.id, wanted);
  if (row === undefined) return undefined;
  const summary = summarizer(module, await knownOfOne(session, path))(row);
  const texts = await readTexts(session, row, ['go_mod', 'readme', 'packages', 'files']);
  return {
    ...detailed(summary, row, module, await familyOf(session, module), texts),
    affected: await details(session, summary.vulnerabilities),
  };
}

export async function versions(
  session: Session,
  wanted: readonly ModuleVersion[],
): Promise<(VersionSummary | undefined)[]> {
  const paths = [...new Set(wanted.map(({ module }) => module))];
  const modules = await rowsOf(session, paths);
  const known = await knownOfAll(session, paths);
  const rows = await session.all(
    `SELECT m.path, v.* FROM unnest($1::text[], $2::text[]) AS w (path, version)
       JOIN modules m ON m.path = w.path JOIN versions v ON v.module = m.id AND v.version = w.version`,
    wanted.map(({ module }) => module),
    wanted.map(({ version }) => version),
  );
  const found = new Map(rows.map(row => [`${row.path}@${row.version}`, row]));
  return wanted.map(({ module: path, version }) => {
    const module = modules.get(path);
    const row = found.get(`${path}@${version}`);
    return module && row && summarizer(module, known.get(path) ?? [])(row);
  });
}

export async function usedBy(
  session: Session,
  { module, version = '', all = false, limit, cursor }: UsedByQuery,
): Promise<UsedByPage> {
  checkLimit(limit, 1000);
  const [counted, tier, after] =
    cursor === undefined ? [2, 0, ''] : readCursor(cursor, 'usedBy', ['number', 'number', 'string']);
  const rows = await session.all(
    `SELECT requirer, e.version, requires, indirect, current, counted, e.tier, m.used_by
     FROM edges e LEFT JOIN modules m ON m.path = e.requirer
     WHERE required = $1 AND ($2::boolean OR counted = 1) AND ($3::text = '' OR requires = $3)
       AND (counted < $4::bigint OR (counted = $4 AND (e.tier < $5::bigint OR (e.tier = $5 AND requirer > $6))))
     ORDER BY counted DESC, e.tier DESC, requirer LIMIT $7`,
    ...[module, all, version, counted, tier, after, limit + 1],
  );
  const total = await session.get(
    `SELECT count(*) AS n FROM edges
     WHERE required = $1 AND ($2::boolean OR counted = 1) AND ($3::text = '' OR requires = $3)`,
    ...[module, all, version],
  );
  const items = rows.slice(0, limit).map(row => ({
    module: String(row.requirer),
    version: String(row.version),
    requires: String(row.requires),
    indirect: row.indirect === true,
    current: row.current === true,
    usedBy: Number(row.used_by ?? 0),
  }));
  const last = rows[limit - 1];
  const more = rows.length > limit && last !== undefined;
  const place = more ? [Number(last.counted), Number(last.tier), String(last.requirer)] : [];
  return { items, total: Number(total?.n), next: more ? writeCursor('usedBy', place) : undefined };
}

export async function newest(
  session: Session,
  { status = 'published', limit, cursor }: NewestQuery,
): Promise<NewestPage> {
  checkLimit(limit, 1000);
  const [at, id, version] =
    cursor === undefined ? ['~', 0, ''] : readCursor(cursor, 'newest', ['string', 'number', 'string']);
  const rows = await session.all(
    `SELECT v.*, m.path FROM versions v JOIN modules m ON m.id = v.module
     WHERE v.status = $1 AND v.at <= $2 AND (v.at < $2 OR v.module > $3 OR (v.module = $3 AND v.version > $4))
     ORDER BY v.at DESC, v.module, v.version LIMIT $5`,
    ...[status, at, id, version, limit + 1],
  );
  const paths = [...new Set(rows.map(({ path }) => String(path)))];
  const modules = await rowsOf(session, paths);
  const known = await knownOfAll(session, paths);
  const items = rows.slice(0, limit).flatMap(row => {
    const summary = row.summary === null ? undefined : parse<Summary>(row.summary);
    const path = String(row.path);
    const module = modules.get(path);
    if (module === undefined) return [];
    return [{ ...summarizer(module, known.get(path) ?? [])(row), synopsis: summary?.synopsis ?? '' }];
  });
  const last = rows[limit - 1];
  const more = rows.length > limit && last !== undefined;
  const place = more ? [String(last.at), Number(last.module), String(last.version)] : [];
  return { items, next: more ? writeCursor('newest', place) : undefined };
}

export async function list(session: Session, { after = '', limit }: { after?: string | undefined; limit: number }) {
  checkLimit(limit, 10_000);
  const rows = await session.all('SELECT path FROM modules WHERE path > $1 ORDER BY path LIMIT $2', after, limit);
  return rows.map(({ path }) => String(path));
}

export async function vulnerabilities(session: Session, { limit, cursor }: Paging) {
  checkLimit(limit, 1000);
  const [modified, id] = cursor === undefined ? ['~', ''] : readCursor(cursor, 'vulnerabilities', ['string', 'string']);
  const rows = await session.all(
    `SELECT id, modified, entry, findings FROM vulnerabilities
     WHERE affects AND (modified < $1 OR (modified = $1 AND id > $2)) ORDER BY modified DESC, id LIMIT $3`,
    ...[modified, id, limit + 1],
  );
  const last = rows[limit - 1];
  const more = rows.length > limit && last !== undefined;
  return {
    items: rows.slice(0, limit).map(vulnerabilityOf),
    next: more ? writeCursor('vulnerabilities', [String(last.modified), String(last.id)]) : undefined,
  };
}

export async function counts(session: Session): Promise<Counts> {
  const rows = await session.all('SELECT name, n FROM counts');
  const known = new Map(rows.map(({ name, n }) => [String(name), Number(n)]));
  const more = await session.get(
    `SELECT (SELECT count(*) FROM vulnerabilities WHERE affects) AS affecting,
       (SELECT max(at) FROM versions WHERE status = 'published') AS latest`,
  );
  const of = (name: string) => known.get(name) ?? 0;
  return {
    modules: of('modules'),
    published: of('published'),
    rejected: of('rejected'),
    missing: of('missing'),
    requirements: of('requirements'),
    vulnerabilities: Number(more?.affecting),
    newest: optional(more?.latest),
  };
}
