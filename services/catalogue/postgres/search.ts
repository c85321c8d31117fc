import { checkLimit, readCursor, writeCursor } from '../cursor.ts';
import { arrange, type Candidate, everything, type Filter, filterOf, inOrder } from '../filter.ts';
import type { SearchPage, SearchQuery, Suggestion } from '../index.ts';
import { forgiven, nearest, nearestCandidates, trigrams } from '../nearest.ts';
import { idOf, limits, shortestPrefix } from '../rank.ts';
import { terms } from '../words.ts';
import { modules as summarize } from './read.ts';
import type { Session } from './session.ts';

/** A lexeme has at most 2046 bytes; no facet that is indexed is near it. */
const longestFacet = 500;

/** A facet as a lexeme: no word begins so. */
export const facetLexeme = (facet: string) => `@${facet.slice(0, longestFacet)}`;

/** Terms and facets are letters and digits only (words.ts, rank.ts), so that quoting is all they need. */
const quoted = (lexeme: string) => `'${lexeme}'`;

const unfinished = (term: string) => `${quoted(term)}:*`;

/** All terms, the last one unfinished when it has `from` characters, and the facets: a tsquery. */
function match(asked: readonly string[], filter: Filter, from: number): string {
  const words = asked.map((term, i) =>
    i === asked.length - 1 && term.length >= from ? unfinished(term) : quoted(term),
  );
  const facets = filter.facets.map(any => `(${any.map(facet => quoted(facetLexeme(facet))).join(' | ')})`);
  return [...words, ...facets].join(' & ');
}

async function places(session: Session, vector: 'named' | 'found', query: string, limit: number): Promise<number[]> {
  const sql = `SELECT place FROM search WHERE ${vector} @@ $1::tsquery ORDER BY place LIMIT $2`;
  return (await session.all(sql, query, limit)).map(({ place }) => Number(place));
}

const columns = 'id, path, synopsis, deprecated, tier, time, used_by';

const rowsOf = async (session: Session, ids: Iterable<number>) =>
  (await session.all(`SELECT ${columns} FROM modules WHERE id = ANY($1::bigint[])`, [
    ...ids,
  ])) as unknown as Candidate[];

async function candidates(session: Session, asked: readonly string[], filter: Filter) {
  const query = match(asked, filter, shortestPrefix);
  const anywhere = await places(session, 'found', query, limits.found + 1);
  const inPath = asked.length === 0 ? [] : await places(session, 'named', query, limits.named);
  const ids = new Set([...anywhere.slice(0, limits.found), ...inPath].map(idOf));
  return { modules: await rowsOf(session, ids), more: anywhere.length > limits.found };
}

/**
 * The terms with those replaced by the nearest known word that no module has, or with `thorough` that are in no path or
 * synopsis; undefined when nothing changes.
 */
async function correct(session: Session, asked: readonly string[], thorough: boolean): Promise<string[] | undefined> {
  const corrected: string[] = [];
  for (const [i, term] of asked.entries()) corrected.push(await meant(session, term, i === asked.length - 1, thorough));
  return corrected.some((term, i) => term !== asked[i]) ? corrected : undefined;
}

async function meant(session: Session, term: string, last: boolean, thorough: boolean): Promise<string> {
  const mistakes = forgiven(term.length);
  if (mistakes === 0) return term;
  if ((await session.get('SELECT 1 FROM terms WHERE term = $1', term)) !== undefined) return term;
  if (!thorough) {
    const found = await places(session, 'found', last ? unfinished(term) : quoted(term), 1);
    if (found.length > 0) return term;
  }
  const likely = await session.all(
    `SELECT g.term AS word, t.modules FROM (
       SELECT term, count(*) AS shared FROM trigrams
       WHERE trigram = ANY($1::text[]) AND length BETWEEN $2 AND $3
       GROUP BY term ORDER BY shared DESC, term LIMIT ${nearestCandidates}
     ) g JOIN terms t ON t.term = g.term`,
    ...[trigrams(term), term.length - mistakes, term.length + mistakes],
  );
  return nearest(term, likely as unknown as { word: string; modules: number }[]) ?? term;
}

export async function search(session: Session, query: SearchQuery): Promise<SearchPage> {
  checkLimit(query.limit, limits.page);
  const [offset] = query.cursor === undefined ? [0] : readCursor(query.cursor, 'search', ['number']);
  const filter = filterOf(query);
  const text = query.text.slice(0, 1024);
  let asked: readonly string[] = terms(text);
  let { modules, more } = await candidates(session, asked, filter);
  const byPath = `SELECT ${columns} FROM modules WHERE path = $1 AND indexed IS NOT NULL`;
  const whole = await session.get(byPath, text.trim());
  let corrected: string | undefined;
  if (modules.length === 0 && whole === undefined) {
    for (const thorough of asked.length > 1 ? [false, true] : [false]) {
      const instead = await correct(session, asked, thorough);
      if (instead !== undefined) ({ modules, more } = await candidates(session, instead, filter));
      if (instead === undefined || modules.length === 0) continue;
      [asked, corrected] = [instead, instead.join(' ')];
      break;
    }
  }
  const hits = arrange(modules, query, text, asked);
  const page = hits.slice(offset, offset + query.limit);
  const paths = page.map(({ path }) => path);
  const summaries = await summarize(session, paths);
  const end = offset + page.length;
  return {
    hits: page.flatMap(({ score }, i) => (summaries[i] === undefined ? [] : [{ ...summaries[i], score }])),
    total: hits.length,
    atLeast: more,
    corrected,
    next: end < hits.length ? writeCursor('search', [end]) : undefined,
  };
}

export async function suggest(session: Session, text: string, limit: number): Promise<Suggestion[]> {
  checkLimit(limit, limits.suggestions);
  const asked = terms(text);
  if (asked.length === 0) return [];
  const found = await places(session, 'named', match(asked, everything, 1), limits.named);
  return inOrder(await rowsOf(session, found.map(idOf)), text, asked)
    .slice(0, limit)
    .map(({ path, synopsis, used_by }) => ({ module: path, synopsis, usedBy: used_by }));
}
