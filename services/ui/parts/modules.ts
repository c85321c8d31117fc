import type { ModuleSummary } from '../../ui-backend/schemas/common.ts';
import { counted, short, when } from '../format.ts';
import { type Html, html } from '../html.ts';
import { moduleLink } from '../links.ts';
import { path, tag } from './common.ts';

/** Modules with what decides between them. */
export const moduleList = (modules: readonly ModuleSummary[]): Html => html`
  <ol class="modules">${modules.map(moduleItem)}</ol>`;

const moduleItem = (module: ModuleSummary): Html => html`
  <li class="module">
    <h3><a href=${moduleLink(module.module)}>${path(module.module)}</a></h3>
    ${warnings(module)}
    ${module.synopsis !== '' && html`<p class="synopsis">${module.synopsis}</p>`}
    <ul class="meta">
      <li><span class="version">${module.newest}</span>${module.time && html` · ${when(module.time)}`}</li>
      <li>${module.licences.length > 0 ? module.licences.slice(0, 3).join(', ') : 'no licence found'}</li>
      <li>used by ${short(module.usedBy)}</li>
      ${module.downloads > 0 && html`<li>${short(module.downloads)} ${module.downloads === 1 ? 'download' : 'downloads'} a month</li>`}
      <li>${counted(module.versions, 'version')}</li>
      ${module.kinds.includes('command') && html`<li>command</li>`}
    </ul>
  </li>`;

const warnings = ({ vulnerabilities, deprecated, status }: ModuleSummary): Html => {
  if (vulnerabilities.length === 0 && deprecated === null && status === 'published') return null;
  return html`
    <p class="tags">
      ${status === 'rejected' && tag('rejected', 'bad')}
      ${status === 'missing' && tag('not found at its origin', 'warn')}
      ${vulnerabilities.length > 0 && tag(counted(vulnerabilities.length, 'vulnerability', 'vulnerabilities'), 'bad')}
      ${deprecated !== null && tag('deprecated', 'warn')}
    </p>`;
};
