import { type Html, html } from './html.ts';

/** Line icons on a grid of 16, drawn for these pages; decoration only: the words beside them say it. */
const paths = {
  search: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zm3.6-1.4L14 14',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  check: 'M3 8.5l3.2 3.2L13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  warning: 'M8 2.2 14.6 13.6H1.4zM8 6.5v3.4M8 11.6v.2',
  shield: 'M8 1.8l5.2 1.9v4c0 3.2-2.2 5.3-5.2 6.5-3-1.2-5.2-3.3-5.2-6.5v-4z',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.6',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13',
  moon: 'M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z',
  arrow: 'M3 8h10M9 4l4 4-4 4',
  out: 'M6 3H3v10h10v-3M9 3h4v4M13 3 7.5 8.5',
  feed: 'M3 3a10 10 0 0 1 10 10M3 7a6 6 0 0 1 6 6M3.6 13a.6.6 0 1 0 0-1.2.6.6 0 0 0 0 1.2z',
  box: 'M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.2 13.5 5M8 8.2v6',
} as const;

export type IconName = keyof typeof paths;

export const icon = (name: IconName, className = ''): Html => html`
  <svg class=${`icon ${className}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <path d=${paths[name]} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" />
  </svg>`;

/** A ring that opens as a G around its centre. assets/favicon.svg is the same. */
export const mark = (): Html => html`
  <svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" focusable="false">
    <path class="mark-ring" d="M25.5 9.2A11.6 11.6 0 1 0 27.6 16H20" fill="none" stroke-width="4.4" stroke-linecap="round" stroke-linejoin="round" />
    <circle class="mark-centre" cx="16" cy="16" r="3.6" />
  </svg>`;
