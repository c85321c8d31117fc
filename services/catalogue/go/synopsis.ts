import type { GoFile } from './source.ts';

/** go/doc's IllegalPrefixes: a comment that begins so is of lawyers. */
const illegal = ['copyright', 'all rights', 'author'];

/** Of a package's files, what tells which names in its comments are links. */
type Naming = Pick<GoFile, 'name' | 'exported' | 'imports'>;

/**
 * The first sentence of a doc comment on one line: doc.Package.Synopsis of go/doc. '' where there is none, or where
 * the comment begins with something other than a paragraph. Of brackets only those of doc links are left out, so the
 * files of the package are needed: they say what it declares and imports.
 */
export function synopsis(doc: string, files: readonly Naming[] = []): string {
  const sentence = firstSentence(doc);
  const lower = sentence.toLowerCase();
  if (illegal.some(prefix => lower.startsWith(prefix))) return '';
  const [paragraph = ''] = sentence.split(/\n[ \t]*\n/, 1);
  if (/^[ \t]/.test(paragraph) || /^# .*$/.test(paragraph)) return ''; // code, list, heading
  return quoted(withoutLinks(paragraph, files)).replaceAll(/\s+/g, ' ').trim().slice(0, longest);
}

/** Nobody's list shows more. */
const longest = 500;

/** Three backquotes and more are somebody's Markdown. */
const quoted = (text: string) => text.replaceAll(/`{2,}/g, run => (run === '``' ? '“' : run)).replaceAll("''", '”');

/** comment.Parser.docLink: a name in brackets, between spaces or punctuation, that is known. */
function withoutLinks(text: string, files: readonly Naming[]): string {
  if (!text.includes('[')) return text;
  const known = knownTo(files);
  return text.replaceAll(/\[([^[\]]*)\]/g, (whole, name: string, at: number) => {
    const after = at + whole.length;
    const isApart = borders(text.slice(Math.max(0, at - 2), at), -1) && borders(text.slice(after, after + 2), 0);
    return isApart && isLink(name.replace(/^\*/, ''), known) ? name : whole;
  });
}

/** Whether a link may stand beside the character at this place: white space, punctuation, or none. */
function borders(text: string, place: 0 | -1): boolean {
  const character = [...text].at(place);
  return character === undefined || /^[\p{P} \t\n]$/u.test(character);
}

interface Known {
  symbols: Set<string>;
  packages: Set<string>;
}

function isLink(text: string, { symbols, packages }: Known): boolean {
  const [before, name] = splitName(text);
  const [path, receiver] = name === '' ? [before, ''] : splitName(before);
  if (path === '') return symbols.has(receiver === '' ? name : `${receiver}.${name}`);
  return path.includes('/') ? path.split('/').every(each => pathElement.test(each)) : packages.has(path);
}

/** `before.Name` where the name is capital; else all is before. */
function splitName(text: string): [before: string, name: string] {
  const dot = text.lastIndexOf('.');
  const name = text.slice(dot + 1);
  if (!/^\p{Lu}[\p{L}_0-9]*$/u.test(name)) return [text, ''];
  return [text.slice(0, Math.max(0, dot)), name];
}

const pathElement = /^[\w~+-](?:[\w.~+-]*[\w~+-])?$/;

/** Of the standard library, as far as their paths are one element (go/doc/comment/std.go). */
const standard =
  'bufio bytes cmp context crypto embed encoding errors expvar flag fmt hash html image io iter log maps math mime net ' +
  'os path plugin reflect regexp runtime slices sort strconv strings structs sync syscall testing time unicode unique ' +
  'unsafe weak';

function knownTo(files: readonly Naming[]): Known {
  const symbols = new Set(files.flatMap(({ exported }) => exported.map(name => name.slice(name.indexOf(' ') + 1))));
  const paths = new Map<string, Set<string>>();
  for (const { name, path } of files.flatMap(({ imports }) => imports)) {
    const its = name ?? assumedName(path);
    paths.set(its, (paths.get(its) ?? new Set()).add(path));
  }
  // A name that stands for several packages is none.
  const imported = [...paths].filter(([, each]) => each.size === 1).map(([name]) => name);
  return { symbols, packages: new Set([...standard.split(' '), ...files.map(({ name }) => name), ...imported]) };
}

/** The package's name as go/doc guesses it from its path: `example.com/go-yaml/v3` is yaml. */
function assumedName(path: string): string {
  const elements = path.split('/');
  if (elements.length > 1 && /^v\d+$/.test(elements.at(-1) ?? '')) elements.pop();
  const base = (elements.at(-1) ?? '').replace(/^go-/, '');
  return /^[\p{L}\p{Nd}_]*/u.exec(base)?.[0] ?? '';
}

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
