import type { Answer } from '../../ui-backend/endpoints.ts';
import { when } from '../format.ts';
import { type Html, html } from '../html.ts';
import { moduleLink, searchLink } from '../links.ts';
import type { Page } from '../page.ts';
import { column, copyLine, facts, notice, path, type Tone, tableOf, tag } from '../parts/common.ts';
import { text, type Visit } from '../visit.ts';

type Watch = Answer<'watched'>;

export const watchedEvents = ['published', 'rejected', 'vulnerability'] as const;
type Event = (typeof watchedEvents)[number];

const eventWords: Record<Event, string> = {
  published: 'a version is published',
  rejected: 'a version is refused',
  vulnerability: 'a vulnerability is found',
};

/** What a form said, to be shown again when it could not be done. */
export interface TriedWatch {
  module: string;
  q: string;
  webhook: string;
  slack: string;
  events: readonly Event[];
  status: number;
  fault: string;
}

export function watchPage({ query }: Visit, tried?: TriedWatch): Page {
  const module = tried?.module ?? text(query, 'module') ?? '';
  const q = tried?.q ?? text(query, 'q') ?? '';
  const subject = module !== '' ? module : q;
  const feed = module !== '' ? `/feeds/${module}.atom` : `/feeds/search.atom?${new URLSearchParams({ q })}`;
  const isSearch = module === '' && q !== '';
  return {
    title: subject === '' ? 'Watch' : `Watch ${subject}`,
    ...(tried && { status: tried.status }),
    body: html`
      <div class="stack narrow">
        <header class="page-head">
          <h1>Watch ${subject === '' ? 'a module' : isSearch ? html`<span>“${q}”</span>` : path(module)}</h1>
          <p class="lead">Be told by a signed webhook or in Slack${subject !== '' && html`, or <a href=${feed}>follow the Atom feed</a>`}.</p>
        </header>
        ${tried && notice('bad', 'This can’t be watched.', html`<p>${tried.fault}</p>`)}
        <form class="card watch-form" method="post" action="/watch">
          ${
            isSearch
              ? field({ name: 'q', label: 'Whatever this search finds', value: q, max: 200 })
              : field({
                  name: 'module',
                  label: 'Module',
                  value: module,
                  max: 1024,
                  placeholder: 'github.com/google/uuid',
                })
          }
          <fieldset>
            <legend>Tell when</legend>
            ${watchedEvents.map(
              event => html`
                <label class="check">
                  <input type="checkbox" name=${event} value="1" checked=${tried === undefined || tried.events.includes(event)} />
                  ${eventWords[event]}
                </label>`,
            )}
          </fieldset>
          ${field({ name: 'webhook', label: 'Webhook, an https address', value: tried?.webhook ?? '', max: 2048, placeholder: 'https://ci.example.com/hooks/gocenter' })}
          ${field({ name: 'slack', label: 'or a Slack channel', value: tried?.slack ?? '', max: 100, placeholder: 'C0123456789 or #builds' })}
          <div><button class="button">Watch</button></div>
        </form>
      </div>`,
  };
}

const field = (it: { name: string; label: string; value: string; max: number; placeholder?: string }): Html => html`
  <label class="field">
    <span>${it.label}</span>
    <input name=${it.name} value=${it.value} maxlength=${it.max} placeholder=${it.placeholder} autocapitalize="off" autocomplete="off" spellcheck=${false} />
  </label>`;

const tones: Record<Watch['state'], Tone> = { new: 'info', active: 'good', failing: 'warn', disabled: 'bad' };
const outcomeTones: Record<Watch['deliveries'][number]['outcome'], Tone> = {
  delivered: 'good',
  retried: 'warn',
  failed: 'bad',
};

/** A watch and how its deliveries went. `secret` is shown this once, to whoever made it. */
export function watchedPage(watch: Watch, secret?: string | null): Page {
  const { id, module, q, events, webhook, slack, createdAt, state, message, deliveries } = watch;
  return {
    title: `Watch of ${module ?? q}`,
    ...(state === 'new' && secret === undefined && { refresh: 5, scripts: ['again.js'] }),
    body: html`
      <div class="stack">
        <header class="page-head">
          <p class="eyebrow">Watch</p>
          <h1>${module === null ? html`<a href=${searchLink({ q: q ?? '' })}>“${q}”</a>` : html`<a href=${moduleLink(module)}>${path(module)}</a>`}</h1>
        </header>
        ${
          secret !== undefined &&
          html`<section class="card stack">
            ${
              secret !== null &&
              html`<div>
                <h2>The secret that signs what is posted</h2>
                ${copyLine(secret, 'the secret of this watch')}
                <p class="quiet-text">It is shown this once. <a href="/api#webhooks">How to check a signature</a>.</p>
              </div>`
            }
            <p>Keep <a href=${`/watches/${id}`}>the address of this watch</a>: whoever has it may see and end it.</p>
          </section>`
        }
        <section>
          ${facts([
            ['State', html`<span>${tag(state, tones[state])} ${message}</span>`],
            ['Tells when', events.map(event => eventWords[event]).join(', ')],
            ['To', html`<code>${webhook ?? slack}</code>`],
            ['Since', when(createdAt)],
          ])}
        </section>
        <section>
          <h2>Deliveries</h2>
          ${
            deliveries.length === 0
              ? html`<p class="quiet-text">None yet. The first tells that it is being watched.</p>`
              : tableOf(
                  'Deliveries',
                  [column('When'), column('What'), column('Outcome'), column('Answer')],
                  deliveries.map(
                    each => html`
                      <tr>
                        <td>${when(each.at)}</td>
                        <th scope="row">${each.title}</th>
                        <td>${tag(each.outcome, outcomeTones[each.outcome])}</td>
                        <td>${each.status ?? ''} ${each.message}</td>
                      </tr>`,
                  ),
                )
          }
        </section>
        <form method="post" action=${`/watches/${id}/end`}><button class="button quiet">End this watch</button></form>
      </div>`,
  };
}

export const endedPage = (ended: boolean): Page => ({
  title: 'Watch ended',
  body: html`
    <div class="stack narrow">
      <header class="page-head">
        <h1>${ended ? 'The watch is ended' : 'There was no such watch'}</h1>
        <p class="lead">Nothing is told any more.</p>
      </header>
      <p><a class="button" href="/">To the first page</a></p>
    </div>`,
});
