import sanitizeHtml from 'sanitize-html';

const headings = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];

/**
 * Lets through what READMEs need of HTML and nothing that runs, loads or reaches out of its box: no styles, classes, forms
 * or frames. Pictures become links to them, so nothing is loaded from elsewhere. Names get a prefix and never meet ours.
 */
export function sanitize(markup: string, base: string | undefined): string {
  let links = 0;
  return sanitizeHtml(markup, {
    allowedTags: [
      ...headings,
      ...[
        'a',
        'abbr',
        'b',
        'blockquote',
        'br',
        'caption',
        'center',
        'cite',
        'code',
        'dd',
        'del',
        'details',
        'div',
        'dl',
      ],
      ...[
        'dt',
        'em',
        'figcaption',
        'figure',
        'hr',
        'i',
        'ins',
        'kbd',
        'li',
        'mark',
        'ol',
        'p',
        'pre',
        'q',
        's',
        'samp',
      ],
      ...[
        'small',
        'span',
        'strong',
        'sub',
        'summary',
        'sup',
        'table',
        'tbody',
        'td',
        'tfoot',
        'th',
        'thead',
        'tr',
        'u',
      ],
      ...['ul', 'var'],
    ],
    allowedAttributes: {
      '*': ['id'],
      a: ['href', 'rel', 'class', 'title'],
      span: ['class', 'title'],
      div: ['align', 'class', 'tabindex'],
      p: ['align'],
      pre: ['tabindex'],
      ol: ['start'],
      td: ['align', 'colspan', 'rowspan'],
      th: ['align', 'colspan', 'rowspan', 'scope'],
      details: ['open'],
    },
    allowedClasses: { a: ['image'], span: ['image'], div: ['scroll'] },
    allowedSchemes: ['http', 'https', 'mailto'],
    allowProtocolRelative: false,
    nestingLimit: 60,
    transformTags: {
      '*': (tagName, { id, ...attribs }) => ({ tagName, attribs: { ...attribs, ...(id && { id: prefixed(id) }) } }),
      // The page's own heading is the first.
      ...Object.fromEntries(
        headings.map((heading, index) => [heading, headings[Math.min(5, index + 1)] ?? heading] as const),
      ),
      a: (tagName, { href, title, id, name }) => {
        links += 1;
        const label = id ?? name;
        return { tagName, attribs: { ...linkAttributes(resolve(href, base), title), ...(label && { id: label }) } };
      },
      pre: tagName => ({ tagName, attribs: { tabindex: '0' } }),
      img: (_, { src, alt = '' }) => {
        const text = alt.trim() || 'picture';
        const href = links > 0 ? undefined : resolve(src, base);
        if (href === undefined) return { tagName: 'span', attribs: { class: 'image' }, text };
        return { tagName: 'a', attribs: { ...linkAttributes(href, undefined), class: 'image' }, text };
      },
    },
    onCloseTag: name => {
      if (name === 'a') links = Math.max(0, links - 1);
    },
  });
}

const prefix = 'readme-';
const prefixed = (name: string) => prefix + name.slice(0, 200).replaceAll(/\s/g, '-');

function linkAttributes(href: string | undefined, title: string | undefined): Record<string, string> {
  if (href === undefined) return {};
  const outside = href.startsWith('#') ? {} : { rel: 'nofollow noopener ugc' };
  return { href, ...outside, ...(title && { title }) };
}

/** The whole address; undefined for what leads nowhere: of a script, or relative to what nobody knows. */
function resolve(href: string | undefined, base: string | undefined): string | undefined {
  if (href === undefined) return undefined;
  if (href.startsWith('#')) return `#${prefixed(href.slice(1))}`;
  if (!URL.canParse(href, base)) return undefined;
  const { protocol, href: whole } = new URL(href, base);
  return protocol === 'https:' || protocol === 'http:' || protocol === 'mailto:' ? whole : undefined;
}
