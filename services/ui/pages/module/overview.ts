import type { Answer } from '../../../ui-backend/endpoints.ts';
import { bytes, count, counted, when } from '../../format.ts';
import { type Html, html, safe } from '../../html.ts';
import { moduleLink, watchLink } from '../../links.ts';
import { empty, facts, licenceTags, path } from '../../parts/common.ts';
import { outLink } from './header.ts';
import { asked, type Subject, type Tab, tabLink } from './tab.ts';

export const overviewTab: Tab = async (visit, subject) => {
  const readme = await visit.api.readme(asked(subject), visit.caller);
  return html`
    <div class="with-aside">
      <section class="readme-box" aria-label="README">${await readmeOf(visit.readmes, readme, subject)}</section>
      ${aside(subject)}
    </div>`;
};

async function readmeOf(
  readmes: { render(readme: { file: string; text: string; base: string | undefined }): Promise<string> },
  readme: Answer<'readme'>,
  { module, version }: Subject,
): Promise<Html> {
  if (version.unreadable !== null) {
    return empty('Nothing of its content is shown', html`<p>Its zip can’t be read here.</p>`);
  }
  if (readme.file === null) return empty('No README', html`<p>This version has none at its root.</p>`);
  const markup = await readmes.render({
    file: readme.file,
    text: readme.text,
    base: sourceOf(module.repository, version.version),
  });
  return html`
    <p class="file-name">${readme.file}</p>
    ${safe('div', { class: 'readme' }, markup)}
    ${readme.truncated && html`<p class="quiet-text">The README is longer; this is its beginning.</p>`}`;
}

/** Where relative links of a README lead: its tree at the forge, as github.com and gitlab.com name it. */
function sourceOf(repository: string | null, version: string): string | undefined {
  if (repository === null || !/^https:\/\/(github\.com|gitlab\.com|gitee\.com)\//.test(repository)) return undefined;
  const commit = /-(?:0\.)?\d{14}-([0-9a-f]{12})$/.exec(version)?.[1];
  return `${repository}/blob/${commit ?? version.replace(/\+incompatible$/, '')}/`;
}

function aside(subject: Subject): Html {
  const { module, version } = subject;
  return html`
    <aside class="aside" aria-label="Facts">
      ${facts([
        version.unreadable === null && ['Licence', html`<span class="tags">${licenceTags(version.licences)}</span>`],
        ['Published here', when(version.at)],
        version.time !== null && ['Committed', when(version.time)],
        ['Used by', html`<a href=${tabLink(subject, 'used-by')}>${count(module.usedBy)} here</a>`],
        [
          subject.named === undefined ? 'Downloads in 30 days' : 'Downloads in 30 days, all versions',
          html`<a href=${tabLink(subject, 'downloads')}>${count(module.downloads)}</a>`,
        ],
        module.repository !== null && ['Repository', outLink(module.repository, shortAddress(module.repository))],
        version.go !== null && ['Go', `${version.go} or newer`],
        version.zipSize !== null &&
          version.unreadable === null && [
            'Size',
            `${bytes(version.zipSize)} zipped, ${counted(version.files, 'file')}`,
          ],
        ['Checks', html`<a href=${tabLink(subject, 'checks')}>${checksWord(version)}</a>`],
        module.firstSeen !== null && ['First seen here', when(module.firstSeen)],
      ])}
      ${
        module.majors.length > 1 &&
        html`
          <h2>Major versions</h2>
          <ul class="bare majors">
            ${module.majors.map(
              major => html`
                <li>
                  <a href=${moduleLink(major.module)} aria-current=${major.module === module.module ? 'true' : undefined}>${path(major.module)}</a>
                  <span class="version">${major.newest}</span>
                </li>`,
            )}
          </ul>`
      }
      <h2>Badge</h2>
      <p><img src=${`/badge/${module.module}.svg`} alt=${`Badge: ${module.newest} is kept here`} height="20" /></p>
      <h2>Be told of changes</h2>
      <ul class="bare">
        <li><a href=${watchLink({ module: module.module })}>Watch by webhook or Slack</a></li>
        <li><a href=${`/feeds/${module.module}.atom`}>Atom feed of its versions</a></li>
      </ul>
    </aside>`;
}

const checksWord = ({ provenance }: Answer<'version'>): string => {
  if (provenance === null) return 'no record';
  return provenance.checksumDatabase === null ? 'rules passed' : 'in the checksum database';
};

const shortAddress = (address: string): Html => path(address.replace(/^https:\/\//, ''));
