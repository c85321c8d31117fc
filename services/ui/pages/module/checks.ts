import { asFault } from '../../../errors.ts';
import type { Answer } from '../../../ui-backend/endpoints.ts';
import { bytes, count, counted, moment, share, when } from '../../format.ts';
import { type Html, html } from '../../html.ts';
import { icon } from '../../icons.ts';
import { webAddress } from '../../links.ts';
import { column, facts, notice, tableOf } from '../../parts/common.ts';
import { outLink } from './header.ts';
import { asked, type Tab } from './tab.ts';

export const checksTab: Tab = async (visit, subject) => {
  const { version } = subject;
  const log = await visit.api.log({ ...asked(subject), limit: 20 }, visit.caller).catch(error => {
    if (asFault(error).kind === 'not-found') return undefined;
    throw error;
  });
  return html`
    <div class="stack">
      ${version.status === 'rejected' && refused(version)}
      ${version.release !== null && notice('warn', 'An operator has overruled its rejection.', html`<p>${version.release.reason} (${version.release.by}, ${when(version.release.at)})</p>`)}
      ${version.provenance !== null && provenance(version, version.provenance)}
      ${version.status === 'published' && version.unreadable === null && licences(version)}
      ${processing(log)}
    </div>`;
};

const refused = (version: Answer<'version'>): Html => html`
  <section>
    <h2>Why it was refused</h2>
    <ul class="bare checks">
      ${version.reasons.map(
        ({ rule, message }) => html`
          <li class="bad">${icon('cross')}<div>${rule !== '' && html`<code>${rule}</code> `}${message}</div></li>`,
      )}
    </ul>
  </section>`;

function provenance(version: Answer<'version'>, record: NonNullable<Answer<'version'>['provenance']>): Html {
  const { checksumDatabase, vcs } = record;
  const repository = vcs === null ? undefined : webAddress(vcs.url);
  return html`
    <section>
      <h2>Provenance</h2>
      ${facts([
        ['Fetched from', html`<code>${record.origin}</code>`],
        ['Asked for', when(record.requestedAt)],
        ['Published', when(version.at)],
        ['Hash of the zip', html`<code class="hash">${record.hash}</code>`],
        ['Hash of go.mod', html`<code class="hash">${record.goModHash}</code>`],
        [
          'Checksum database',
          checksumDatabase === null
            ? 'not asked: private, or switched off'
            : `${checksumDatabase.name}, record ${count(checksumDatabase.position)}, proven to be in the signed tree of ${count(checksumDatabase.treeSize)}`,
        ],
        vcs !== null && ['Source', repository === undefined ? vcs.url : outLink(repository, repository)],
        !!vcs?.commit && ['Commit', html`<code class="hash">${vcs.commit}</code>`],
        !!vcs?.ref && ['Reference', html`<code>${vcs.ref}</code>`],
        version.size !== null && ['Content', `${counted(version.files, 'file')}, ${bytes(version.size)}`],
      ])}
    </section>
    <section>
      <h2>Rules</h2>
      <ul class="bare checks">
        ${record.rules.map(rule =>
          rule === 'checksum-database' && checksumDatabase === null
            ? html`<li class="quiet-text">${icon('clock')}<div><code>${rule}</code> not asked</div></li>`
            : html`<li class="good">${icon('check')}<code>${rule}</code></li>`,
        )}
        ${record.overruled.map(rule => html`<li class="warn">${icon('warning')}<div><code>${rule}</code> was overruled by an operator</div></li>`)}
      </ul>
    </section>`;
}

const licences = ({ licenceFiles }: Answer<'version'>): Html => html`
  <section>
    <h2>Licence</h2>
    ${
      licenceFiles.length === 0
        ? html`<p>No licence file is found: ask its authors before you use it.</p>`
        : tableOf(
            'Licence files',
            [column('File'), column('Recognised as'), column('Confidence')],
            licenceFiles.map(
              ({ file, licence, confidence }) => html`
                <tr><th scope="row"><code>${file}</code></th><td>${licence}</td><td>${share(confidence)}</td></tr>`,
            ),
          )
    }
  </section>`;

const processing = (log: Answer<'log'> | undefined): Html => html`
  <section>
    <h2>Processing log</h2>
    ${
      log === undefined
        ? html`<p class="quiet-text">None is kept of this version.</p>`
        : log.runs.map(
            run => html`
              <details class="run" open=${log.runs.length === 1}>
                <summary><b>${run.service}</b> ${run.result} <span class="quiet-text">${moment(run.startedAt)}</span></summary>
                ${tableOf(
                  `Log of the ${run.service}`,
                  [column('Time'), column('What happened'), column('Details')],
                  run.entries.slice(0, 200).map(
                    ({ time, message, details }) => html`
                      <tr>
                        <td><code>${time.slice(11, 23)}</code></td>
                        <td>${message}</td>
                        <td class="details">${detailsText(details)}</td>
                      </tr>`,
                  ),
                )}
              </details>`,
          )
    }
  </section>`;

const detailsText = (details: Record<string, unknown>): string =>
  Object.entries(details)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
    .slice(0, 500);
