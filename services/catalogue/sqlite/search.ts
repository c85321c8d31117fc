import type { DatabaseSync } from 'node:sqlite';
import { checkLimit, readCursor, writeCursor } from '../cursor.ts';
import { arrange, type Candidate, everything, type Filter, filterOf, inOrder } from '../filter.ts';
import type { ModuleSummary, SearchPage, SearchQuery, Suggestion } from '../index.ts';
import { forgiven, nearest, nearestCandidates, trigrams } from '../nearest.ts';
import { idOf, limits, shortestPrefix } from '../rank.ts';
import { terms } from '../words.ts';

/** Terms are letters and digits only (words.ts), so that quoting is all they need; the text itself never gets here. */
const quoted = (term: string) => `"${term}"`;

/** All terms; the last one unfinished when it has `from` characters. */
function match(asked: readonly string[], filter: Filter, from: number): string {
  const parts = asked.map((term, i) => quoted(term) + (i === asked.length - 1 && term.length >= from ? ' *' : ''));
  const found = parts.length === 0 ? '' : `({words} : ${parts.join(' AND ')}) AND `;
  const facets = filter.facets.map(any => `(${any.map(quoted).join(' OR ')})`).join(' AND ');
  return `${found}({facets} : ${facets})`;
}

export function createSearch(db: DatabaseSync, summarize: (paths: readonly string[]) => (ModuleSummary | undefined)[]) {
  const places = (table: string) =>
    db.prepare(`SELECT rowid AS place FROM ${table} WHERE ${table} MATCH ? ORDER BY rowid LIMIT ?`);
  const named = places('named');
  const found = places('found');
  const columns = 'id, path, synopsis, deprecated, tier, time, used_by';
  const rows = db.prepare(`SELECT ${columns} FROM modules WHERE id IN (SELECT value FROM json_each(?))`);
  const byPath = db.prepare(`SELECT ${columns} FROM modules WHERE path = ? AND indexed IS NOT NULL`);
  const isTerm = db.prepare('SELECT 1 FROM terms WHERE term = ?');
  const likely = db.prepare(`
    SELECT g.term AS word, t.modules FROM (
      SELECT term, count(*) AS shared FROM trigrams
      WHERE trigram IN (SELECT value FROM json_each(?1)) AND length BETWEEN ?2 AND ?3
      GROUP BY term ORDER BY shared DESC, term LIMIT ${nearestCandidates}
    ) g JOIN terms t ON t.term = g.term`);

  function candidates(asked: readonly string[], filter: Filter): { modules: Candidate[]; more: boolean } {
    const query = match(asked, filter, shortestPrefix);
    const anywhere = found.all(query, limits.found + 1);
    const inPath = asked.length === 0 ? [] : named.all(query, limits.named);
    const ids = new Set([...anywhere.slice(0, limits.found), ...inPath].map(({ place }) => idOf(Number(place))));
    const modules = rows.all(JSON.stringify([...ids])) as unknown as Candidate[];
    return { modules, more: anywhere.length > limits.found };
  }

  /**
   * The terms with those replaced by the nearest known word that no module has, or with `thorough` that are in no path or
   * synopsis; undefined when nothing changes.
   */
  function correct(asked: readonly string[], thorough: boolean): string[] | undefined {
    const corrected = asked.map((term, i) => {
      const mistakes = forgiven(term.length);
      if (mistakes === 0 || isTerm.get(term) !== undefined) return term;
      const unfinished = i === asked.length - 1 ? ' *' : '';
      if (!thorough && found.get(`{words} : ${quoted(term)}${unfinished}`, 1) !== undefined) return term;
      const near = likely.all(JSON.stringify(trigrams(term)), term.length - mistakes, term.length + mistakes);
      return nearest(term, near as unknown as { word: string; modules: number }[]) ?? term;
    });
    return corrected.some((term, i) => term !== asked[i]) ? corrected : undefined;
  }

  return {
    search(query: SearchQuery): SearchPage {
      checkLimit(query.limit, limits.page);
      const [offset] = query.cursor === undefined ? [0] : readCursor(query.cursor, 'search', ['number']);
      const filter = filterOf(query);
      const text = query.text.slice(0, 1024);
      let asked: readonly string[] = terms(text);
      let { modules, more } = candidates(asked, filter);
      const whole = byPath.get(text.trim()) as Candidate | undefined;
      let corrected: string | undefined;
      if (modules.length === 0 && whole === undefined) {
        for (const thorough of asked.length > 1 ? [false, true] : [false]) {
          const meant = correct(asked, thorough);
          if (meant !== undefined) ({ modules, more } = candidates(meant, filter));
          if (meant === undefined || modules.length === 0) continue;
          [asked, corrected] = [meant, meant.join(' ')];
          break;
        }
      }
      const hits = arrange(modules, query, text, asked);
      const page = hits.slice(offset, offset + query.limit);
      const summaries = summarize(page.map(({ path }) => path));
      const end = offset + page.length;
      return {
        hits: page.flatMap(({ score }, i) => (summaries[i] === undefined ? [] : [{ ...summaries[i], score }])),
        total: hits.length,
        atLeast: more,
        corrected,
        next: end < hits.length ? writeCursor('search', [end]) : undefined,
      };
    },

    suggest(text: string, limit: number): Suggestion[] {
      checkLimit(limit, limits.suggestions);
      const asked = terms(text);
      if (asked.length === 0) return [];
      const ids = named.all(match(asked, everything, 1), limits.named).map(({ place }) => idOf(Number(place)));
      const modules = rows.all(JSON.stringify(ids)) as unknown as Candidate[];
      return inOrder(modules, text, asked)
        .slice(0, limit)
        .map(({ path, synopsis, used_by }) => ({ module: path, synopsis, usedBy: used_by }));
    },
  };
}
