import { createHash } from 'node:crypto';
import { allPathWords, pathWords, terms, words } from './words.ts';

/**
 * Which modules a search finds, and in which order: the same in every adapter.
 *
 * 1. The text becomes terms (words.ts). A module matches when it has every term, the last one also as the beginning of a
 *    word when it has three characters or more, and passes the filters.
 * 2. Candidates: the 200 first that have all terms in their path, the 300 first that have them anywhere, and the module
 *    whose path is the text. "First" is by use (a tier, so that small changes move nothing), then by a hash of the path.
 *    So a search costs the same however many modules match, and what is beyond them is not found: of more than 500
 *    matches the most used are shown.
 * 3. Candidates are ordered by `score`, then by the bytes of their paths.
 * 4. When nothing matches, each term that no module has is replaced by the nearest of the words in module paths and
 *    synopses (nearest.ts), and that is searched for. When still nothing matches and there are several terms, those are
 *    replaced too that only READMEs and packages have.
 */
export const limits = { named: 200, found: 300, page: 100, suggestions: 20 } as const;

/** From how many characters on the last term may be unfinished. In suggestions: from the first. */
export const shortestPrefix = 3;

/** Number of tiers; 0 is unused. A quarter of a doubling each. */
export const tiers = 64;

/** Use as one number from 0 to 63: who requires it counts, and a hundred downloads as much as one of them. */
export function tierOf(usedBy: number, downloads: number): number {
  return Math.min(tiers - 1, Math.floor(4 * Math.log2(1 + usedBy + downloads / 100)));
}

/** 46 bits of a hash of the path: with a tier before them still an exact number. */
export const pathHash = (path: string) => createHash('sha256').update(path).digest().readUIntBE(0, 6) % 2 ** 46;

/** Place in the order of use; the most used come first. */
export const place = (tier: number, id: number) => (tiers - 1 - tier) * 2 ** 46 + id;
export const idOf = (place: number) => place % 2 ** 46;

export interface Ranked {
  path: string;
  synopsis: string;
  deprecated: string;
  tier: number;
}

/** What a term is worth where it is found; half, rounded down, when only a beginning matches. */
const weights = { exact: 40, name: 24, folder: 10, synopsis: 6, host: 1, elsewhere: 1 } as const;

/** Higher is better. A whole number. */
export function score(module: Ranked, asked: readonly string[], text: string): number {
  const path = pathWords(module.path);
  const synopsis = words(module.synopsis);
  let sum = module.tier * Math.max(1, asked.length);
  for (const [i, term] of asked.entries()) {
    const open = i === asked.length - 1 && term.length >= shortestPrefix;
    sum += Math.max(
      worth([path.joined], term, open, weights.exact),
      worth(path.name, term, open, weights.name),
      worth(path.folders, term, open, weights.folder),
      worth(synopsis, term, open, weights.synopsis),
      worth(path.host, term, open, weights.host),
      weights.elsewhere,
    );
  }
  // Several words are a name when they are it together: `go yaml` and go-yaml.
  if (asked.length > 1 && asked.join('') === path.joined) sum += weights.exact;
  if (module.path === text.trim()) sum += 1000;
  if (module.deprecated !== '') sum -= 20;
  return sum;
}

function worth(found: readonly string[], term: string, open: boolean, weight: number): number {
  if (found.includes(term)) return weight;
  return open && found.some(word => word.startsWith(term)) ? Math.floor(weight / 2) : 0;
}

const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0); // paths are ASCII

/** The candidates in their order, with their scores. */
export function ranked<T extends Ranked>(
  candidates: Iterable<T>,
  text: string,
  asked: readonly string[] = terms(text),
) {
  const scored = Array.from(candidates, module => ({ module, score: score(module, asked, text) }));
  return scored.sort((a, b) => b.score - a.score || byBytes(a.module.path, b.module.path));
}

/** What is indexed of a module. */
export interface Indexed {
  /** Words of its path. */
  named: string[];
  /** Words of its path, synopses, packages and README; at most 500. */
  found: string[];
  /** What filters ask for: licence, kind, and the time of its newest version. */
  facets: string[];
}

export interface IndexedModule {
  path: string;
  synopsis: string;
  licences: readonly string[];
  kinds: readonly string[];
  time: string | undefined;
  /** Text of its newest version that may be searched for, the telling first. */
  texts: Iterable<string>;
}

const mostWords = 500;

export function indexed(module: IndexedModule): Indexed {
  const named = [...allPathWords(module.path)];
  const found = new Set([...named, ...words(module.synopsis)]);
  for (const text of module.texts) {
    if (found.size >= mostWords) break;
    for (const word of words(text.slice(0, 4096))) if (found.size < mostWords) found.add(word);
  }
  const { time = '' } = module;
  const when = time === '' ? [] : timeFacets(time);
  return {
    named,
    found: [...found],
    facets: ['all', ...module.licences.map(licenceFacet), ...module.kinds.map(kindFacet), ...when],
  };
}

export const licenceFacet = (id: string) => `licence${id.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`;
export const kindFacet = (kind: string) => `kind${kind}`;

/** Nothing in Go is older: the first year that is told apart. */
const firstYear = 2009;

/** `since2025` has every module whose newest version is of 2025 or later, `since202507` those of July 2025 or later in 2025. */
function timeFacets(time: string): string[] {
  const year = Number(time.slice(0, 4));
  const month = Number(time.slice(5, 7));
  const years = Array.from({ length: Math.max(0, year - firstYear) }, (_, i) => `since${firstYear + 1 + i}`);
  const months = Array.from({ length: month }, (_, i) => `since${year}${pad(1 + i)}`);
  return [...years, ...months];
}

/** Of which a module has one if its time is `since` or later; those of the first month need a closer look. */
export function sinceFacets(since: string): string[] {
  const year = Number(since.slice(0, 4));
  return [`since${Math.max(firstYear, year) + 1}`, `since${year}${since.slice(5, 7)}`];
}

const pad = (month: number) => String(month).padStart(2, '0');
