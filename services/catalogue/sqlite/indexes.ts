import type { DatabaseSync } from 'node:sqlite';
import { parse } from '../columns.ts';
import type { Package } from '../facts.ts';
import { trigrams } from '../nearest.ts';
import { indexed, place, tierOf } from '../rank.ts';
import { textsOf } from '../summarize.ts';
import { knownOf, vocabularyChange, vocabularyOf } from '../words.ts';
import type { Texts } from './texts.ts';

export interface Indexes {
  /** Has `id` stand where it must, with the words it has now. `changed`: its words may be others than those indexed. */
  settle(id: number, changed: boolean): void;
  /** Takes it out. */
  drop(id: number): void;
}

/** The indexes for search and the vocabulary for misspellings. */
export function createIndexes(db: DatabaseSync, texts: Texts): Indexes {
  const select = db.prepare(`
    SELECT m.path, m.time, m.synopsis, m.licences, m.kinds, m.versions, m.used_by, m.downloads, m.tier, m.indexed,
      m.vocabulary
    FROM modules m WHERE m.id = ?`);
  const contents = db.prepare(`
    SELECT v.packages, v.readme FROM modules m JOIN versions v ON v.module = m.id AND v.version = m.newest
    WHERE m.id = ?`);
  const both = (sql: (table: string) => string) => ['named', 'found'].map(table => db.prepare(sql(table)));
  const inserts = both(table => `INSERT INTO ${table} (rowid, words, facets) VALUES (?, ?, ?)`);
  const deletes = both(table => `DELETE FROM ${table} WHERE rowid = ?`);
  const setTier = db.prepare('UPDATE modules SET tier = ? WHERE id = ?');
  const setEdges = db.prepare('UPDATE edges SET tier = ? WHERE requirer = ?');
  const setIndexed = db.prepare('UPDATE modules SET indexed = ? WHERE id = ?');
  const addTerm = db.prepare('INSERT INTO terms VALUES (?, 1) ON CONFLICT DO UPDATE SET modules = modules + 1');
  const subtractTerm = db.prepare('UPDATE terms SET modules = modules - 1 WHERE term = ? RETURNING modules');
  const deleteTerm = db.prepare('DELETE FROM terms WHERE term = ?');
  const addTrigram = db.prepare('INSERT OR IGNORE INTO trigrams VALUES (?, ?, ?)');
  const deleteTrigram = db.prepare('DELETE FROM trigrams WHERE trigram = ? AND length = ? AND term = ?');

  const setVocabulary = db.prepare('UPDATE modules SET vocabulary = ? WHERE id = ?');

  function teach(id: number, row: Record<string, unknown>, after: readonly string[]): void {
    const { added, removed } = vocabularyChange(knownOf(row), after);
    for (const word of added) {
      addTerm.run(word);
      for (const trigram of trigrams(word)) addTrigram.run(trigram, word.length, word);
    }
    for (const word of removed) {
      if (Number(subtractTerm.get(word)?.modules) > 0) continue;
      deleteTerm.run(word);
      for (const trigram of trigrams(word)) deleteTrigram.run(trigram, word.length, word);
    }
    if (added.length + removed.length > 0 || row.vocabulary === null) setVocabulary.run(after.join(' '), id);
  }

  function unindex(id: number, tier: unknown): void {
    for (const statement of deletes) statement.run(place(Number(tier), id));
  }

  function insert(id: number, tier: number, row: Record<string, unknown>): void {
    const path = String(row.path);
    const { packages, readme } = contents.get(id) ?? {};
    const { named, found, facets } = indexed({
      path,
      synopsis: String(row.synopsis),
      licences: parse(row.licences),
      kinds: parse(row.kinds),
      time: row.time === null ? undefined : String(row.time),
      texts: textsOf(path, parse<Package[]>(texts.read(packages) ?? '[]'), texts.read(readme)),
    });
    for (const [i, words] of [named, found].entries()) {
      inserts[i]?.run(place(tier, id), words.join(' '), facets.join(' '));
    }
  }

  return {
    settle(id, changed) {
      const row = select.get(id);
      if (row === undefined) return;
      const tier = tierOf(Number(row.used_by), Number(row.downloads));
      if (tier !== row.tier) {
        setTier.run(tier, id);
        setEdges.run(tier, row.path as string);
      }
      const searchable = Number(row.versions) > 0;
      const stands = row.indexed !== null;
      if (stands === searchable && (!stands || (row.indexed === tier && !changed))) return;
      if (stands) unindex(id, row.indexed);
      if (searchable) insert(id, tier, row);
      teach(id, row, searchable ? vocabularyOf(String(row.path), String(row.synopsis)) : []);
      setIndexed.run(searchable ? tier : null, id);
    },
    drop(id) {
      const row = select.get(id);
      if (row === undefined || row.indexed === null) return;
      unindex(id, row.indexed);
      teach(id, row, []);
      setIndexed.run(null, id);
    },
  };
}
