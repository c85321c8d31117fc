import type { Answer } from '../../ui-backend/endpoints.ts';
import { when } from '../format.ts';
import { type Html, html } from '../html.ts';
import { icon } from '../icons.ts';
import { includeLink, moduleLink } from '../links.ts';
import type { Page } from '../page.ts';
import { column, copyLine, notice, path, type Tone, tableOf, tag } from '../parts/common.ts';
import { text, type Visit } from '../visit.ts';

type Inclusion = Answer<'inclusion'>;

/** The form, with what was asked for lately. `fault` tells why the last try failed. */
export async function includePage(
  { api, caller, query }: Visit,
  tried?: { module: string; version: string; status: number; fault: string },
): Promise<Page> {
  const { items } = await api.inclusions({ limit: 15 }, caller);
  const module = tried?.module ?? text(query, 'module') ?? '';
  const version = tried?.version ?? text(query, 'version') ?? '';
  return {
    title: 'Include a module',
    section: '/include',
    ...(tried && { status: tried.status }),
    body: html`
      <div class="stack">
        <header class="page-head">
          <h1>Include a module</h1>
          <p class="lead">It is fetched from its origin, checked, and kept here for ever. Whatever go asks for is included by itself.</p>
        </header>
        ${tried && notice('bad', 'This could not be asked for.', html`<p>${tried.fault}</p>`)}
        <form class="card" method="post" action="/include">
          <div class="fields">
            <label class="wide">
              <span>Module</span>
              <input name="module" value=${module} required maxlength="1024" placeholder="github.com/google/uuid" autocapitalize="off" autocomplete="off" spellcheck=${false} />
            </label>
            <label>
              <span>Version, branch or commit</span>
              <input name="version" value=${version} maxlength="256" placeholder="the latest" autocapitalize="off" autocomplete="off" spellcheck=${false} />
            </label>
            <button class="button">Include</button>
          </div>
        </form>
        ${
          items.length > 0 &&
          html`<section>
            <h2>Asked for lately</h2>
            ${tableOf(
              'Inclusions',
              [column('Module'), column('State'), column('Asked for')],
              items.map(
                item => html`
                  <tr>
                    <th scope="row"><a href=${`/inclusions/${item.id}`}>${path(item.module)}</a> <span class="version">${item.version}</span></th>
                    <td>${tag(words[item.state], tones[item.state])}</td>
                    <td>${when(item.requestedAt)}</td>
                  </tr>`,
              ),
            )}
          </section>`
        }
      </div>`,
  };
}

const tones: Record<Inclusion['state'], Tone> = {
  requested: 'info',
  fetched: 'info',
  published: 'good',
  rejected: 'bad',
  failed: 'bad',
};
const words: Record<Inclusion['state'], string> = {
  requested: 'waiting to be fetched',
  fetched: 'being checked',
  published: 'published',
  rejected: 'refused',
  failed: 'failed',
};

/** How far an inclusion has got: progress.js follows it, a browser without scripts asks again. */
export async function inclusionPage({ api, caller, proxyUrl }: Visit, id: string): Promise<Page> {
  const inclusion = await api.inclusion({ id }, caller);
  const { module, version, done } = inclusion;
  return {
    title: `${module}@${version}: inclusion`,
    section: '/include',
    ...(!done && { refresh: 2 }),
    scripts: done ? [] : ['progress.js'],
    body: html`
      <div class="stack narrow">
        <header class="page-head">
          <p class="eyebrow">Inclusion</p>
          <h1>${path(module)} <span class="version">${version}</span></h1>
        </header>
        ${progress(inclusion)}
        <div id="after" hidden=${inclusion.state !== 'published'}>
          ${copyLine(`go get ${module}@${version}`, 'the line that adds it')}
        </div>
        <p class="actions">
          ${
            inclusion.state === 'failed' && done
              ? html`<a class="button" href=${includeLink(module, version)}>Ask for it again</a>`
              : html`<a class="button" href=${moduleLink(module, version)} data-when="done" hidden=${!done}>See ${version} ${icon('arrow')}</a>`
          }
          <a class="button quiet" href="/include">Include another</a>
        </p>
        <noscript>${!done && html`<p class="quiet-text">This page asks again every 2 seconds.</p>`}</noscript>
        <p class="quiet-text">Fetched and served by ${proxyUrl}</p>
      </div>`,
  };
}

const steps = [
  ['requested', 'Asked for'],
  ['fetched', 'Fetched from its origin'],
  ['published', 'Checked and published'],
] as const;

/** The step that a state has completed; what failed has completed none after. */
const reached: Record<Inclusion['state'], number> = { requested: 0, fetched: 1, published: 2, rejected: 1, failed: 0 };

function progress(inclusion: Inclusion): Html {
  const { id, state, message, reasons, until } = inclusion;
  const failed = state === 'rejected' || state === 'failed';
  return html`
    <section class="card progress" data-inclusion=${inclusion.done ? undefined : id} aria-live="polite">
      <ol class="steps" data-state=${state}>
        ${steps.map(([step, label], index) => {
          const isDone = index <= reached[state];
          const isWrong = failed && index === reached[state] + 1;
          const isNext = !failed && index === reached[state] + 1;
          const className = isDone ? 'done' : isWrong ? 'wrong' : isNext ? 'now' : '';
          return html`
            <li class=${className} data-step=${step}>
              <span class="dot">${icon(isWrong ? 'cross' : 'check')}</span>
              <span class="step-label">${label}</span>
            </li>`;
        })}
      </ol>
      <p class="step-message" data-message>${message}</p>
      ${
        reasons.length > 0 &&
        html`<ul class="bare checks">
          ${reasons.map(({ rule, message }) => html`<li class="bad">${icon('cross')}<div>${rule !== '' && html`<code>${rule}</code> `}${message}</div></li>`)}
        </ul>`
      }
      ${until !== null && html`<p class="quiet-text">It can be tried again after ${when(until)}.</p>`}
    </section>`;
}
