import { type Detail, detailOf, parse, type Summary, summaryOf, textOrNull } from '../columns.ts';
import type { VersionFacts } from '../facts.ts';
import type { ModuleVersion } from '../index.ts';
import { highest, newest } from '../newest.ts';
import { pathHash } from '../rank.ts';
import { familyOf } from '../summarize.ts';
import { addEdges, type Changes, countUsers, rebuildEdges } from './edges.ts';
import { dropFromIndex, settleIndex } from './indexes.ts';
import type { Session } from './session.ts';
import { keepTexts } from './texts.ts';
import { refreshFindings } from './vulnerabilities.ts';

/** What is written, each call inside a transaction that no other writer's overlaps. */

interface Module {
  id: number;
  path: string;
  newest: string;
  highest: string;
}

const find = async (session: Session, path: string) =>
  (await session.get('SELECT id, path, newest, highest FROM modules WHERE path = $1', path)) as Module | undefined;

async function count(session: Session, name: string, change: number): Promise<void> {
  if (change === 0) return;
  await session.all(
    'INSERT INTO counts VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET n = counts.n + excluded.n',
    ...[name, change],
  );
}

async function newModule(session: Session, path: string): Promise<Module> {
  let id = pathHash(path);
  while ((await session.get('SELECT 1 FROM modules WHERE id = $1', id)) !== undefined) id = (id + 1) % 2 ** 46; // never yet seen
  await session.all(
    `INSERT INTO modules (id, path, family, newest, highest, status, synopsis, licences, kinds, deprecated, retractions,
       versions, used_by, tier)
     VALUES ($1, $2, $3, '', '', '', '', '[]', '[]', '', '[]', 0, $4, 0)`,
    ...[id, path, familyOf(path), await countUsers(session, path)],
  );
  await count(session, 'modules', 1);
  return { id, path, newest: '', highest: '' };
}

/** Says whether it replaces a published version that had other requirements. */
async function writeVersion(session: Session, id: number, facts: VersionFacts): Promise<boolean> {
  const { content, version, status } = facts;
  const before = await session.get(
    'SELECT status, summary FROM versions WHERE module = $1 AND version = $2',
    ...[id, version],
  );
  const summary = content === undefined ? undefined : summaryOf({ ...facts, content });
  const texts = content && [
    ...[content.goModText, content.readme?.text],
    ...[JSON.stringify(content.packages), JSON.stringify(content.files)],
  ];
  const hashes = texts === undefined ? [null, null, null, null] : await keepTexts(session, texts);
  await session.all(
    `INSERT INTO versions (module, version, status, at, reasons, summary, detail, go_mod, readme, packages, files)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     ON CONFLICT (module, version) DO UPDATE SET status = $3, at = $4, reasons = $5, summary = $6, detail = $7,
       go_mod = $8, readme = $9, packages = $10, files = $11`,
    ...[id, version, status, facts.at, JSON.stringify(facts.reasons)],
    ...[textOrNull(summary), textOrNull(content && detailOf(content)), ...hashes],
  );
  if (before?.status !== status) {
    await count(session, status, 1);
    if (before !== undefined) await count(session, String(before.status), -1);
  }
  if (before?.status !== 'published') return false;
  const old = before.summary === null ? undefined : parse<Summary>(before.summary);
  return JSON.stringify(old?.requirements) !== JSON.stringify(summary?.requirements);
}

async function read<T>(session: Session, id: number, version: string | undefined, column: 'summary' | 'detail') {
  if (version === undefined) return undefined;
  const sql = `SELECT ${column} AS json FROM versions WHERE module = $1 AND version = $2`;
  const found = (await session.get(sql, id, version))?.json;
  return typeof found === 'string' ? parse<T>(found) : undefined;
}

