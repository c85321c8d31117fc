import markdownIt from 'markdown-it';
import { sanitize } from './sanitize.ts';

export interface Readme {
  file: string;
  text: string;
  /** Where relative links lead; undefined where nobody knows. */
  base: string | undefined;
}

/** More of a text is not shown: no person reads it, and the time to render it has a bound. UTF-16 units. */
export const maxText = 256 << 10;
/** Markup that is larger is not sent: some make ten times as much of a text. UTF-16 units. */
export const maxMarkup = 512 << 10;

const markdown = markdownIt({ html: true, linkify: true, maxNesting: 40 });
// Only what is written as an address: guessing at words with dots makes links of file names.
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
markdown.renderer.rules.table_open = () => '<div class="scroll" tabindex="0"><table>';
markdown.renderer.rules.table_close = () => '</table></div>';

/** Headings get the names that forges give them, so that tables of contents lead somewhere. */
markdown.core.ruler.push('heading-ids', ({ tokens }) => {
  const used = new Map<string, number>();
  for (const [index, token] of tokens.entries()) {
    if (token.type !== 'heading_open') continue;
    const slug = slugOf(tokens[index + 1]?.content ?? '');
    const before = used.get(slug) ?? 0;
    used.set(slug, before + 1);
    token.attrSet('id', before === 0 ? slug : `${slug}-${before}`);
  }
});

/** `- [x] done` as a mark: a form's box that can't be clicked says no more. */
markdown.core.ruler.after('inline', 'tasks', ({ tokens }) => {
  for (const [index, token] of tokens.entries()) {
    const first = token.children?.[0];
    if (first?.type !== 'text' || tokens[index - 2]?.type !== 'list_item_open') continue;
    first.content = first.content.replace(/^\[([ xX])\] /, (_, mark) => (mark === ' ' ? '☐ ' : '☑ '));
  }
});

const slugOf = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')
    .slice(0, 100);

/** A README as markup that is harmless on our pages. Takes time in proportion to its text, mostly. */
export function renderReadme({ file, text, base }: Readme): string {
  const shown = text.slice(0, maxText);
  if (!/\.(md|markdown)$/i.test(file)) return plainReadme(shown);
  const markup = sanitize(markdown.render(shown), base);
  return markup.length > maxMarkup ? plainReadme(shown) : markup;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** The text as it is, or the beginning of so many UTF-16 units. */
export function plainReadme(text: string, most = maxText): string {
  const escaped = text.slice(0, most).replaceAll(/[&<>]/g, character => entities[character] ?? '');
  const whole = escaped.length > maxMarkup ? escaped.slice(0, maxMarkup).replace(/&[a-z]*$/, '') : escaped;
  return `<pre tabindex="0">${whole}${text.length > most ? '\n…' : ''}</pre>`;
}
