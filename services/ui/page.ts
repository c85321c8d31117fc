import type { Assets } from './assets.ts';
import { type Html, html, render } from './html.ts';
import { icon, mark } from './icons.ts';

/** What a page has to say; the shell around it is the same for all. */
export interface Page {
  /** Without the name of the site. */
  title: string;
  body: Html;
  /** 200 by default. */
  status?: number;
  /** For search engines and previews. */
  description?: string;
  /** What was searched for, to stand in the field at the top; null leaves the field out, where the page has its own. */
  search?: string | null;
  /** Path of the Atom feed that tells of what the page shows. */
  feed?: string;
  /** Seconds after which a browser without scripts asks again. */
  refresh?: number;
  /** Scripts beside main.js, by name. */
  scripts?: readonly string[];
  /** Which of the main links the page belongs to. */
  section?: Section;
}

export type Theme = 'light' | 'dark' | undefined;

type Section = (typeof sections)[number][0];
const sections = [
  ['/search', 'Modules'],
  ['/doctor', 'go.mod doctor'],
  ['/include', 'Include'],
  ['/status', 'Status'],
  ['/api', 'API'],
] as const;

const scripts = ['copy.js', 'theme.js', 'suggest.js', 'tabs.js'];

export function renderPage(page: Page, options: { assets: Assets; theme: Theme }): string {
  const { assets, theme } = options;
  const { title, description = 'A central repository of Go modules: kept, checked, served fast.', search = '' } = page;
  return render(html`
    <html lang="en" data-theme=${theme}>
      <head>
        <meta charset="utf-8" />
        <title>${title === '' ? 'GoCenter' : `${title} · GoCenter`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="description" content=${description.slice(0, 300)} />
        <meta name="color-scheme" content="light dark" />
        <link rel="stylesheet" href=${assets.link('style.css')} />
        <link rel="icon" href=${assets.link('favicon.svg')} type="image/svg+xml" />
        <link rel="search" type="application/opensearchdescription+xml" href="/opensearch.xml" title="GoCenter" />
        ${page.feed && html`<link rel="alternate" type="application/atom+xml" href=${page.feed} title=${title || 'New versions'} />`}
        ${page.refresh && html`<noscript><meta http-equiv="refresh" content=${String(page.refresh)} /></noscript>`}
        ${scripts.map(name => html`<link rel="modulepreload" href=${assets.link(name)} />`)}
        <script type="module" src=${assets.link('main.js')}></script>
        ${page.scripts?.map(name => html`<script type="module" src=${assets.link(name)}></script>`)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        ${header(page.section, search)}
        <main id="main" tabindex="-1">${page.body}</main>
        ${footer()}
      </body>
    </html>`);
}

const header = (section: Section | undefined, search: string | null): Html => html`
  <header class="top">
    <div class="top-row">
      <a class="wordmark" href="/" aria-label="GoCenter, home">${mark()}<span>Go<b>Center</b></span></a>
      ${search !== null && searchField({ value: search, id: 'top-search', className: 'search-top' })}
      <nav class="links" aria-label="Main">
        <ul>
          ${sections.map(
            ([link, name]) => html`
              <li><a href=${link} aria-current=${link === section ? 'page' : undefined}>${name}</a></li>`,
          )}
        </ul>
      </nav>
      ${themeSwitch()}
    </div>
  </header>`;

/** A form that works by itself; suggest.js adds suggestions. */
export const searchField = (field: { value: string; id: string; className: string; focus?: boolean }): Html => html`
  <form class=${`search ${field.className}`} action="/search" role="search" data-suggest>
    <label class="hidden" for=${field.id}>Search modules</label>
    ${icon('search')}
    <input
      id=${field.id}
      name="q"
      type="search"
      value=${field.value}
      maxlength="200"
      placeholder="Search modules"
      autocomplete="off"
      autocapitalize="off"
      spellcheck=${false}
      autofocus=${field.focus}
    />
    <button>Search</button>
  </form>`;

/** The stylesheet shows the one of the two that changes something. */
const themeSwitch = (): Html => html`
  <form class="theme" method="post" action="/theme" data-theme-switch>
    <button name="theme" value="dark" class="to-dark" title="Dark theme" aria-label="Dark theme">${icon('moon')}</button>
    <button name="theme" value="light" class="to-light" title="Light theme" aria-label="Light theme">${icon('sun')}</button>
  </form>`;

const footer = (): Html => html`
  <footer class="bottom">
    <div class="bottom-row">
      <p>GoCenter keeps Go modules: checked once, served for ever.</p>
      <ul>
        <li><a href="/status">Status</a></li>
        <li><a href="/api">API</a></li>
        <li><a href="/feeds/newest.atom">Atom feed</a></li>
      </ul>
    </div>
  </footer>`;
