import { count } from '../../format.ts';
import { html } from '../../html.ts';
import { moduleLink } from '../../links.ts';
import { column, empty, number, pager, path, tableOf, tag } from '../../parts/common.ts';
import { text } from '../../visit.ts';
import { type Tab, tabLink } from './tab.ts';

export const usedByTab: Tab = async (visit, subject) => {
  const { module } = subject.module;
  const all = visit.query.get('all') === '1' ? true : undefined;
  const cursor = text(visit.query, 'cursor');
  const version = text(visit.query, 'requires')?.slice(0, 256);
  const { items, next, total } = await visit.api.usedBy({ module, version, all, cursor, limit: 50 }, visit.caller);
  const keep = { all: all && '1', requires: version };
  const link = (more: Record<string, string | undefined>) => tabLink(subject, 'used-by', { ...keep, ...more });
  const filter = html`
    <nav class="chips" aria-label="Which">
      <a href=${link({ all: undefined })} aria-current=${all ? undefined : 'true'}>direct, now</a>
      <a href=${link({ all: '1' })} aria-current=${all ? 'true' : undefined}>also indirect or former</a>
      ${version && html`<a href=${link({ requires: undefined })} aria-current="true">only ${version} ✕</a>`}
    </nav>`;
  if (items.length === 0) {
    return html`<div>
      ${filter}
      ${empty('Nobody here requires it', html`<p>Of the modules that are kept here, none has it in its go.mod${all ? '' : ' as a direct requirement'}.</p>`)}
    </div>`;
  }
  return html`
    <div>
      ${filter}
      <p class="quiet-text">${count(total)} ${total === 1 ? 'module' : 'modules'}, the most used first</p>
      ${tableOf(
        'Modules that require it',
        [column('Module'), column('Requires'), column(''), number('Used by')],
        items.map(
          item => html`
            <tr>
              <th scope="row">
                <a href=${moduleLink(item.module, item.current ? undefined : item.version)}>${path(item.module)}</a>
                <span class="version"> ${item.version}</span>
              </th>
              <td><a class="version" href=${link({ requires: item.requires, cursor: undefined })} title="Only who requires this version">${item.requires}</a></td>
              <td><span class="tags">${item.indirect && tag('indirect')}${!item.current && tag('no longer')}</span></td>
              <td class="number">${count(item.usedBy)}</td>
            </tr>`,
        ),
      )}
      ${pager(cursor && link({}), next === null ? undefined : link({ cursor: next }))}
    </div>`;
};
