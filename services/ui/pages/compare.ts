import { Fault } from '../../errors.ts';
import type { Answer } from '../../ui-backend/endpoints.ts';
import { bytes, count, counted, when } from '../format.ts';
import { type Html, html } from '../html.ts';
import { icon } from '../icons.ts';
import { compareLink, moduleLink } from '../links.ts';
import type { Page } from '../page.ts';
import { column, empty, number, path, tableOf, tag } from '../parts/common.ts';
import { text, type Visit } from '../visit.ts';

type Comparison = Answer<'compare'>;

/** Lines of one list that are shown. */
const maxLines = 300;

export async function comparePage({ api, caller, query }: Visit): Promise<Page> {
  const [module, from, to] = [text(query, 'module'), text(query, 'from'), text(query, 'to')];
  if (module === undefined || from === undefined || to === undefined) {
    throw new Fault(
      'invalid',
      'a comparison needs a module and the versions from and to: choose them on the module’s page',
    );
  }
  const [comparison, versions] = await Promise.all([
    api.compare({ module, from, to }, caller),
    api.versions({ module, status: 'published', limit: 100 }, caller),
  ]);
  return {
    title: `${module} ${from} and ${to}`,
    body: html`
      <article class="stack">
        <header class="module-head">
          <div class="module-title">
            <p class="eyebrow">Comparison</p>
            <h1><a href=${moduleLink(module)}>${path(module)}</a></h1>
          </div>
        </header>
        ${chooser(
          module,
          versions.items.map(({ version }) => version),
          from,
          to,
        )}
        ${sides(comparison)}
        ${requirements(comparison)}
        ${exported(comparison)}
        ${licences(comparison)}
        ${files(comparison)}
      </article>`,
  };
}

function chooser(module: string, versions: readonly string[], from: string, to: string): Html {
  const select = (name: string, label: string, chosen: string) => html`
    <label>
      <span>${label}</span>
      <select name=${name}>
        ${(versions.includes(chosen) ? versions : [chosen, ...versions]).map(
          version => html`<option value=${version} selected=${version === chosen}>${version}</option>`,
        )}
      </select>
    </label>`;
  return html`
    <form class="fields" action="/compare">
      <input type="hidden" name="module" value=${module} />
      ${select('from', 'From', from)} ${select('to', 'To', to)}
      <button class="button">Compare</button>
      <a class="button quiet" href=${compareLink(module, to, from)}>Swap</a>
    </form>`;
}

function sides({ module, from, to }: Comparison): Html {
  const row = (name: string, value: (side: Comparison['from']) => Html) => html`
    <tr><th scope="row">${name}</th><td>${value(from)}</td><td>${value(to)}</td></tr>`;
  return tableOf(
    'Both versions',
    [
      html`<td></td>`,
      html`<th scope="col"><a class="version" href=${moduleLink(module, from.version)}>${from.version}</a></th>`,
      html`<th scope="col"><a class="version" href=${moduleLink(module, to.version)}>${to.version}</a></th>`,
    ],
    [
      row('Committed', ({ time }) => (time === null ? 'unknown' : when(time))),
      row('Go', ({ go }) => go ?? 'not said'),
      row('Licence', ({ licences }) => licences.join(', ') || 'none found'),
      row('Files', ({ files, zipSize }) => `${count(files)}, ${bytes(zipSize)} zipped`),
      row('Security', ({ vulnerabilities: found }) =>
        found.length === 0 ? 'none known' : html`<span class="tags">${found.map(id => tag(id, 'bad'))}</span>`,
      ),
    ],
    'sides',
  );
}

const section = (title: string, figure: string, content: Html): Html => html`
  <section><h2>${title} <small>${figure}</small></h2>${content}</section>`;

const nothing = (what: string): Html => html`<p class="quiet-text">${what}</p>`;

const change = (from: unknown, to: unknown): Html =>
  from === null ? tag('added', 'good') : to === null ? tag('removed', 'bad') : tag('changed', 'info');

