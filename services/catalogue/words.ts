import { shortestCorrected } from './nearest.ts';

/**
 * How text becomes words, for what is indexed and for what is asked alike. A word is letters and digits only, in lower
 * case and without diacritics, at most 40 characters.
 */
export function words(text: string): string[] {
  if (/^[\x00-\x7f]*$/.test(text)) return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map(clip); // the same, faster
  const plain = text.normalize('NFKD').replaceAll(/\p{M}+/gu, '');
  return (plain.match(/[\p{L}\p{N}]+/gu) ?? []).map(run => clip(run.toLowerCase()));
}

const longestWord = 40;
const clip = (word: string) => word.slice(0, longestWord);

/** Words of a module path that tell modules apart: not the host, not a major version. */
export interface PathWords {
  /** Of the last element, `/v2` and the like left out. */
  name: string[];
  /** The last element written together: `go-yaml` is `goyaml`. */
  joined: string;
  /** Of the elements between. */
  folders: string[];
  /** Of the host. */
  host: string[];
}

export function pathWords(path: string): PathWords {
  const [host = '', ...elements] = path.split('/');
  if (elements.length > 1 && /^v\d+$/.test(elements.at(-1) ?? '')) elements.pop();
  const last = (elements.pop() ?? host).replace(/\.v\d+(-unstable)?$/, '');
  const name = words(last.replaceAll(/([a-z])([A-Z])/g, '$1 $2'));
  return { name, joined: clip(name.join('')), folders: elements.flatMap(words), host: words(host) };
}

/** Whatever a search for this module may use: its path's words, also those written together. */
export function allPathWords(path: string): Set<string> {
  const { name, joined, folders, host } = pathWords(path);
  const together = path.split('/').map(element => clip(words(element).join('')));
  return new Set([...name, joined, ...folders, ...host, ...together, ...words(path)].filter(word => word !== ''));
}

/** Words that say nothing in a search for Go modules, unless nothing else is asked for. */
const filler = new Set(
  'a an and for from go golang in is lib library module of on or package pkg that the to with'.split(' '),
);

/** Words of a synopsis that misspellings are measured against. */
const mostLearned = 24;

/**
 * The words of a module that a misspelt one may have meant: of its path, and the first of its synopsis. In the order of
 * their bytes, each once.
 */
export function vocabularyOf(path: string, synopsis: string): string[] {
  const told = words(synopsis).filter(word => !filler.has(word) && !/^\d+$/.test(word));
  const learned = [...new Set(told.filter(word => word.length >= shortestCorrected))].slice(0, mostLearned);
  const named = [...allPathWords(path)].filter(word => word.length >= shortestCorrected);
  return [...new Set([...named, ...learned])].sort();
}

/** What the vocabulary has of a module's row. One indexed before synopses counted has its path's words there. */
export function knownOf({ indexed, vocabulary, path }: Readonly<Record<string, unknown>>): string[] {
  if (typeof vocabulary === 'string') return vocabulary.split(' ').filter(word => word !== '');
  return indexed === null ? [] : vocabularyOf(String(path), '');
}

/** What a change of vocabulary adds and takes away. */
export function vocabularyChange(before: readonly string[], after: readonly string[]) {
  const [had, has] = [new Set(before), new Set(after)];
  return { added: after.filter(word => !had.has(word)), removed: before.filter(word => !has.has(word)) };
}

/** At most so many characters of a question are read, and so many words. */
const longestQuestion = 200;
const mostTerms = 8;

/** The words to search for, in the order given, each once. */
export function terms(text: string): string[] {
  const asked = [...new Set(words(text.slice(0, longestQuestion)))];
  const telling = asked.filter(word => !filler.has(word));
  return (telling.length > 0 ? telling : asked).slice(0, mostTerms);
}
