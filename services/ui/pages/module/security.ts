import type { Answer } from '../../../ui-backend/endpoints.ts';
import { when } from '../../format.ts';
import { type Html, html } from '../../html.ts';
import { moduleLink, webAddress } from '../../links.ts';
import { empty, facts } from '../../parts/common.ts';
import { outLink } from './header.ts';
import { asked, type Tab, tabLink } from './tab.ts';

type Vulnerability = Answer<'vulnerabilities'>['items'][number];

/** More than this of a text is cut. */
const maxDetails = 4000;

export const securityTab: Tab = async (visit, subject) => {
  const { module } = subject.module;
  const every = visit.query.get('all') === '1';
  const { items, database } = await visit.api.vulnerabilities(every ? { module } : asked(subject), visit.caller);
  const filter = html`
    <nav class="chips" aria-label="Which">
      <a href=${tabLink(subject, 'security')} aria-current=${every ? undefined : 'true'}>in ${subject.version.version}</a>
      <a href=${tabLink(subject, 'security', { all: '1' })} aria-current=${every ? 'true' : undefined}>in any version here</a>
    </nav>`;
  return html`
    <div>
      ${filter}
      ${
        items.length === 0
          ? none(database, every ? 'in the versions kept here' : 'in this version')
          : items.map(item => card(module, item))
      }
    </div>`;
};

const none = (database: boolean, where: string): Html =>
  database
    ? empty('No known vulnerability', html`<p>The vulnerability database names none ${where}.</p>`)
    : empty(
        'Vulnerabilities are not looked for',
        html`<p>This repository reads no vulnerability database; its operator can name one.</p>`,
      );

const card = (module: string, item: Vulnerability): Html => html`
  <section class="card vulnerability" id=${item.id}>
    <h2>${item.summary || item.id}</h2>
    <p class="quiet-text">${[item.id, ...item.aliases].join(' · ')}</p>
    ${facts([
      [
        'Fixed in',
        item.fixed === null
          ? 'no version yet'
          : html`<a class="version" href=${moduleLink(module, item.fixed)}>${item.fixed}</a>`,
      ],
      ['Affected', item.ranges.map(range).join('; ') || 'all versions'],
      ['Published', when(item.published)],
    ])}
    ${item.details !== '' && html`<div class="plain-text">${paragraphs(item.details)}</div>`}
    ${
      item.packages.length > 0 &&
      html`<details>
        <summary>Affected packages and symbols</summary>
        <ul>
          ${item.packages
            .slice(0, 50)
            .map(
              ({ path, symbols }) =>
                html`<li><code>${path}</code>${symbols.length > 0 && `: ${symbols.slice(0, 50).join(', ')}`}</li>`,
            )}
        </ul>
      </details>`
    }
    ${
      item.versions.length > 0 &&
      html`<details>
        <summary>Affected versions here (${item.versions.length})</summary>
        <p class="version-links">${item.versions.map(version => html`<a class="version" href=${moduleLink(module, version)}>${version}</a> `)}</p>
      </details>`
    }
    ${links(item)}
  </section>`;

const range = ({ introduced, fixed }: Vulnerability['ranges'][number]): string =>
  introduced === null
    ? `${fixed === null ? 'all versions' : `all before ${fixed}`}`
    : `from ${introduced} on${fixed === null ? '' : `, before ${fixed}`}`;

const paragraphs = (text: string): Html =>
  text
    .slice(0, maxDetails)
    .split(/\n{2,}/)
    .map(part => html`<p>${part}</p>`);

function links({ references }: Vulnerability): Html {
  const good = references.flatMap(({ type, url }) => {
    const address = webAddress(url);
    return address === undefined ? [] : [{ type, address }];
  });
  return (
    good.length > 0 &&
    html`<ul class="bare references">
      ${good
        .slice(0, 10)
        .map(
          ({ type, address }) =>
            html`<li><span class="quiet-text">${type.toLowerCase()}</span> ${outLink(address, address.replace(/^https?:\/\//, ''))}</li>`,
        )}
    </ul>`
  );
}