/** All that follows for a module from its versions. Removes it, and says so by false, when there are none. */
async function settleModule(
  session: Session,
  changes: Changes,
  before: Module,
  added: readonly VersionFacts[],
  replaced: boolean,
): Promise<boolean> {
  const { id, path } = before;
  const all = (await session.all('SELECT version, status, at FROM versions WHERE module = $1', id)) as {
    version: string;
    status: string;
    at: string;
  }[];
  const published = all.filter(({ status }) => status === 'published');
  const names = published.map(({ version }) => version);
  const top = highest(names);
  const { retractions = [], deprecated = '' } = (await read<Detail>(session, id, top, 'detail'))?.goMod ?? {};
  const chosen = newest(names, retractions);

  const fast = !replaced && chosen === top && before.newest === before.highest;
  if (!fast) await rebuildEdges(session, changes, before, chosen);
  else if (chosen !== undefined) {
    const contents = added.flatMap(facts => {
      const { content, status, version } = facts;
      return status === 'published' && content !== undefined
        ? [[version, summaryOf({ ...facts, content })] as const]
        : [];
    });
    await addEdges(session, changes, path, contents, chosen);
  }
  if (all.length === 0) {
    await dropFromIndex(session, id);
    await session.all('DELETE FROM modules WHERE id = $1', id);
    await count(session, 'modules', -1);
    return false;
  }
  const shown = chosen ?? highest(all.map(({ version }) => version)) ?? '';
  const status = all.find(({ version }) => version === shown)?.status ?? '';
  const summary = await read<Summary>(session, id, chosen, 'summary');
  const [firstSeen = null] = published.map(({ at }) => at).sort();
  const time = summary?.time ?? published.find(({ version }) => version === chosen)?.at ?? null;
  await session.all(
    `UPDATE modules SET newest = $1, highest = $2, status = $3, time = $4, synopsis = $5, licences = $6, kinds = $7,
       deprecated = $8, retractions = $9, versions = $10, first_seen = $11 WHERE id = $12`,
    ...[shown, top ?? shown, status, time, summary?.synopsis ?? '', JSON.stringify(summary?.licences ?? [])],
    ...[JSON.stringify(summary?.kinds ?? []), deprecated, JSON.stringify(retractions), published.length],
    ...[firstSeen, id],
  );
  return true;
}

/** Changes of use and rank that the writes have led to, and what is searched. */
async function settle(session: Session, changes: Changes, changed: Set<number>, created: Set<string>): Promise<void> {
  const touched = new Map([...changed].map(id => [id, true]));
  let total = 0;
  for (const [path, change] of changes) {
    total += change;
    if (created.has(path) || change === 0) continue; // counted below
    const sql = 'UPDATE modules SET used_by = used_by + $1 WHERE path = $2 RETURNING id';
    const id = (await session.get(sql, change, path))?.id;
    if (id !== undefined && !touched.has(Number(id))) touched.set(Number(id), false);
  }
  for (const path of created) {
    const users = await countUsers(session, path);
    await session.all('UPDATE modules SET used_by = $1 WHERE path = $2', users, path);
  }
  await count(session, 'requirements', total);
  for (const [id, words] of touched) await settleIndex(session, id, words);
}

/** Writes what belongs to each module, then what follows for it. */
async function write<T extends ModuleVersion>(
  session: Session,
  items: readonly T[],
  each: (module: Module, items: readonly T[], changes: Changes) => Promise<boolean>,
): Promise<void> {
  const groups = Map.groupBy(items, ({ module }) => module);
  const changes: Changes = new Map();
  const changed = new Set<number>();
  const created = new Set<string>();
  for (const [path, group] of groups) {
    let module = await find(session, path);
    if (module === undefined) {
      module = await newModule(session, path);
      created.add(path);
    }
    const last = new Map(group.map(item => [item.version, item]));
    if (await each(module, [...last.values()], changes)) changed.add(module.id);
  }
  await settle(session, changes, changed, created);
  await refreshFindings(session, [...groups.keys()]);
}

export const put = (session: Session, versions: readonly VersionFacts[]) =>
  write(session, versions, async (module, group, changes) => {
    let replaced = false;
    for (const facts of group) replaced = (await writeVersion(session, module.id, facts)) || replaced;
    return settleModule(session, changes, module, group, replaced);
  });

export async function remove(session: Session, versions: readonly ModuleVersion[]): Promise<void> {
  const paths = versions.map(({ module }) => module);
  const rows = await session.all('SELECT path FROM modules WHERE path = ANY($1::text[])', paths);
  const known = new Set(rows.map(({ path }) => String(path)));
  await write(
    session,
    versions.filter(({ module }) => known.has(module)),
    async (module, group, changes) => {
      for (const { version } of group) {
        const sql = 'DELETE FROM versions WHERE module = $1 AND version = $2 RETURNING status';
        const status = (await session.get(sql, module.id, version))?.status;
        if (status !== undefined) await count(session, String(status), -1);
      }
      return settleModule(session, changes, module, [], true);
    },
  );
}

export async function setDownloads(session: Session, downloads: ReadonlyMap<string, number>): Promise<void> {
  const rows = await session.all(
    `UPDATE modules m SET downloads = coalesce(d.n, 0)
     FROM modules o LEFT JOIN unnest($1::text[], $2::bigint[]) AS d (path, n) ON d.path = o.path
     WHERE m.id = o.id AND (o.downloads > 0 OR d.n IS NOT NULL) AND m.downloads <> coalesce(d.n, 0)
     RETURNING m.id`,
    ...[[...downloads.keys()], [...downloads.values()]],
  );
  for (const { id } of rows) await settleIndex(session, Number(id), false);
}
