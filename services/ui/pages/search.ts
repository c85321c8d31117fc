import type { Answer } from '../../ui-backend/endpoints.ts';
import { count } from '../format.ts';
import { type Html, html } from '../html.ts';
import { icon } from '../icons.ts';
import { includeLink, searchLink, watchLink } from '../links.ts';
import type { Page } from '../page.ts';
import { empty, pager, path } from '../parts/common.ts';
import { moduleList } from '../parts/modules.ts';
import { choice, given, text, type Visit } from '../visit.ts';

const kinds = { library: 'Libraries', command: 'Commands' } as const;
const ages = { week: 'This week', month: 'This month', year: 'This year' } as const;
const orders = { relevance: 'Relevance', newest: 'Newest' } as const;
/** The licences that most modules have; any other can be given in the address. */
const licences = [
  'MIT',
  'Apache-2.0',
  'BSD-3-Clause',
  'BSD-2-Clause',
  'MPL-2.0',
  'ISC',
  'GPL-3.0-only',
  'LGPL-3.0-only',
  'AGPL-3.0-only',
];

const keys = <T extends object>(table: T) => Object.keys(table) as (keyof T & string)[];

export async function searchPage(visit: Visit): Promise<Page> {
  const { api, caller, query } = visit;
  const asked = {
    q: (text(query, 'q') ?? '').slice(0, 200),
    kind: choice(query, 'kind', keys(kinds)),
    age: choice(query, 'age', keys(ages)),
    licence: text(query, 'licence')?.slice(0, 100),
    order: choice(query, 'order', keys(orders)),
    cursor: text(query, 'cursor'),
    limit: 20,
  };
  const answer = await api.search(given(asked), caller);
  const filters = { q: asked.q, kind: asked.kind, age: asked.age, licence: asked.licence, order: asked.order };
  const next = answer.next === null ? undefined : searchLink({ ...filters, cursor: answer.next });
  const first = asked.cursor === undefined ? undefined : searchLink(filters);
  return {
    title: asked.q === '' ? 'Modules' : `${asked.q}: search`,
    section: '/search',
    search: asked.q,
    feed: `/feeds/search.atom?${new URLSearchParams({ q: asked.q })}`,
    body: html`
      <div class="results">
        <h1 class="results-title">${heading(asked.q, answer)}</h1>
        ${filterBar(filters)}
        <div class="results-list">
          ${
            answer.corrected !== null &&
            html`<p class="corrected">
              Nothing is called “${asked.q}”. Showing what is found for <b>${answer.corrected}</b>.
            </p>`
          }
          ${answer.items.length > 0 ? moduleList(answer.items) : await nothingFound(visit, filters)}
          ${pager(first, next)}
          ${
            asked.q !== '' &&
            html`<p class="watch-search"><a href=${watchLink({ q: asked.q })}>Be told of what this search finds from now on</a></p>`
          }
        </div>
      </div>`,
  };
}

function heading(q: string, { total, more }: Answer<'search'>): Html {
  const found = `${more ? 'more than ' : ''}${count(total)} ${total === 1 ? 'module' : 'modules'}`;
  return q === ''
    ? html`<span>All modules <small>${found}</small></span>`
    : html`<span>${q} <small>${found}</small></span>`;
}

type Filters = Record<'q' | 'kind' | 'age' | 'licence' | 'order', string | undefined>;

const filterBar = (filters: Filters): Html => {
  const active = [filters.kind, filters.age, filters.licence].filter(Boolean).length;
  const chosen = filters.licence;
  const shown = chosen === undefined || licences.includes(chosen) ? licences : [chosen, ...licences];
  return html`
    <details class="filters">
      <summary>Filters${active > 0 && html` <span class="tag info">${active}</span>`}</summary>
      <div class="filters-body">
        ${group('Sort by', filters, 'order', [
          [undefined, 'Relevance'],
          ['newest', 'Newest'],
        ])}
        ${group('Holds', filters, 'kind', [[undefined, 'Anything'], ...Object.entries(kinds)])}
        ${group('Updated', filters, 'age', [[undefined, 'Any time'], ...Object.entries(ages)])}
        ${group('Licence', filters, 'licence', [[undefined, 'Any'], ...shown.map(id => [id, id] as [string, string])])}
      </div>
    </details>`;
};

const group = (
  title: string,
  filters: Filters,
  name: keyof Filters,
  options: readonly (readonly [string | undefined, string])[],
): Html => html`
  <nav class="filter" aria-label=${title}>
    <h2>${title}</h2>
    <ul>
      ${options.map(
        ([value, label]) => html`
          <li>
            <a href=${searchLink({ ...filters, [name]: value })} aria-current=${filters[name] === value ? 'true' : undefined}>
              ${label}
            </a>
          </li>`,
      )}
    </ul>
  </nav>`;

async function nothingFound({ api, caller }: Visit, filters: Filters): Promise<Html> {
  const { q = '', kind, age, licence } = filters;
  const isFiltered = kind !== undefined || age !== undefined || licence !== undefined;
  const looksLikePath = /^[a-z0-9-]+(\.[a-z0-9-]+)+\/\S+$/i.test(q);
  const similar = q === '' ? [] : (await api.suggest({ q: q.split(/[\s/]+/).at(-1) ?? q, limit: 5 }, caller)).items;
  return empty(
    'No module is found',
    html`<div>
      ${
        isFiltered
          ? html`<p><a href=${searchLink({ q })}>Search without filters</a>, or with other words.</p>`
          : html`<p>Try fewer or other words: a part of a path, of a synopsis or of a README.</p>`
      }
      ${
        similar.length > 0 &&
        html`<p>Close by:</p>
          <ul class="bare">${similar.map(({ module }) => html`<li><a href=${`/${module}`}>${path(module)}</a></li>`)}</ul>`
      }
      ${
        looksLikePath
          ? html`<p><a class="button" href=${includeLink(q)}>Include ${q} ${icon('arrow')}</a></p>`
          : html`<p>Is it missing here? <a href="/include">Include it</a>: it is fetched, checked and kept.</p>`
      }
    </div>`,
  );
}
