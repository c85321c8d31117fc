import { parse } from '../columns.ts';
import type { Package } from '../facts.ts';
import { trigrams } from '../nearest.ts';
import type { Row } from '../present.ts';
import { indexed, place, tierOf } from '../rank.ts';
import { textsOf } from '../summarize.ts';
import { knownOf, vocabularyChange, vocabularyOf } from '../words.ts';
import { facetLexeme } from './search.ts';
import type { Session } from './session.ts';
import { readTexts } from './texts.ts';

/** What is searched, and the vocabulary for misspellings. */

const select = `
  SELECT m.path, m.time, m.synopsis, m.licences, m.kinds, m.versions, m.used_by, m.downloads, m.tier, m.indexed,
    m.vocabulary
  FROM modules m WHERE m.id = $1`;

/** Has `id` stand where it must, with the words it has now. `changed`: its words may be others than those indexed. */
export async function settleIndex(session: Session, id: number, changed: boolean): Promise<void> {
  const row = await session.get(select, id);
  if (row === undefined) return;
  const tier = tierOf(Number(row.used_by), Number(row.downloads));
  if (tier !== row.tier) {
    await session.all('UPDATE modules SET tier = $1 WHERE id = $2', tier, id);
    await session.all('UPDATE edges SET tier = $1 WHERE requirer = $2', tier, row.path);
  }
  const searchable = Number(row.versions) > 0;
  const stands = row.indexed !== null;
  if (stands === searchable && (!stands || (row.indexed === tier && !changed))) return;
  if (stands) await remove(session, id, row.indexed);
  if (searchable) await insert(session, id, tier, row);
  await teach(session, id, row, searchable ? vocabularyOf(String(row.path), String(row.synopsis)) : []);
  await session.all('UPDATE modules SET indexed = $1 WHERE id = $2', searchable ? tier : null, id);
}

/** Takes it out. */
export async function dropFromIndex(session: Session, id: number): Promise<void> {
  const row = await session.get(select, id);
  if (row === undefined || row.indexed === null) return;
  await remove(session, id, row.indexed);
  await teach(session, id, row, []);
  await session.all('UPDATE modules SET indexed = NULL WHERE id = $1', id);
}

const remove = (session: Session, id: number, tier: unknown) =>
  session.all('DELETE FROM search WHERE place = $1', place(Number(tier), id));

async function insert(session: Session, id: number, tier: number, row: Row): Promise<void> {
  const path = String(row.path);
  const version = await session.get(
    `SELECT v.packages, v.readme FROM modules m JOIN versions v ON v.module = m.id AND v.version = m.newest
     WHERE m.id = $1`,
    id,
  );
  const texts = await readTexts(session, version ?? {}, ['packages', 'readme']);
  const { named, found, facets } = indexed({
    path,
    synopsis: String(row.synopsis),
    licences: parse(row.licences),
    kinds: parse(row.kinds),
    time: row.time === null ? undefined : String(row.time),
    texts: textsOf(path, parse<Package[]>(texts.packages ?? '[]'), texts.readme),
  });
  const more = facets.map(facetLexeme);
  await session.all(
    'INSERT INTO search VALUES ($1, array_to_tsvector($2::text[]), array_to_tsvector($3::text[]))',
    ...[place(tier, id), [...named, ...more], [...found, ...more]],
  );
}

async function teach(session: Session, id: number, row: Row, after: readonly string[]): Promise<void> {
  const { added, removed } = vocabularyChange(knownOf(row), after);
  if (added.length > 0) await addWords(session, added);
  if (removed.length > 0) await removeWords(session, removed);
  if (added.length + removed.length > 0 || row.vocabulary === null) {
    await session.all('UPDATE modules SET vocabulary = $1 WHERE id = $2', after.join(' '), id);
  }
}

function trigramColumns(words: readonly string[]): [string[], number[], string[]] {
  const rows = words.flatMap(word => trigrams(word).map(trigram => ({ trigram, length: word.length, word })));
  return [rows.map(({ trigram }) => trigram), rows.map(({ length }) => length), rows.map(({ word }) => word)];
}

async function addWords(session: Session, words: readonly string[]): Promise<void> {
  await session.all(
    `INSERT INTO terms SELECT word, 1 FROM unnest($1::text[]) AS w (word)
     ON CONFLICT (term) DO UPDATE SET modules = terms.modules + 1`,
    words,
  );
  await session.all(
    'INSERT INTO trigrams SELECT * FROM unnest($1::text[], $2::integer[], $3::text[]) ON CONFLICT DO NOTHING',
    ...trigramColumns(words),
  );
}

async function removeWords(session: Session, words: readonly string[]): Promise<void> {
  await session.all('UPDATE terms SET modules = modules - 1 WHERE term = ANY($1::text[])', words);
  const gone = await session.all(
    'DELETE FROM terms WHERE term = ANY($1::text[]) AND modules <= 0 RETURNING term',
    words,
  );
  await session.all(
    `DELETE FROM trigrams t USING unnest($1::text[], $2::integer[], $3::text[]) AS g (trigram, length, term)
     WHERE t.trigram = g.trigram AND t.length = g.length AND t.term = g.term`,
    ...trigramColumns(gone.map(({ term }) => String(term))),
  );
}
