import type { Answer } from '../../../ui-backend/endpoints.ts';
import type { Html } from '../../html.ts';
import { moduleLink, withQuery } from '../../links.ts';
import type { Visit } from '../../visit.ts';

/** What a module's page is about: a module by its newest version, or one version. */
export interface Subject {
  module: Answer<'module'>;
  version: Answer<'version'>;
  /** The version that the address names; undefined on the module's own page. */
  named: string | undefined;
}

/** The content of a tab. What it asks of the API is its own. */
export type Tab = (visit: Visit, subject: Subject) => Promise<Html>;

export const tabNames = {
  overview: 'Overview',
  versions: 'Versions',
  packages: 'Packages',
  requirements: 'Requirements',
  'used-by': 'Used by',
  downloads: 'Downloads',
  security: 'Security',
  checks: 'Checks',
  'go-mod': 'go.mod',
} as const;
export type TabName = keyof typeof tabNames;

/** What the API takes for the version that is shown. */
export const asked = ({ module, version }: Subject) => ({ module: module.module, version: version.version });

/** A page of the same subject. */
export const tabLink = ({ module, named }: Subject, tab: TabName, query: Record<string, string | undefined> = {}) =>
  withQuery(moduleLink(module.module, named), { tab: tab === 'overview' ? undefined : tab, ...query });
