import type { Answer } from '../../ui-backend/endpoints.ts';
import { count, moment, share, span, when } from '../format.ts';
import { type Html, html } from '../html.ts';
import { moduleLink } from '../links.ts';
import type { Page } from '../page.ts';
import { column, notice, number, path, type Tone, tableOf, tag } from '../parts/common.ts';
import type { Visit } from '../visit.ts';

type Status = Answer<'status'>;

const tones: Record<Status['state'], Tone> = { ok: 'good', degraded: 'warn', down: 'bad', unknown: 'plain' };
const words: Record<Status['state'], string> = { ok: 'works', degraded: 'degraded', down: 'down', unknown: 'unknown' };

export async function statusPage({ api, caller }: Visit): Promise<Page> {
  const status = await api.status({}, caller);
  return {
    title: 'Status',
    section: '/status',
    body: html`
      <div class="stack">
        <header class="page-head">
          <h1>Status</h1>
          ${notice(tones[status.state], withCode(status.summary), html`<p>as of ${moment(status.at)}</p>`)}
        </header>
        ${foundations(status)} ${objectives(status)} ${queues(status)} ${origins(status)} ${incidents(status)}
      </div>`,
  };
}

/** What stands between backquotes is to be typed. */
const withCode = (text: string): Html =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));

const foundations = ({ services: found }: Status): Html => html`
  <section>
    <h2>What it stands on</h2>
    <ul class="states">
      ${found.map(
        ({ name, state, message }) => html`
          <li><b>${name}</b> ${tag(words[state], tones[state])}${state !== 'ok' && html`<p>${message}</p>`}</li>`,
      )}
    </ul>
  </section>`;

const objectives = ({ objectives: found }: Status): Html =>
  found.length > 0 &&
  html`<section>
    <h2>Objectives</h2>
    ${tableOf(
      'Objectives',
      [column('What is promised'), number('Target'), number('Reached'), column(''), column('Over')],
      found.map(
        item => html`
          <tr>
            <th scope="row">${item.objective}</th>
            <td class="number">${share(item.target)}</td>
            <td class="number">${item.reached === null ? '–' : share(item.reached)}</td>
            <td>${item.met === null ? tag('not measured yet') : item.met ? tag('met', 'good') : tag('missed', 'bad')}</td>
            <td class="quiet-text">${item.window}</td>
          </tr>`,
      ),
    )}
  </section>`;

const queues = ({ queues: found }: Status): Html => html`
  <section>
    <h2>Queues</h2>
    ${tableOf(
      'Queues',
      [column('Queue'), number('Given up'), number('Waiting'), number('Oldest')],
      found.map(
        ({ name, depth, oldestAge, dead }) => html`
          <tr>
            <th scope="row"><code>${name}</code></th>
            <td class="number">${dead === 0 ? '0' : tag(count(dead), 'warn')}</td>
            <td class="number">${count(depth)}</td>
            <td class="number">${depth === 0 ? '–' : span(oldestAge)}</td>
          </tr>`,
      ),
    )}
  </section>`;

const origins = ({ origins: found }: Status): Html => html`
  <section>
    <h2>Fetches from origins <small>since the processor started</small></h2>
    ${
      found === null
        ? html`<p class="quiet-text">The processor runs elsewhere; its metrics tell.</p>`
        : found.length === 0
          ? html`<p class="quiet-text">Nothing was fetched yet.</p>`
          : tableOf(
              'Fetches',
              [column('Host'), number('Requests'), number('Failures'), column('Outcomes')],
              found.map(
                ({ host, requests, failures, outcomes }) => html`
                  <tr>
                    <th scope="row"><code>${host}</code></th>
                    <td class="number">${count(requests)}</td>
                    <td class="number">${count(failures)}</td>
                    <td>${outcomes.map(({ outcome, requests }) => `${outcome} ${count(requests)}`).join(', ')}</td>
                  </tr>`,
              ),
            )
    }
  </section>`;

const incidents = ({ incidents: found }: Status): Html => html`
  <section>
    <h2>Incidents</h2>
    ${
      found.length === 0
        ? html`<p class="quiet-text">No changed bytes, and no checksum database that disagreed.</p>`
        : tableOf(
            'Incidents',
            [column('When'), column('Version'), column('What happened')],
            found.map(
              ({ at, reason, module, version, message }) => html`
                <tr>
                  <td>${when(at)}</td>
                  <th scope="row"><a href=${moduleLink(module, version)}>${path(module)}</a> <span class="version">${version}</span></th>
                  <td>${tag(reason, 'bad')} ${message}</td>
                </tr>`,
            ),
          )
    }
  </section>`;
