import { rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { isRow } from './definitions.ts';
import { duckdbText, duckdbTypes } from './duckdb-dialect.ts';
import { mergeDailySql } from './duckdb-schema.ts';
import { type Column, tables } from './row.ts';

/** A file of the spool larger than this is somebody else's. */
const maxFile = 256 << 20;

/**
 * Takes a file of log lines into the tables: all of it or nothing, and once: its name is kept in the same transaction until
 * the file is gone. Lines that are no request's, or torn, are passed over.
 */
export async function takeFile(db: DuckDBConnection, path: string, onError: (error: Error) => void): Promise<void> {
  const name = basename(path);
  const size = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  if (size > 0 && size <= maxFile) {
    await db.run('BEGIN');
    try {
      const seen = await db.runAndReadAll('SELECT 1 FROM taken WHERE file = $name', { name });
      if (seen.currentRowCount === 0) {
        await db.run(`CREATE OR REPLACE TEMP TABLE arrived AS ${selectSql(path)}`);
        await db.run('INSERT INTO downloads SELECT * FROM arrived');
        await db.run(mergeDailySql('arrived'));
        await db.run('INSERT INTO taken VALUES ($name)', { name });
      }
      await db.run('COMMIT');
    } catch (error) {
      await db.run('ROLLBACK').catch(() => {});
      throw error;
    }
  } else if (size > maxFile) {
    onError(new Error(`${path} is larger than any download log and was passed over`));
  }
  await rm(path, { force: true });
  await db.run('DELETE FROM taken WHERE file = $name', { name });
}

function selectSql(path: string): string {
  const columns = Object.entries<Column>(tables.downloads);
  const logged = columns.map(([name, { type, logged = name }]) => ({ name, type, logged }));
  const read = logged.map(({ logged, type }) => `${logged}: '${duckdbTypes[type]}'`).join(', ');
  const empty: Partial<Record<Column['type'], string>> = { string: "''", boolean: 'false' };
  const picked = logged.map(({ name, logged, type }) => {
    const absent = empty[type];
    return `${absent === undefined ? logged : `COALESCE(${logged}, ${absent})`} AS ${name}`;
  });
  return `SELECT ${picked.join(', ')} FROM read_json(${duckdbText(path)}, format = 'newline_delimited',
  ignore_errors = true, maximum_object_size = 65536, columns = {${read}})
WHERE time IS NOT NULL AND ${isRow('module', 'kind')}`;
}
