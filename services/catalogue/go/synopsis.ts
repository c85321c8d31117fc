/** go/doc's IllegalPrefixes: a comment that begins so is of lawyers. */
const illegal = ['copyright', 'all rights', 'author'];

/**
 * The first sentence of a doc comment on one line: doc.Package.Synopsis of go/doc. '' where there is none, or where
 * the comment begins with something other than a paragraph.
 */
export function synopsis(doc: string): string {
  const sentence = firstSentence(doc);
  const lower = sentence.toLowerCase();
  if (illegal.some(prefix => lower.startsWith(prefix))) return '';
  const [paragraph = ''] = sentence.split(/\n[ \t]*\n/, 1);
  if (/^([ \t]|# |[-*+•] |\d+[.)] )/.test(paragraph)) return ''; // code, heading, list
  const links = paragraph.replaceAll(/\[(\*?[\p{L}_][\p{L}\p{N}_./]*)\]/gu, '$1');
  return links.replaceAll(/\s+/g, ' ').trim().slice(0, longest);
}

/** Nobody's list shows more. */
const longest = 500;

/**
 * Up to a dot before white space, unless a single capital letter stands before the dot, as in `J. Doe`; or up to a
 * full stop of Chinese and Japanese.
 */
function firstSentence(text: string): string {
  let [ppp, pp, p] = ['', '', ''];
  let at = 0;
  for (const char of text) {
    const q = /[\n\r\t]/.test(char) ? ' ' : char;
    if (q === ' ' && p === '.' && (!isUpper(pp) || isUpper(ppp))) return text.slice(0, at);
    if (p === '。' || p === '．') return text.slice(0, at);
    [ppp, pp, p] = [pp, p, q];
    at += char.length;
  }
  return text;
}

const isUpper = (char: string) => /^\p{Lu}$/u.test(char);
