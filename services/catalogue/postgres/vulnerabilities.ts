import { affectedHere, eventsByModule, type Here } from '../affects.ts';
import { parse } from '../columns.ts';
import type { Affected, Finding, Vulnerability } from '../index.ts';
import type { Session } from './session.ts';

/** What is known of vulnerabilities, and which published versions they affect. */

async function find(session: Session, module: string, events: Affected['events']): Promise<Here | undefined> {
  const rows = await session.all(
    `SELECT v.version FROM modules m JOIN versions v ON v.module = m.id WHERE m.path = $1 AND v.status = 'published'`,
    module,
  );
  return affectedHere(
    module,
    rows.map(({ version }) => String(version)),
    events,
  );
}

/** After versions of these modules have come or gone. */
export async function refreshFindings(session: Session, modules: readonly string[]): Promise<void> {
  const rows = await session.all(
    `SELECT a.module, a.events, a.vulnerability FROM affected a WHERE a.module = ANY($1::text[])
     ORDER BY a.module, a.vulnerability`,
    modules,
  );
  for (const { module, events, vulnerability } of rows) {
    const row = await session.get('SELECT findings FROM vulnerabilities WHERE id = $1', vulnerability);
    const others = parse<Here[]>(row?.findings ?? '[]').filter(finding => finding.module !== module);
    const found = await find(session, String(module), parse(events));
    const findings = found === undefined ? others : [...others, found];
    findings.sort((a, b) => (a.module < b.module ? -1 : 1));
    await session.all(
      'UPDATE vulnerabilities SET findings = $1 WHERE id = $2',
      JSON.stringify(findings),
      vulnerability,
    );
  }
}

export async function replaceVulnerabilities(session: Session, entries: readonly Vulnerability[]): Promise<Finding[]> {
  const news: Finding[] = [];
  const published = new Set(
    (await session.all('SELECT path FROM modules WHERE versions > 0')).map(({ path }) => String(path)),
  );
  await session.all('DELETE FROM affected');
  for (const entry of entries) {
    const { id, summary, modified } = entry;
    const findings: Here[] = [];
    for (const [module, events] of [...eventsByModule(entry)].sort(([a], [b]) => (a < b ? -1 : 1))) {
      await session.all('INSERT INTO affected VALUES ($1, $2, $3)', module, id, JSON.stringify(events));
      const found = published.has(module) ? await find(session, module, events) : undefined;
      if (found === undefined) continue;
      findings.push(found);
      const told = await session.get('SELECT versions FROM told WHERE vulnerability = $1 AND module = $2', id, module);
      const before = parse<string[]>(told?.versions ?? '[]');
      if (found.versions.some(version => !before.includes(version))) news.push({ id, summary, ...found });
    }
    await session.all(
      `INSERT INTO vulnerabilities (id, modified, entry, findings) VALUES ($1, $2, $3, $4)
       ON CONFLICT (id) DO UPDATE SET modified = $2, entry = $3, findings = $4`,
      ...[id, modified, JSON.stringify(entry), JSON.stringify(findings)],
    );
  }
  await session.all(
    'DELETE FROM vulnerabilities WHERE id <> ALL($1::text[])',
    entries.map(({ id }) => id),
  );
  return news;
}

export async function markTold(session: Session, findings: readonly Finding[]): Promise<void> {
  for (const { id, module, versions } of findings) {
    await session.all(
      'INSERT INTO told VALUES ($1, $2, $3) ON CONFLICT (vulnerability, module) DO UPDATE SET versions = $3',
      ...[id, module, JSON.stringify(versions)],
    );
  }
}
