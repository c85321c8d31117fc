import type { Answer } from '../../ui-backend/endpoints.ts';
import { count, when } from '../format.ts';
import { type Html, html } from '../html.ts';
import { icon } from '../icons.ts';
import { moduleLink } from '../links.ts';
import { type Page, searchField } from '../page.ts';
import { copyLine, empty, path } from '../parts/common.ts';
import { ifCounted, type Visit } from '../visit.ts';

export async function homePage({ api, caller, proxyUrl }: Visit): Promise<Page> {
  const [numbers, trending, newest] = await Promise.all([
    api.numbers({}, caller),
    ifCounted(api.trending({ period: 'week', limit: 6 }, caller)),
    api.newest({ limit: 6 }, caller),
  ]);
  const isTrending = trending !== undefined && trending.items.length > 0;
  const ranked = isTrending ? trendingList(trending) : usedList(await api.search({ limit: 6 }, caller));
  return {
    title: '',
    search: null,
    feed: '/feeds/newest.atom',
    body: html`
      <div class="home">
        <section class="hero">
          <h1>Go modules, kept and checked.</h1>
          <p class="lead">
            Every version is fetched once, checked before anybody gets it, and served for ever, whatever becomes of the place
            it came from.
          </p>
          ${searchField({ value: '', id: 'home-search', className: 'search-home' })}
          <div class="use">
            <p class="use-label" id="use-label">Use it from now on:</p>
            ${copyLine(`go env -w GOPROXY=${proxyUrl}`, 'the line that makes go use this repository')}
          </div>
        </section>
        ${numbersRow(numbers)}
        ${
          newest.items.length === 0
            ? empty(
                'Nothing is here yet',
                html`<p>
                  What go asks for is fetched, checked and kept from then on. Paste the line above and build something, or
                  <a href="/include">include a module</a>.
                </p>`,
              )
            : html`<div class="columns">
                ${ranked}
                ${newestList(newest)}
              </div>`
        }
      </div>`,
  };
}

function numbersRow({ modules, versions, downloads, rejected }: Answer<'numbers'>): Html | undefined {
  const figures = [
    ['Modules', modules],
    ['Versions', versions],
    ['Downloads in 7 days', downloads],
    ['Refused by a rule', rejected],
  ] as const;
  // Null where they would tell of private modules: all of them. Downloads alone are not known just now.
  if (figures.every(([, figure]) => figure === null)) return undefined;
  return html`
    <dl class="numbers">
      ${figures.map(
        ([name, figure]) => html`
          <div>
            <dt>${name}</dt>
            <dd>${figure === null ? html`<span class="quiet-text">not known just now</span>` : count(figure)}</dd>
          </div>`,
      )}
    </dl>`;
}

interface Ranked {
  module: string;
  synopsis: string;
}

const rankedList = (
  title: string,
  link: string,
  items: readonly Ranked[],
  figure: (index: number) => Html,
): Html => html`
  <section class="card">
    <h2>${title}</h2>
    <ol class="ranked">
      ${items.map(
        ({ module, synopsis }, index) => html`
          <li>
            <a class="ranked-name" href=${moduleLink(module)}>${path(module)}</a>
            <span class="ranked-figure">${figure(index)}</span>
            ${synopsis !== '' && html`<span class="ranked-about">${synopsis}</span>`}
          </li>`,
      )}
    </ol>
    <p class="more"><a href=${link}>All modules by use ${icon('arrow')}</a></p>
  </section>`;

const trendingList = ({ items }: Answer<'trending'>): Html =>
  rankedList('Trending this week', '/search', items, index => {
    const { growth = 0, period = { people: 0 } } = items[index] ?? {};
    // As much growth as downloads: there were none, or one, in the week before.
    if (growth === period.people) return 'new';
    return growth >= 1 ? `× ${growth.toFixed(1)}` : '';
  });

const usedList = ({ items }: Answer<'search'>): Html =>
  rankedList('Most used', '/search', items, index => `used by ${count(items[index]?.usedBy ?? 0)}`);

const newestList = ({ items }: Answer<'newest'>): Html => html`
  <section class="card">
    <h2>Newest <a class="feed" href="/feeds/newest.atom" aria-label="Atom feed of new versions">${icon('feed')}</a></h2>
    <ol class="ranked">
      ${items.map(
        item => html`
          <li>
            <a class="ranked-name" href=${moduleLink(item.module, item.version)}>
              ${path(item.module)}<span class="version"> ${item.version}</span>
            </a>
            <span class="ranked-figure">${when(item.publishedAt)}</span>
            ${item.synopsis !== '' && html`<span class="ranked-about">${item.synopsis}</span>`}
          </li>`,
      )}
    </ol>
    <p class="more"><a href="/search?order=newest">All modules by age ${icon('arrow')}</a></p>
  </section>`;
