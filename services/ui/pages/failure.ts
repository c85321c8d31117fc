import { type Fault, type FaultKind, statusOf } from '../../errors.ts';
import { html } from '../html.ts';
import { includeLink, searchLink } from '../links.ts';
import type { Page } from '../page.ts';

const titles: Partial<Record<FaultKind, string>> = {
  'not-found': 'This is not here',
  invalid: 'This can’t be asked',
  method: 'This can’t be asked',
  unauthorized: 'An access token is needed',
  refused: 'This is refused',
  'rate-limited': 'Too many requests',
  'timed-out': 'Nobody answered in time',
  unavailable: 'This does not work for now',
  internal: 'This went wrong',
};

/** Says what happened and what to do. `module` is what the address names, when it can be a module. */
export function failurePage(fault: Fault, asked: { module?: string | undefined; version?: string | undefined }): Page {
  const { kind } = fault;
  const message =
    kind === 'internal'
      ? 'It is a defect of ours, written to our log. Try again in a moment.'
      : sentence(fault.message);
  const { module, version } = asked;
  const canInclude = kind === 'not-found' && module !== undefined;
  return {
    title: titles[kind] ?? 'This failed',
    status: statusOf[kind],
    search: '',
    body: html`
      <div class="failure">
        <p class="failure-code">${statusOf[kind]}</p>
        <h1>${titles[kind] ?? 'This failed'}</h1>
        <p class="lead">${message}</p>
        <p class="actions">
          ${canInclude && html`<a class="button" href=${includeLink(module, version)}>Include it</a>`}
          ${canInclude && html`<a class="button quiet" href=${searchLink({ q: module.split('/').at(-1) })}>Search for something like it</a>`}
          ${!canInclude && html`<a class="button" href="/">To the first page</a>`}
          ${kind === 'unavailable' && html`<a class="button quiet" href="/status">Status</a>`}
        </p>
      </div>`,
  };
}

const sentence = (message: string): string => {
  const text = message.slice(0, 500);
  // A path is no word.
  const first = /^[a-z]+[ ,]/.test(text) ? text.charAt(0).toUpperCase() : text.charAt(0);
  return `${first}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
};
