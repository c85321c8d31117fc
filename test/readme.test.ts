import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { documents, withTables } from '../scripts/readme.ts';

it.each(Object.entries(documents))(
  'the tables of %s are those of the code (npm run docs writes them)',
  (name, tables) => {
    const text = readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
    expect(withTables(text, tables)).toBe(text);
  },
);
