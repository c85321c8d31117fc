import { type Html, html } from './html.ts';

const whole = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const dates = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
const moments = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });

export const count = (number: number): string => whole.format(number);

/** For tight places: 12.3K. */
export const short = (number: number): string => compact.format(number);

/** `1 version`, `2,000 versions`. */
export const counted = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;

export function bytes(size: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Per cent with as many digits as an objective needs: 99.95 %. Rounded down, so that 100 % means all. */
export function share(part: number): string {
  return `${Math.floor(part * 10_000) / 100} %`;
}

export function span(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** A time as people say it: lately by its age, else by its date; all of it when pointed at. */
export function when(time: string, now = Date.now()): Html {
  const at = Date.parse(time);
  if (Number.isNaN(at)) return '';
  const age = (now - at) / 1000;
  const text = age >= 0 && age < 7 * 86_400 ? (age < 60 ? 'just now' : `${span(age)} ago`) : dates.format(at);
  return html`<time datetime=${time} title=${`${moments.format(at)} UTC`}>${text}</time>`;
}

/** `2026-03-01` as `1 Mar 2026`. */
export const day = (date: string): string => dates.format(Date.parse(date));

export const moment = (time: string): string => {
  const at = Date.parse(time);
  return Number.isNaN(at) ? time : `${moments.format(at)} UTC`;
};
