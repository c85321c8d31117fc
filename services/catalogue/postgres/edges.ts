import { parse, type Summary } from '../columns.ts';
import { type Edge, mergeEdges } from '../edges.ts';
import type { Session } from './session.ts';

/** By how much counts of users change. */
export type Changes = Map<string, number>;

/**
 * What a module requires, from all its published versions; `newest` is the newest of them now. An edge is of that one if
 * it requires the other, else of the highest that does; direct edges of the newest are counted as use.
 */
export async function rebuildEdges(
  session: Session,
  changes: Changes,
  module: { id: number; path: string },
  newest: string | undefined,
): Promise<void> {
  const rows = await session.all(
    `SELECT version, summary FROM versions WHERE module = $1 AND status = 'published' AND summary IS NOT NULL`,
    module.id,
  );
  const after = new Map<string, Edge>();
  for (const { version, summary } of rows) mergeEdges(after, String(version), parse<Summary>(summary), newest);
  await write(session, changes, module.path, after, newest);
}

/** The same, when no more has happened than that versions were added. */
export async function addEdges(
  session: Session,
  changes: Changes,
  path: string,
  added: readonly (readonly [version: string, summary: Summary])[],
  newest: string,
): Promise<void> {
  const before = await read(session, path);
  const after = new Map<string, Edge>(before);
  for (const [version, summary] of added) mergeEdges(after, version, summary, newest);
  await write(session, changes, path, after, newest, before);
}

export async function countUsers(session: Session, path: string): Promise<number> {
  const sql = 'SELECT count(*) AS n FROM edges WHERE required = $1 AND counted = 1';
  return Number((await session.get(sql, path))?.n);
}

type Kept = Edge & { current: boolean };

async function read(session: Session, path: string): Promise<Map<string, Kept>> {
  const rows = await session.all(
    'SELECT required, version, requires, indirect, current FROM edges WHERE requirer = $1',
    path,
  );
  return new Map(
    rows.map(({ required, version, requires, indirect, current }) => [
      String(required),
      {
        version: String(version),
        requires: String(requires),
        indirect: indirect === true,
        current: current === true,
      },
    ]),
  );
}

async function write(
  session: Session,
  changes: Changes,
  path: string,
  after: Map<string, Edge>,
  newest: string | undefined,
  known?: Map<string, Kept>,
): Promise<void> {
  const before = known ?? (await read(session, path));
  const count = (edge: Kept | undefined) => Number(edge?.current === true && !edge.indirect);
  const change = (required: string, by: number) => {
    if (by !== 0) changes.set(required, (changes.get(required) ?? 0) + by);
  };
  const gone = [...before.keys()].filter(required => !after.has(required));
  for (const required of gone) change(required, -count(before.get(required)));
  if (gone.length > 0) {
    await session.all('DELETE FROM edges WHERE requirer = $1 AND required = ANY($2::text[])', path, gone);
  }
  const changed: { required: string; edge: Kept }[] = [];
  for (const [required, { version, requires, indirect }] of after) {
    const old = before.get(required);
    const edge = { version, requires, indirect, current: version === newest };
    if (old !== undefined && same(old, edge)) continue;
    changed.push({ required, edge });
    change(required, count(edge) - count(old));
  }
  if (changed.length === 0) return;
  await session.all(
    `INSERT INTO edges (required, requirer, version, requires, indirect, current, tier)
     SELECT e.required, $1, e.version, e.requires, e.indirect, e.current,
       coalesce((SELECT tier FROM modules WHERE path = $1), 0)
     FROM unnest($2::text[], $3::text[], $4::text[], $5::boolean[], $6::boolean[])
       AS e (required, version, requires, indirect, current)
     ON CONFLICT (required, requirer) DO UPDATE SET version = excluded.version, requires = excluded.requires,
       indirect = excluded.indirect, current = excluded.current`,
    path,
    changed.map(({ required }) => required),
    changed.map(({ edge }) => edge.version),
    changed.map(({ edge }) => edge.requires),
    changed.map(({ edge }) => edge.indirect),
    changed.map(({ edge }) => edge.current),
  );
}

const same = (a: Kept, b: Kept) =>
  a.version === b.version && a.requires === b.requires && a.indirect === b.indirect && a.current === b.current;
