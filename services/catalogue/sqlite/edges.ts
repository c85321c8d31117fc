import type { DatabaseSync } from 'node:sqlite';
import { parse, type Summary } from '../columns.ts';
import { type Edge, mergeEdges as merge } from '../edges.ts';

export interface Edges {
  /** Takes in what versions require. `newest` and `highest` are those of the module now. */
  add(path: string, versions: readonly (readonly [version: string, summary: Summary])[], newest: string): void;
  /** The same from all versions kept of the module. */
  rebuild(id: number, path: string, newest: string | undefined): void;
  /** Since the last call: by how much counts of users have changed. */
  takeChanges(): Map<string, number>;
  count(path: string): number;
}

/**
 * An edge is of the module's newest version if that requires the other, else of the highest that does. Of the edges
 * of newest versions, the direct ones are counted as use.
 */
export function createEdges(db: DatabaseSync): Edges {
  const select = db.prepare('SELECT required, version, requires, indirect, current FROM edges WHERE requirer = ?');
  const upsert = db.prepare(`
    INSERT INTO edges (required, requirer, version, requires, indirect, current, tier)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, coalesce((SELECT tier FROM modules WHERE path = ?2), 0))
    ON CONFLICT DO UPDATE SET version = ?3, requires = ?4, indirect = ?5, current = ?6`);
  const remove = db.prepare('DELETE FROM edges WHERE required = ? AND requirer = ?');
  const counted = db.prepare('SELECT count(*) AS n FROM edges WHERE required = ? AND counted = 1');
  const summaries = db.prepare(
    `SELECT version, summary FROM versions WHERE module = ? AND status = 'published' AND summary IS NOT NULL`,
  );
  let changes = new Map<string, number>();

  function write(
    path: string,
    before: Map<string, Edge & { current: boolean }>,
    after: Map<string, Edge>,
    newest?: string,
  ) {
    for (const [required, { indirect, current }] of before) {
      if (after.has(required)) continue;
      remove.run(required, path);
      if (current && !indirect) changes.set(required, (changes.get(required) ?? 0) - 1);
    }
    for (const [required, edge] of after) {
      const old = before.get(required);
      const current = edge.version === newest;
      const { version, requires, indirect } = edge;
      if (
        old?.version === version &&
        old.requires === requires &&
        old.indirect === indirect &&
        old.current === current
      ) {
        continue;
      }
      upsert.run(required, path, version, requires, Number(indirect), Number(current));
      const counted = (edge: typeof old) => Number(edge?.current === true && !edge.indirect);
      const change = counted({ ...edge, current }) - counted(old);
      if (change !== 0) changes.set(required, (changes.get(required) ?? 0) + change);
    }
  }

  function read(path: string) {
    return new Map(
      select.all(path).map(row => {
        const { required, version, requires, indirect, current } = row as Record<string, string | number>;
        const flags = { indirect: indirect === 1, current: current === 1 };
        return [String(required), { version: String(version), requires: String(requires), ...flags }];
      }),
    );
  }

  return {
    add(path, versions, newest) {
      const before = read(path);
      const after = new Map<string, Edge>(before);
      for (const [version, summary] of versions) merge(after, version, summary, newest);
      write(path, before, after, newest);
    },
    rebuild(id, path, newest) {
      const after = new Map<string, Edge>();
      for (const { version, summary } of summaries.iterate(id)) {
        merge(after, String(version), parse<Summary>(summary), newest);
      }
      write(path, read(path), after, newest);
    },
    takeChanges() {
      const taken = changes;
      changes = new Map();
      return taken;
    },
    count: path => Number(counted.get(path)?.n),
  };
}
