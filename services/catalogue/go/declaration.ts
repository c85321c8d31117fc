/** Go code on one line, as it is compared and shown. */

/** Of a declaration; what is longer is cut, and what comes after compared by nobody. */
const longest = 1000;

const commentOrString = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(`[^`]*`?|"(?:[^"\\\n]|\\.)*"?)/g;

const withoutComments = (code: string) => code.replaceAll(commentOrString, (_, text?: string) => text ?? '');

/** Without comments and line breaks, spaced as gofmt spaces one line. */
export function plainCode(code: string): string {
  const line = withoutComments(code.slice(0, 16 * longest))
    .replaceAll(/\s+/g, ' ')
    .trim();
  return cut(line.replaceAll('( ', '(').replaceAll(/,? \)/g, ')'));
}

/** The declaration of a struct or an interface, with the members that others may use. */
export function withMembers(kind: string, head: string, body: string): string {
  const lines = withoutComments(body.slice(0, 64 * longest))
    .split(/[\n;]/)
    .map(line => line.replaceAll(/\s+/g, ' ').trim())
    .filter(line => line !== '' && (kind === 'interface' || exportedField.test(line)));
  return cut(`${plainCode(head)} {${lines.length === 0 ? '' : ` ${lines.join('; ')} `}}`);
}

/** A name, or an embedded type of any package. */
const exportedField = /^\*?(?:[\p{L}_][\p{L}\p{N}_]*\.)?\p{Lu}/u;

const cut = (line: string) => (line.length > longest ? `${line.slice(0, longest)}…` : line);
