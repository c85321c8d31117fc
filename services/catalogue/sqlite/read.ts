import type { DatabaseSync } from 'node:sqlite';
import { optional, parse, type Summary } from '../columns.ts';
import { checkLimit, readCursor, writeCursor } from '../cursor.ts';
import type {
  Counts,
  ModuleDetail,
  ModuleVersion,
  NewestPage,
  NewestQuery,
  Paging,
  UsedByPage,
  UsedByQuery,
  VersionDetail,
  VersionSummary,
  VulnerabilityDetail,
} from '../index.ts';
import { compareTotally } from '../newest.ts';
import {
  contentOf,
  detailed,
  knownOf,
  majorsOf,
  type Row,
  type RowTexts,
  summarizeModule,
  summarizer,
  vulnerabilityOf,
} from '../present.ts';
import { createSearch } from './search.ts';
import { createTexts } from './texts.ts';

/** What the services ask; each method is one of the port, without waiting. */
export function createReader(db: DatabaseSync) {
  const texts = createTexts(db);
  const moduleByPath = db.prepare('SELECT * FROM modules WHERE path = ?');
  const versionsOf = db.prepare('SELECT * FROM versions WHERE module = ?');
  const versionOf = db.prepare('SELECT * FROM versions WHERE module = ? AND version = ?');
  const family = db.prepare('SELECT path, newest, time, deprecated FROM modules WHERE family = ? AND versions > 0');
  const affectedOf = db.prepare('SELECT vulnerability, events FROM affected WHERE module = ? ORDER BY vulnerability');
  const entryOf = db.prepare('SELECT entry, findings FROM vulnerabilities WHERE id = ?');
  const entries = db.prepare(`
    SELECT id, modified, entry, findings FROM vulnerabilities
    WHERE affects = 1 AND (modified < ?1 OR (modified = ?1 AND id > ?2)) ORDER BY modified DESC, id LIMIT ?3`);
  const users = (where: string) =>
    db.prepare(`
      SELECT requirer, version, requires, indirect, current, counted, e.tier, m.used_by
      FROM edges e LEFT JOIN modules m ON m.path = e.requirer
      WHERE required = ?1 AND ${where}
        AND (?2 = '' OR requires = ?2)
        AND (counted < ?3 OR (counted = ?3 AND (e.tier < ?4 OR (e.tier = ?4 AND requirer > ?5))))
      ORDER BY counted DESC, e.tier DESC, requirer LIMIT ?6`);
  const directUsers = users('counted = 1');
  const allUsers = users('1');
  const countUsers = db.prepare(`
    SELECT count(*) AS n FROM edges WHERE required = ?1 AND (?2 = '' OR requires = ?2) AND (?3 OR counted = 1)`);
  const newestOf = db.prepare(`
    SELECT v.*, m.path FROM versions v JOIN modules m ON m.id = v.module
    WHERE v.status = ?1 AND v.at <= ?2 AND (v.at < ?2 OR v.module > ?3 OR (v.module = ?3 AND v.version > ?4))
    ORDER BY v.at DESC, v.module, v.version LIMIT ?5`);
  const list = db.prepare('SELECT path FROM modules WHERE path > ? ORDER BY path LIMIT ?');
  const counts = db.prepare('SELECT name, n FROM counts');
  const affecting = db.prepare('SELECT count(*) AS n FROM vulnerabilities WHERE affects = 1');
  const latest = db.prepare(`SELECT max(at) AS at FROM versions WHERE status = 'published'`);

  const eventsOf = (module: string) => affectedOf.all(module).map(knownOf);

  function vulnerability(id: string): VulnerabilityDetail | undefined {
    const row = entryOf.get(id);
    return row && vulnerabilityOf(row);
  }

  const details = (ids: readonly string[]) => ids.flatMap(id => vulnerability(id) ?? []);

  function textsOf(row: Row): RowTexts {
    const { go_mod, readme, packages, files } = row;
    const read = texts.read;
    return { goMod: read(go_mod), readme: read(readme), packages: read(packages), files: read(files) };
  }

  const familyOf = (module: Row) => family.all(module.family as string);
  const summaryOf = (row: Row) => summarizeModule(row, eventsOf(String(row.path)));
  const summarizerOf = (module: Row) => summarizer(module, eventsOf(String(module.path)));

  const modules = (paths: readonly string[]) =>
    paths.map(path => {
      const row = moduleByPath.get(path);
      return row && summaryOf(row);
    });

  return {
    ...createSearch(db, modules),
    modules,
    vulnerability,

    module(path: string): ModuleDetail | undefined {
      const module = moduleByPath.get(path);
      if (module === undefined) return undefined;
      const rows = versionsOf.all(module.id as number);
      const newest = rows.find(({ version }) => version === module.newest);
      const content = newest && contentOf(newest, textsOf(newest));
      const history = rows.map(summarizerOf(module)).sort((a, b) => compareTotally(b.version, a.version));
      const affecting = new Set(
        history.flatMap(({ status, vulnerabilities }) => (status === 'published' ? vulnerabilities : [])),
      );
      return {
        ...summaryOf(module),
        history,
        majors: majorsOf(familyOf(module)),
        firstSeen: optional(module.first_seen),
        readme: content?.readme,
        packages: content?.packages ?? [],
        goMod: content?.goMod,
        affected: details([...affecting].sort()),
      };
    },

    version(path: string, version: string): VersionDetail | undefined {
      const module = moduleByPath.get(path);
      if (module === undefined) return undefined;
      const row = versionOf.get(module.id as number, version);
      if (row === undefined) return undefined;
      const summary = summarizerOf(module)(row);
      return {
        ...detailed(summary, row, module, familyOf(module), textsOf(row)),
        affected: details(summary.vulnerabilities),
      };
    },

    versions(wanted: readonly ModuleVersion[]): (VersionSummary | undefined)[] {
      return wanted.map(({ module: path, version }) => {
        const module = moduleByPath.get(path);
        const row = module && versionOf.get(module.id as number, version);
        return module && row && summarizerOf(module)(row);
      });
    },

    usedBy({ module, version = '', all = false, limit, cursor }: UsedByQuery): UsedByPage {
      checkLimit(limit, 1000);
      const [counted, tier, after] =
        cursor === undefined ? [2, 0, ''] : readCursor(cursor, 'usedBy', ['number', 'number', 'string']);
      const statement = all ? allUsers : directUsers;
      const rows = statement.all(module, version, counted, tier, after, limit + 1);
      const items = rows.slice(0, limit).map(row => ({
        module: String(row.requirer),
        version: String(row.version),
        requires: String(row.requires),
        indirect: row.indirect === 1,
        current: row.current === 1,
        usedBy: Number(row.used_by ?? 0),
      }));
      const last = rows[limit - 1];
      const more = rows.length > limit && last !== undefined;
      return {
        items,
        total: Number(countUsers.get(module, version, Number(all))?.n),
        next: more
          ? writeCursor('usedBy', [Number(last.counted), Number(last.tier), String(last.requirer)])
          : undefined,
      };
    },

    newest({ status = 'published', limit, cursor }: NewestQuery): NewestPage {
      checkLimit(limit, 1000);
      const [at, id, version] =
        cursor === undefined ? ['~', 0, ''] : readCursor(cursor, 'newest', ['string', 'number', 'string']);
      const rows = newestOf.all(status, at, id, version, limit + 1);
      const items = rows.slice(0, limit).map(row => {
        const summary = row.summary === null ? undefined : parse<Summary>(row.summary);
        const module = moduleByPath.get(row.path as string) as Row;
        return { ...summarizerOf(module)(row), synopsis: summary?.synopsis ?? '' };
      });
      const last = rows[limit - 1];
      const more = rows.length > limit && last !== undefined;
      const place = more ? [String(last.at), Number(last.module), String(last.version)] : [];
      return { items, next: more ? writeCursor('newest', place) : undefined };
    },

    list({ after = '', limit }: { after?: string | undefined; limit: number }): string[] {
      checkLimit(limit, 10_000);
      return list.all(after, limit).map(({ path }) => String(path));
    },

    vulnerabilities({ limit, cursor }: Paging) {
      checkLimit(limit, 1000);
      const [modified, id] =
        cursor === undefined ? ['~', ''] : readCursor(cursor, 'vulnerabilities', ['string', 'string']);
      const rows = entries.all(modified, id, limit + 1);
      const last = rows[limit - 1];
      const more = rows.length > limit && last !== undefined;
      return {
        items: rows.slice(0, limit).map(vulnerabilityOf),
        next: more ? writeCursor('vulnerabilities', [String(last.modified), String(last.id)]) : undefined,
      };
    },

    counts(): Counts {
      const known = new Map(counts.all().map(({ name, n }) => [String(name), Number(n)]));
      const of = (name: string) => known.get(name) ?? 0;
      return {
        modules: of('modules'),
        published: of('published'),
        rejected: of('rejected'),
        missing: of('missing'),
        requirements: of('requirements'),
        vulnerabilities: Number(affecting.get()?.n),
        newest: optional(latest.get()?.at),
      };
    },
  };
}

export type Reader = ReturnType<typeof createReader>;
