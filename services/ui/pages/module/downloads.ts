import { count } from '../../format.ts';
import { html } from '../../html.ts';
import { moduleLink } from '../../links.ts';
import { downloadsChart } from '../../parts/chart.ts';
import { column, empty, number, tableOf } from '../../parts/common.ts';
import { choice, given, ifCounted } from '../../visit.ts';
import { type Tab, tabLink } from './tab.ts';

const periods = ['30', '90', '365'] as const;

export const downloadsTab: Tab = async (visit, subject) => {
  const period = choice(visit.query, 'days', periods) ?? '90';
  const { module } = subject.module;
  const wanted = { module, version: subject.named, days: Number(period) };
  const counted = await ifCounted(visit.api.downloads(given(wanted), visit.caller));
  if (counted === undefined) {
    return empty(
      'Downloads are not known just now',
      html`<p>What counts them does not answer. Look again in a moment.</p>`,
    );
  }
  const { total, days, versions } = counted;
  const filter = html`
    <nav class="chips" aria-label="Period">
      ${periods.map(
        each => html`
          <a href=${tabLink(subject, 'downloads', { days: each })} aria-current=${each === period ? 'true' : undefined}>${each} days</a>`,
      )}
    </nav>`;
  if (total.all === 0) {
    return html`<div>
      ${filter}
      ${empty('No downloads yet', html`<p>Nobody has fetched a zip of ${subject.named ?? 'this module'} from here in ${period} days.</p>`)}
    </div>`;
  }
  return html`
    <div class="stack">
      ${filter}
      <dl class="numbers small">
        <div><dt>by people</dt><dd>${count(total.people)}</dd></div>
        <div><dt>by mirrors and CI</dt><dd>${count(total.all - total.people)}</dd></div>
        <div><dt>in all</dt><dd>${count(total.all)}</dd></div>
      </dl>
      ${downloadsChart(days)}
      ${
        versions.length > 0 &&
        html`<section>
          <h2>By version</h2>
          ${tableOf(
            'Downloads by version',
            [column('Version'), number('By people'), number('In all')],
            versions.map(
              ({ version, all, people }) => html`
                <tr>
                  <th scope="row"><a class="version" href=${moduleLink(module, version)}>${version}</a></th>
                  <td class="number">${count(people)}</td>
                  <td class="number">${count(all)}</td>
                </tr>`,
            ),
          )}
        </section>`
      }
      <p class="quiet-text">A download is a zip that was served. Days are in UTC; today is not over.</p>
    </div>`;
};
