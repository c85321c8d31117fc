import type { DatabaseSync } from 'node:sqlite';
import { affectedHere, eventsByModule, type Here } from '../affects.ts';
import { parse } from '../columns.ts';
import type { Affected, Finding, Vulnerability } from '../index.ts';

/** What is known of vulnerabilities, and which published versions they affect. */
export function createVulnerabilities(db: DatabaseSync) {
  const all = db.prepare('SELECT id FROM vulnerabilities');
  const told = db.prepare('SELECT versions FROM told WHERE vulnerability = ? AND module = ?');
  const setTold = db.prepare(`
    INSERT INTO told VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET versions = ?3`);
  const select = db.prepare('SELECT findings FROM vulnerabilities WHERE id = ?');
  const upsert = db.prepare(`
    INSERT INTO vulnerabilities (id, modified, entry, findings) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET modified = ?2, entry = ?3, findings = ?4`);
  const setFindings = db.prepare('UPDATE vulnerabilities SET findings = ? WHERE id = ?');
  const remove = db.prepare('DELETE FROM vulnerabilities WHERE id = ?');
  const removeAffected = db.prepare('DELETE FROM affected');
  const addAffected = db.prepare('INSERT INTO affected VALUES (?, ?, ?)');
  const ofModule = db.prepare('SELECT vulnerability, events FROM affected WHERE module = ?');
  const published = db.prepare(`
    SELECT v.version FROM modules m JOIN versions v ON v.module = m.id WHERE m.path = ? AND v.status = 'published'`);

  function find(module: string, events: Affected['events']): Here | undefined {
    const versions = published.all(module).map(({ version }) => String(version));
    return affectedHere(module, versions, events);
  }

  return {
    /** After versions of these modules have come or gone. */
    refresh(modules: Iterable<string>): void {
      for (const module of modules) {
        for (const { vulnerability, events } of ofModule.all(module)) {
          const row = select.get(vulnerability as string);
          const others = parse<Here[]>(row?.findings ?? '[]').filter(finding => finding.module !== module);
          const found = find(module, parse(events));
          const findings = found === undefined ? others : [...others, found];
          findings.sort((a, b) => (a.module < b.module ? -1 : 1));
          setFindings.run(JSON.stringify(findings), vulnerability as string);
        }
      }
    },

    replace(entries: readonly Vulnerability[]): Finding[] {
      const known = new Set(all.all().map(({ id }) => String(id)));
      const news: Finding[] = [];
      removeAffected.run();
      for (const entry of entries) {
        const { id, summary, modified } = entry;
        known.delete(id);
        const findings: Here[] = [];
        for (const [module, events] of [...eventsByModule(entry)].sort(([a], [b]) => (a < b ? -1 : 1))) {
          addAffected.run(module, id, JSON.stringify(events));
          const found = find(module, events);
          if (found === undefined) continue;
          findings.push(found);
          const before = parse<string[]>(told.get(id, module)?.versions ?? '[]');
          if (found.versions.some(version => !before.includes(version))) news.push({ id, summary, ...found });
        }
        upsert.run(id, modified, JSON.stringify(entry), JSON.stringify(findings));
      }
      for (const id of known) remove.run(id);
      return news;
    },

    markTold(findings: readonly Finding[]): void {
      for (const { id, module, versions } of findings) setTold.run(id, module, JSON.stringify(versions));
    },
  };
}
