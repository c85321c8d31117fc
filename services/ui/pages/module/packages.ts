import { type Html, html } from '../../html.ts';
import { column, empty, path, tableOf, tag } from '../../parts/common.ts';
import { asked, type Tab } from './tab.ts';

export const packagesTab: Tab = async (visit, subject) => {
  const { items, more } = await visit.api.packages(asked(subject), visit.caller);
  if (items.length === 0) {
    return empty('No packages', html`<p>This version has no Go files that can be built into a package.</p>`);
  }
  const open = items.filter(({ internal }) => !internal);
  const internal = items.filter(item => item.internal);
  return html`
    <div>
      ${open.length > 0 ? table('Packages', open) : html`<p>All of its packages are internal.</p>`}
      ${
        internal.length > 0 &&
        html`<details class="more-rows">
          <summary>Internal packages (${internal.length})</summary>
          ${table('Internal packages', internal)}
        </details>`
      }
      ${more && html`<p class="quiet-text">There may be more packages than are shown.</p>`}
    </div>`;
};

const table = (label: string, items: readonly { path: string; name: string; synopsis: string }[]): Html =>
  tableOf(
    label,
    [column('Import path'), column('What it does')],
    items.map(
      item => html`
        <tr>
          <th scope="row"><code>${path(item.path)}</code> ${item.name === 'main' && tag('command')}</th>
          <td>${item.synopsis || html`<span class="quiet-text">no synopsis</span>`}</td>
        </tr>`,
    ),
    'stacked',
  );
