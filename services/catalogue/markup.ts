import MarkdownIt from 'markdown-it';

const { unescapeAll } = new MarkdownIt().utils;

/** Of somebody's Markdown on one line, the words: without links, emphasis by stars, code marks, and HTML's entities. */
export const withoutMarks = (line: string): string =>
  unescapeAll(
    line
      .replaceAll(/\[([^[\]]*)\]\([^()]*\)/g, '$1')
      .replaceAll(/(\*{1,3})(?=[^\s*])([^*]*[^\s*])\1/g, '$2')
      .replaceAll('`', ''),
  );

/** A paragraph that begins so is about the state of things. */
export const notice =
  /^(?:[ℹ⚠🚨📢❗📣🚧]|:(?:warning|information_source|rotating_light|exclamation|construction|mega|loudspeaker):|(?:note|notice|warning|important|attention|caution|announcement|deprecated|deprecation notice|update|news)\s*[:!])/iu;

/** The synopsis of a doc comment for people: without what stands between stars before it, and without marks. */
export const withoutNotice = (synopsis: string): string =>
  withoutMarks(synopsis.replace(/^\*{2,}\s.*?(?:\s\*{2,}\s*|$)/, '')).trim();
