import type { Level, Notice } from '../notice.ts';

/**
 * A notice as Block Kit. Only `rich_text` is used: its texts are literal, so that nothing in a module's name, a reason or
 * a log is a mention, a link or a format. https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
 */
export interface Rendered {
  /** What notifications and screen readers say; its markup is escaped. */
  text: string;
  blocks: object[];
}

const emojis: Readonly<Record<Level, string>> = {
  good: 'white_check_mark',
  info: 'package',
  warning: 'warning',
  critical: 'rotating_light',
};

/** Slack refuses more than 3000 characters in a text; a message is read on a phone. */
const longestTitle = 250;
const longestText = 1500;
const longestItem = 120;
const longestLog = 2500;

export function render({ level, title, text, link, items = [], log }: Notice): Rendered {
  const line: object[] = [
    { type: 'emoji', name: emojis[level] },
    { type: 'text', text: ` ${cut(title, longestTitle)}`, style: { bold: true } },
  ];
  if (text !== '') line.push({ type: 'text', text: `\n${cut(text, longestText)}` });
  if (link !== undefined) line.push({ type: 'text', text: '\n' }, { type: 'link', url: link.url, text: link.label });
  const elements: object[] = [{ type: 'rich_text_section', elements: line }];
  if (items.length > 0) elements.push({ type: 'rich_text_list', style: 'bullet', elements: items.map(item) });
  if (log !== undefined && log !== '') {
    // The end of a log is what tells.
    const lines = { type: 'text', text: cutStart(log, longestLog) };
    elements.push({ type: 'rich_text_preformatted', elements: [lines] });
  }
  return { text: escapeMarkup(cut(title, longestTitle)), blocks: [{ type: 'rich_text', elements }] };
}

function item({ level, title, link }: NonNullable<Notice['items']>[number]): object {
  const text = ` ${cut(title, longestItem)}`;
  const told = link === undefined ? { type: 'text', text } : { type: 'link', url: link.url, text };
  return { type: 'rich_text_section', elements: [{ type: 'emoji', name: emojis[level] }, told] };
}

const cut = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`);
const cutStart = (text: string, most: number) =>
  text.length <= most ? text : `…${text.slice(1 - most).toWellFormed()}`;

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
const escapeMarkup = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
