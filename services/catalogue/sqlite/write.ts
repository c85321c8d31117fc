import type { DatabaseSync } from 'node:sqlite';
import { type Detail, detailOf, parse, type Summary, summaryOf, textOrNull } from '../columns.ts';
import type { VersionFacts } from '../facts.ts';
import type { Finding, ModuleVersion, Vulnerability } from '../index.ts';
import { highest, newest } from '../newest.ts';
import { pathHash } from '../rank.ts';
import { familyOf } from '../summarize.ts';
import { transaction } from './database.ts';
import { createEdges } from './edges.ts';
import { createIndexes } from './indexes.ts';
import { createTexts } from './texts.ts';
import { createVulnerabilities } from './vulnerabilities.ts';

export interface Writer {
  put(versions: readonly VersionFacts[]): void;
  remove(versions: readonly ModuleVersion[]): void;
  setDownloads(downloads: ReadonlyMap<string, number>): void;
  setVulnerabilities(entries: readonly Vulnerability[]): Finding[];
  markTold(findings: readonly Finding[]): void;
}

interface Module {
  id: number;
  path: string;
  newest: string;
  highest: string;
}

/** What is written, each call as one transaction. */
export function createWriter(db: DatabaseSync): Writer {
  const texts = createTexts(db);
  const edges = createEdges(db);
  const indexes = createIndexes(db, texts);
  const vulnerabilities = createVulnerabilities(db);
  const findModule = db.prepare('SELECT id, path, newest, highest FROM modules WHERE path = ?');
  const isTaken = db.prepare('SELECT 1 FROM modules WHERE id = ?');
  const addModule = db.prepare(`
    INSERT INTO modules (id, path, family, newest, highest, status, synopsis, licences, kinds, deprecated, retractions,
      versions, used_by, tier)
    VALUES (?, ?, ?, '', '', '', '', '[]', '[]', '', '[]', 0, ?, 0)`);
  const setModule = db.prepare(`
    UPDATE modules SET newest = ?, highest = ?, status = ?, time = ?, synopsis = ?, licences = ?, kinds = ?,
      deprecated = ?, retractions = ?, versions = ?, first_seen = ? WHERE id = ?`);
  const deleteModule = db.prepare('DELETE FROM modules WHERE id = ?');
  const addUse = db.prepare('UPDATE modules SET used_by = used_by + ? WHERE path = ? RETURNING id');
  const findVersion = db.prepare('SELECT status, summary FROM versions WHERE module = ? AND version = ?');
  const setVersion = db.prepare(`
    INSERT INTO versions (module, version, status, at, reasons, summary, detail, go_mod, readme, packages, files)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
    ON CONFLICT DO UPDATE SET status = ?3, at = ?4, reasons = ?5, summary = ?6, detail = ?7, go_mod = ?8, readme = ?9,
      packages = ?10, files = ?11`);
  const deleteVersion = db.prepare('DELETE FROM versions WHERE module = ? AND version = ? RETURNING status');
  const allVersions = db.prepare('SELECT version, status, at FROM versions WHERE module = ?');
  const oneVersion = db.prepare('SELECT summary, detail FROM versions WHERE module = ? AND version = ?');
  const addCount = db.prepare('INSERT INTO counts VALUES (?1, ?2) ON CONFLICT DO UPDATE SET n = n + ?2');
  const resetDownloads = db.prepare('UPDATE modules SET downloads = ? WHERE path = ? AND downloads <> ? RETURNING id');
  const downloaded = db.prepare('SELECT id, path FROM modules WHERE downloads > 0');

  const count = (name: string, change: number) => {
    if (change !== 0) addCount.run(name, change);
  };

  function newModule(path: string): Module {
    let id = pathHash(path);
    while (isTaken.get(id) !== undefined) id = (id + 1) % 2 ** 46; // never yet seen
    addModule.run(id, path, familyOf(path), edges.count(path));
    count('modules', 1);
    return { id, path, newest: '', highest: '' };
  }

  /** Says whether it replaces a published version that had other requirements. */
  function writeVersion(id: number, facts: VersionFacts): boolean {
    const { content } = facts;
    const before = findVersion.get(id, facts.version);
    const summary = content === undefined ? undefined : summaryOf({ ...facts, content });
    setVersion.run(
      id,
      facts.version,
      facts.status,
      facts.at,
      JSON.stringify(facts.reasons),
      textOrNull(summary),
      textOrNull(content && detailOf(content)),
      content === undefined ? null : texts.keep(content.goModText),
      content?.readme === undefined ? null : texts.keep(content.readme.text),
      content === undefined ? null : texts.keep(JSON.stringify(content.packages)),
      content === undefined ? null : texts.keep(JSON.stringify(content.files)),
    );
    if (before?.status !== facts.status) {
      count(facts.status, 1);
      if (before !== undefined) count(String(before.status), -1);
    }
    if (before?.status !== 'published') return false;
    const old = before.summary === null ? undefined : parse<Summary>(before.summary);
    return JSON.stringify(old?.requirements) !== JSON.stringify(summary?.requirements);
  }

  const read = <T>(id: number, version: string | undefined, column: 'summary' | 'detail'): T | undefined => {
    const found = version === undefined ? undefined : oneVersion.get(id, version)?.[column];
    return typeof found === 'string' ? parse<T>(found) : undefined;
  };

  /** All that follows for a module from its versions. Removes it when there are none. */
  function settleModule(before: Module, added: readonly VersionFacts[], replaced: boolean): boolean {
    const { id, path } = before;
    const all = allVersions.all(id) as { version: string; status: string; at: string }[];
    const published = all.filter(({ status }) => status === 'published');
    const names = published.map(({ version }) => version);
    const top = highest(names);
    const { retractions = [], deprecated = '' } = read<Detail>(id, top, 'detail')?.goMod ?? {};
    const chosen = newest(names, retractions);

    const fast = !replaced && chosen === top && before.newest === before.highest;
    if (fast && chosen !== undefined) {
      const contents = added.flatMap(facts => {
        const { content } = facts;
        return facts.status === 'published' && content !== undefined
          ? [[facts.version, summaryOf({ ...facts, content })] as const]
          : [];
      });
      edges.add(path, contents, chosen);
    } else if (!fast) {
      edges.rebuild(id, path, chosen);
    }
    if (all.length === 0) {
      indexes.drop(id);
      deleteModule.run(id);
      count('modules', -1);
      return false;
    }
    const shown = chosen ?? highest(all.map(({ version }) => version)) ?? '';
    const status = all.find(({ version }) => version === shown)?.status ?? '';
    const summary = read<Summary>(id, chosen, 'summary');
    const firstSeen = published.reduce<string | null>(
      (first, { at }) => (first === null || at < first ? at : first),
      null,
    );
    const time = summary?.time ?? published.find(({ version }) => version === chosen)?.at ?? null;
    setModule.run(
      ...[shown, top ?? shown, status, time, summary?.synopsis ?? '', JSON.stringify(summary?.licences ?? [])],
      ...[JSON.stringify(summary?.kinds ?? []), deprecated, JSON.stringify(retractions), published.length],
      ...[firstSeen, id],
    );
    return true;
  }

  /** Changes of use and rank that the writes have led to, and the indexes. */
  function settle(changed: Set<number>, created: Set<string>): void {
    const touched = new Map([...changed].map(id => [id, true]));
    let total = 0;
    for (const [path, change] of edges.takeChanges()) {
      total += change;
      if (created.has(path) || change === 0) continue; // counted below
      const id = addUse.get(change, path)?.id;
      if (id !== undefined && !touched.has(Number(id))) touched.set(Number(id), false);
    }
    for (const path of created)
      db.prepare('UPDATE modules SET used_by = ? WHERE path = ?').run(edges.count(path), path);
    count('requirements', total);
    for (const [id, words] of touched) indexes.settle(id, words);
  }

  /** Writes what belongs to each module, then what follows for it. */
  function write<T extends ModuleVersion>(items: readonly T[], each: (module: Module, items: readonly T[]) => boolean) {
    const groups = Map.groupBy(items, ({ module }) => module);
    const changed = new Set<number>();
    const created = new Set<string>();
    for (const [path, group] of groups) {
      let module = findModule.get(path) as Module | undefined;
      if (module === undefined) {
        module = newModule(path);
        created.add(path);
      }
      const last = new Map(group.map(item => [item.version, item]));
      if (each(module, [...last.values()])) changed.add(module.id);
    }
    settle(changed, created);
    vulnerabilities.refresh(groups.keys());
  }

  return {
    put: versions =>
      transaction(db, () =>
        write(versions, (module, group) => {
          const replaced = group.map(facts => writeVersion(module.id, facts));
          return settleModule(module, group, replaced.includes(true));
        }),
      ),

    remove: versions =>
      transaction(db, () => {
        const known = versions.filter(({ module }) => findModule.get(module) !== undefined);
        write(known, (module, group) => {
          for (const { version } of group) {
            const status = deleteVersion.get(module.id, version)?.status;
            if (status !== undefined) count(String(status), -1);
          }
          return settleModule(module, [], true);
        });
      }),

    setDownloads: downloads =>
      transaction(db, () => {
        const gone = downloaded.all().filter(({ path }) => !downloads.has(String(path)));
        const changes = new Map([...gone.map(({ path }) => [String(path), 0] as const), ...downloads]);
        for (const [path, n] of changes) {
          const id = resetDownloads.get(n, path, n)?.id;
          if (id !== undefined) indexes.settle(Number(id), false);
        }
      }),

    setVulnerabilities: entries => transaction(db, () => vulnerabilities.replace(entries)),
    markTold: findings => transaction(db, () => vulnerabilities.markTold(findings)),
  };
}
