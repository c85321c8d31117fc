import type { Answer } from '../../../ui-backend/endpoints.ts';
import { bytes, count, when } from '../../format.ts';
import { type Html, html } from '../../html.ts';
import { moduleLink } from '../../links.ts';
import { column, empty, number, pager, tableOf, tag } from '../../parts/common.ts';
import { choice, text } from '../../visit.ts';
import { statusWord } from './header.ts';
import { type Tab, tabLink } from './tab.ts';

const statuses = ['published', 'rejected', 'missing'] as const;

export const versionsTab: Tab = async (visit, subject) => {
  const { api, caller, query } = visit;
  const { module } = subject.module;
  const status = choice(query, 'status', statuses);
  const cursor = text(query, 'cursor');
  const { items, next } = await api.versions({ module, status, cursor, limit: 100 }, caller);
  const link = (more: Record<string, string | undefined>) => tabLink(subject, 'versions', { status, ...more });
  const filter = html`
    <nav class="chips" aria-label="Status">
      ${[undefined, ...statuses].map(
        each => html`
          <a href=${tabLink(subject, 'versions', { status: each })} aria-current=${each === status ? 'true' : undefined}>
            ${each === undefined ? 'all' : statusWord(each)}
          </a>`,
      )}
    </nav>`;
  if (items.length === 0)
    return html`<div>${filter}${empty('No such version', html`<p>None has this status.</p>`)}</div>`;
  const comparable = items.filter(({ status }) => status === 'published').length > 1;
  const table = versionTable(module, items, comparable);
  return html`
    <div>
      ${
        comparable
          ? html`<form action="/compare">
              <input type="hidden" name="module" value=${module} />
              <div class="bar">${filter}<button class="button quiet">Compare the two that are chosen</button></div>
              ${table}
            </form>`
          : html`<div>${filter}${table}</div>`
      }
      ${pager(cursor && link({}), next === null ? undefined : link({ cursor: next }))}
    </div>`;
};

function versionTable(module: string, items: Answer<'versions'>['items'], comparable: boolean): Html {
  const publishedOnes = items.filter(({ status }) => status === 'published').map(({ version }) => version);
  const [to, from] = publishedOnes;
  const choose = (name: string, version: string, checked: boolean, label: string) => html`
    <td class="choose">
      <input type="radio" name=${name} value=${version} checked=${checked} aria-label=${`${label} ${version}`} />
    </td>`;
  const head = [
    comparable && html`<th scope="col" class="choose">From</th>`,
    comparable && html`<th scope="col" class="choose">To</th>`,
    column('Version'),
    column('Status'),
    column('Date'),
    number('Downloads'),
    number('Zip'),
    column('Licence'),
  ];
  const rows = items.map(item => {
    const isPublished = item.status === 'published';
    return html`
      <tr>
        ${
          comparable &&
          (isPublished
            ? [
                choose('from', item.version, item.version === from, 'Compare from'),
                choose('to', item.version, item.version === to, 'Compare to'),
              ]
            : [html`<td></td>`, html`<td></td>`])
        }
        <th scope="row"><a class="version" href=${moduleLink(module, item.version)}>${item.version}</a></th>
        <td>${statusTags(item)}</td>
        <td>${when(item.time ?? item.at)}</td>
        <td class="number downloads">${item.downloads === null ? '–' : count(item.downloads)}</td>
        <td class="number">${item.zipSize === null ? '–' : bytes(item.zipSize)}</td>
        <td>${item.licences.join(', ') || (isPublished ? 'none found' : '')}</td>
      </tr>`;
  });
  return html`
    ${tableOf('Versions', head, rows, 'versions')}
    ${items.some(({ downloads }) => downloads === null) && html`<p class="quiet-text">Downloads are not known just now.</p>`}`;
}

const statusTags = (item: Answer<'versions'>['items'][number]): Html => html`
  <span class="tags">
    ${tag(statusWord(item.status), item.status === 'published' ? 'good' : item.status === 'missing' ? 'warn' : 'bad')}
    ${item.retracted !== null && tag('retracted', 'warn')}
    ${item.vulnerabilities.length > 0 && tag('vulnerable', 'bad')}
    ${item.reasons.length > 0 && html`<span class="why">${item.reasons.map(({ message }) => message).join('; ')}</span>`}
  </span>`;
