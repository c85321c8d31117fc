import { notice, withoutMarks } from './markup.ts';

/** Where a README has not come to its subject after this much, it is not looked for. */
const longestSearched = 8192;
const longest = 300;

/** Underlines, rules, tables, lists, quotes, code, HTML, definitions of links, and fields of reStructuredText: no prose. */
const noProse = /^(?:[=~|>#<\s]|[*+-]\s|[*_-]{3}|--|```|\.\. |\d+[.)]\s|\[[^\]]*\]:|:[\w -]+:\s*\S+\s*$)/;
/** What is all bold calls out, it does not say what the module is. */
const allBold = /^(\*\*|__)[^*]*\1\s*$/;

/**
 * The first sentence of the first paragraph of a README that is prose and no notice, without its markup; '' where
 * there is none. Pictures and badges are no words.
 */
export function readmeSynopsis(text: string): string {
  const blocks = text
    .slice(0, longestSearched)
    .replaceAll('\r', '')
    .split(/\n\s*\n/);
  let isCode = false;
  for (const block of blocks) {
    const wasCode = isCode;
    if ((block.match(/^ {0,3}(?:```|~~~)/gm)?.length ?? 0) % 2 === 1) isCode = !isCode;
    if (wasCode || isCode) continue;
    const lines = block.split('\n');
    const isTitle = /^(?:=+|-+)\s*$/.test(lines[1] ?? '');
    // A title may stand right above its text.
    while (lines.length > 0 && /^#{1,6} |^!?\[[^\]]*\]\([^)]*\)\s*$/.test(lines[0] ?? '')) lines.shift();
    const [first = ''] = lines;
    if (isTitle || first === '' || noProse.test(first) || allBold.test(lines.join(' '))) continue;
    const prose = plain(lines.join(' '));
    const sentence = firstSentence(prose);
    if (!notice.test(prose) && /\p{L}+\s+\p{L}+/u.test(sentence)) return sentence;
  }
  return '';
}

function plain(markdown: string): string {
  const words = markdown
    .slice(0, 2048)
    .replaceAll(/\[?!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])(?:\](?:\([^)]*\)|\[[^\]]*\]))?/g, ' ')
    .replaceAll(/\[([^\]]*)\]\[[^\]]*\]/g, '$1')
    .replaceAll(/<\/?(?:a|b|code|em|i|strong)(?:\s[^>]*)?>/gi, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\b_+|_+\b/g, '');
  return withoutMarks(words).replaceAll(/\*+/g, '').replaceAll(/\s+/g, ' ').trim();
}

function firstSentence(line: string): string {
  const [sentence = ''] = /^.*?[.!?](?=\s+\p{Lu}|$)/u.exec(line) ?? [line];
  return sentence.length > longest ? `${sentence.slice(0, longest - 1).replace(/\s+\S*$/, '')}…` : sentence;
}
