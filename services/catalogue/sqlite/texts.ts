import type { DatabaseSync } from 'node:sqlite';
import { deflate, inflate, textHash } from '../columns.ts';

/** Texts kept once each under their hash. */
export function createTexts(db: DatabaseSync) {
  const known = db.prepare('SELECT 1 FROM texts WHERE hash = ?');
  const insert = db.prepare('INSERT INTO texts (hash, body) VALUES (?, ?)');
  const select = db.prepare('SELECT body FROM texts WHERE hash = ?');
  return {
    /** Keeps it and says its hash. */
    keep(text: string): Uint8Array {
      const hash = textHash(text);
      if (known.get(hash) === undefined) insert.run(hash, deflate(text));
      return hash;
    },
    read(hash: unknown): string | undefined {
      if (!(hash instanceof Uint8Array)) return undefined;
      const row = select.get(hash);
      return row && inflate(row.body);
    },
  };
}

export type Texts = ReturnType<typeof createTexts>;
