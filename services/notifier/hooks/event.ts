import type { Level } from '../notice.ts';

/** What a hook was told, in our terms; or why there is nothing to tell. */
export type HookEvent = { ignored: string } | HookNotice;

export interface HookNotice {
  /** Unique of the event, so that a repeat is seen to be one. */
  id: string;
  /** What belongs together. */
  thread: string;
  type: 'ci' | 'alert';
  at: string;
  level: Level;
  title: string;
  text: string;
  link?: { label: string; url: string };
  log?: string;
  broadcast?: boolean;
  data: Record<string, unknown>;
}

/** An address that may be shown as a link; anything else is none. */
export function linkTo(label: string, url: string | undefined): { link?: { label: string; url: string } } {
  if (url === undefined || url.length > 2000 || !URL.canParse(url) || !/^https?:/i.test(url)) return {};
  return { link: { label, url } };
}

/** RFC 3339 of a time as others write it; undefined when it is none. */
export function timeOf(value: string | number | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
