import { type Html, html } from '../html.ts';
import { type IconName, icon } from '../icons.ts';

/** A line to paste into a shell, with a button where there are scripts. It can be selected as a whole. */
export const copyLine = (text: string, label: string): Html => html`
  <div class="copy-line">
    <code tabindex="0" aria-label=${label}>${text}</code>
    <button type="button" class="copy" data-copy=${text} hidden aria-label=${`Copy: ${label}`}>
      ${icon('copy')}<span>Copy</span>
    </button>
  </div>`;

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain';

export const tag = (text: string, tone: Tone = 'plain'): Html => html`<span class=${`tag ${tone}`}>${text}</span>`;

const noticeIcons: Record<Tone, IconName> = {
  good: 'check',
  warn: 'warning',
  bad: 'warning',
  info: 'clock',
  plain: 'box',
};

/** Something to know before reading on. */
export const notice = (tone: Tone, title: Html, body?: Html): Html => html`
  <div class=${`notice ${tone}`}>
    ${icon(noticeIcons[tone])}
    <div><p class="notice-title">${title}</p>${body}</div>
  </div>`;

/** Instead of a list without entries: says why, and what to do. */
export const empty = (title: string, body: Html): Html => html`
  <div class="empty">${icon('box')}<h2>${title}</h2><div>${body}</div></div>`;

/** A path that may break after its slashes, never inside a word that could stand whole. */
export const path = (text: string): Html =>
  text.split(/(?<=\/)/).map((part, index) => [index > 0 && html`<wbr />`, part]);

/** Pages of a list that only knows what follows. */
export const pager = (first: string | undefined, next: string | undefined): Html =>
  (first || next) &&
  html`
    <nav class="pager" aria-label="Pages">
      ${first && html`<a class="button quiet" href=${first} rel="first">Back to the first page</a>`}
      ${next && html`<a class="button" href=${next} rel="next">Next page ${icon('arrow')}</a>`}
    </nav>`;

/** A table that scrolls by itself where the screen is narrower. */
export const tableOf = (label: string, head: readonly Html[], rows: readonly Html[], className = ''): Html => html`
  <div class="scroll" role="region" aria-label=${label} tabindex="0">
    <table class=${className}>
      <thead><tr>${head}</tr></thead>
      <tbody>${rows}</tbody>
    </table>
  </div>`;

export const number = (text: Html): Html => html`<th scope="col" class="number">${text}</th>`;
export const column = (text: Html): Html => html`<th scope="col">${text}</th>`;

/** Pairs of a term and what it is. */
export const facts = (pairs: readonly (readonly [string, Html] | false | null | undefined)[]): Html => html`
  <dl class="facts">
    ${pairs.map(pair => pair && html`<div><dt>${pair[0]}</dt><dd>${pair[1]}</dd></div>`)}
  </dl>`;

export const licenceTags = (licences: readonly string[]): Html =>
  licences.length === 0 ? tag('no licence found', 'warn') : licences.map(licence => tag(licence));
