import type { VersionFacts } from '../catalogue/facts.ts';
import { shortestPrefix } from '../catalogue/rank.ts';
import { allPathWords, terms, words } from '../catalogue/words.ts';

/**
 * Whether a search is for this module, by the rule of the catalogue (rank.ts): it has every term, the last one also as the
 * beginning of a word. It is asked of the facts themselves, so that a version which is not in the catalogue yet is
 * told of. What is not published has no content, so its path has to match.
 */
export function matchesSearch(search: string, module: string, facts: VersionFacts | undefined): boolean {
  const asked = terms(search);
  if (asked.length === 0) return false;
  const last = asked.length - 1;
  const found = wordsOf(module, facts);
  return asked.every((term, i) => {
    if (found.has(term)) return true;
    if (i !== last || term.length < shortestPrefix) return false;
    for (const word of found) if (word.startsWith(term)) return true;
    return false;
  });
}

const longestText = 4096;

function wordsOf(module: string, facts: VersionFacts | undefined): Set<string> {
  const found = allPathWords(module);
  const { content } = facts ?? {};
  if (content === undefined) return found;
  const texts = content.packages.flatMap(({ path, synopsis }) => [path, synopsis]);
  for (const text of [...texts, content.readme?.text ?? '']) {
    for (const word of words(text.slice(0, longestText))) found.add(word);
  }
  return found;
}