function requirements({ requirements: changes }: Comparison): Html {
  if (changes.length === 0) return section('Requirements', '', nothing('They require the same.'));
  const rows = changes.slice(0, maxLines).map(
    ({ module, from, to, indirect }) => html`
      <tr>
        <td>${change(from, to)}</td>
        <th scope="row"><a href=${moduleLink(module)}>${path(module)}</a> ${indirect && tag('indirect')}</th>
        <td class="version">${from ?? '–'}</td>
        <td class="version">${to ?? '–'}</td>
      </tr>`,
  );
  const table = tableOf('Requirements', [column('Change'), column('Module'), column('From'), column('To')], rows);
  return section('Requirements', `${count(changes.length)} changed`, table);
}

function exported({ api }: Comparison): Html {
  const { packages, complete } = api;
  const added = packages.reduce((sum, item) => sum + item.added.length, 0);
  const removed = packages.reduce((sum, item) => sum + item.removed.length, 0);
  const changed = packages.reduce((sum, item) => sum + item.changed.length, 0);
  const partly = !complete && nothing('There may be more: not all of the source was read.');
  if (packages.length === 0) {
    const same = complete ? 'What they export is the same.' : 'No difference in what was read, which is not all.';
    return section('Exported API', '', nothing(same));
  }
  return section(
    'Exported API',
    `${counted(added, 'name')} added, ${count(changed)} changed, ${count(removed)} removed`,
    html`<div>
      ${packages.slice(0, 100).map(
        item => html`
          <details class="api-package" open=${packages.length <= 5}>
            <summary><code>${path(item.path)}</code> ${tag(item.state, item.state === 'added' ? 'good' : item.state === 'removed' ? 'bad' : 'info')}</summary>
            <ul class="diff">
              ${item.removed.slice(0, maxLines).map(name => html`<li class="minus"><code>${name}</code></li>`)}
              ${item.changed
                .slice(0, maxLines)
                .map(({ from, to }) => [
                  html`<li class="minus"><code>${from}</code></li>`,
                  html`<li class="plus"><code>${to}</code></li>`,
                ])}
              ${item.added.slice(0, maxLines).map(name => html`<li class="plus"><code>${name}</code></li>`)}
            </ul>
          </details>`,
      )}
      ${partly}
    </div>`,
  );
}

function licences({ licences: changes }: Comparison): Html {
  if (changes.length === 0) return section('Licence', '', nothing('The licence files are of the same licences.'));
  const rows = changes.map(
    ({ file, from, to }) => html`
      <tr><td>${change(from, to)}</td><th scope="row"><code>${file}</code></th><td>${from ?? '–'}</td><td>${to ?? '–'}</td></tr>`,
  );
  return section(
    'Licence',
    '',
    tableOf('Licences', [column('Change'), column('File'), column('From'), column('To')], rows),
  );
}

function files({ files: { items, added, removed, changed, complete } }: Comparison): Html {
  if (items.length === 0) return section('Files', '', empty('No file differs', html`<p>The content is the same.</p>`));
  const size = (value: number | null) => (value === null ? '–' : bytes(value));
  const rows = items.slice(0, maxLines).map(
    ({ name, from, to }) => html`
      <tr>
        <td>${change(from, to)}</td>
        <th scope="row"><code>${path(name)}</code></th>
        <td class="number">${size(from)}</td>
        <td class="number">${size(to)}</td>
      </tr>`,
  );
  const more = !complete || items.length > maxLines;
  return section(
    'Files',
    `${count(added)} added, ${count(changed)} changed, ${count(removed)} removed`,
    html`<details open=${items.length <= 30}>
      <summary>Show them ${icon('arrow', 'small')}</summary>
      ${tableOf('Files', [column('Change'), column('File'), number('From'), number('To')], rows)}
      ${more && nothing('More differs than is shown.')}
    </details>`,
  );
}
