/**
 * Atom feeds, RFC 4287. Written here because the feed libraries give titles as HTML, so that a module named like markup
 * would become some, and let through characters that XML forbids.
 */
export interface Feed {
  title: string;
  /** The page that it is about. */
  link: string;
  /** Its own address. */
  self: string;
  /** When there is no entry, RFC 3339. */
  updated: string;
  entries: Entry[];
}

export interface Entry {
  title: string;
  /** The address of its page, which is its id as well: an entry is of one version. */
  link: string;
  /** What tells entries of one page apart. */
  fragment?: string;
  /** RFC 3339. */
  updated: string;
  summary: string;
}

export const atomType = 'application/atom+xml; charset=utf-8';

export function writeFeed({ title, link, self, updated, entries }: Feed): string {
  const newest = entries.map(entry => entry.updated).sort();
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    `<title>${escaped(title)}</title>`,
    `<id>${escaped(self)}</id>`,
    `<link rel="self" type="application/atom+xml" href="${escaped(self)}"/>`,
    `<link rel="alternate" type="text/html" href="${escaped(link)}"/>`,
    `<updated>${escaped(newest.at(-1) ?? updated)}</updated>`,
    '<author><name>GoCenter</name></author>',
    ...entries.map(writeEntry),
    '</feed>\n',
  ].join('\n');
}

function writeEntry({ title, link, fragment, updated, summary }: Entry): string {
  const id = fragment === undefined ? link : `${link}#${fragment}`;
  return [
    '<entry>',
    `<title>${escaped(title)}</title>`,
    `<id>${escaped(id)}</id>`,
    `<link rel="alternate" type="text/html" href="${escaped(link)}"/>`,
    `<updated>${escaped(updated)}</updated>`,
    `<summary>${escaped(summary)}</summary>`,
    '</entry>',
  ].join('\n');
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** For text and attributes; what XML 1.0 forbids, lone surrogates included, becomes U+FFFD. */
export function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll(/[&<>"']/g, character => entities[character] ?? '');
}
