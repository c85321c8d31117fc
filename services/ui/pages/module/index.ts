import { html } from '../../html.ts';
import type { Page } from '../../page.ts';
import type { Visit } from '../../visit.ts';
import { checksTab } from './checks.ts';
import { downloadsTab } from './downloads.ts';
import { goModTab } from './go-mod.ts';
import { moduleHeader, tabBar } from './header.ts';
import { overviewTab } from './overview.ts';
import { packagesTab } from './packages.ts';
import { requirementsTab } from './requirements.ts';
import { securityTab } from './security.ts';
import type { Subject, Tab, TabName } from './tab.ts';
import { tabNames } from './tab.ts';
import { usedByTab } from './used-by.ts';
import { versionsTab } from './versions.ts';

const tabs: Record<TabName, Tab> = {
  overview: overviewTab,
  versions: versionsTab,
  packages: packagesTab,
  requirements: requirementsTab,
  'used-by': usedByTab,
  downloads: downloadsTab,
  security: securityTab,
  checks: checksTab,
  'go-mod': goModTab,
};
/** What a version that is not published has. */
const withoutContent = new Set<TabName>(['versions', 'used-by', 'security', 'checks']);

/** A module's page, or one of a version's. Throws `not-found`. */
export async function modulePage(visit: Visit, path: string, named: string | undefined): Promise<Page> {
  const [module, version] = await Promise.all([
    visit.api.module({ module: path }, visit.caller),
    visit.api.version({ module: path, version: named }, visit.caller),
  ]);
  const subject: Subject = { module, version, named };
  const isPublished = version.status === 'published';
  const names = (Object.keys(tabNames) as TabName[]).filter(name => isPublished || withoutContent.has(name));
  const name = names.find(name => name === visit.query.get('tab')) ?? names[0] ?? 'overview';
  const shown = isPublished || visit.query.has('tab') ? name : 'checks';
  const content = await tabs[shown](visit, subject);
  const title = named === undefined ? path : `${path}@${named}`;
  return {
    title: shown === 'overview' ? title : `${tabNames[shown]} of ${title}`,
    description: version.synopsis || module.synopsis || `The Go module ${path}: versions, requirements, checks.`,
    feed: `/feeds/${path}.atom`,
    body: html`
      <article>
        ${moduleHeader(subject)}
        ${tabBar(subject, names, shown)}
        <div class="tab-content">${content}</div>
      </article>`,
  };
}
