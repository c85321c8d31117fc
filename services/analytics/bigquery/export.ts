import { Fault } from '../../errors.ts';
import type { Dialect } from '../questions.ts';
import { tables } from '../row.ts';

/**
 * The statement that writes the requests from `@from` to `@to` as Parquet into Cloud Storage. BigQuery makes as many files as it
 * likes, so a name without a `*` gets one: `gs://acme/2026.parquet` becomes `gs://acme/2026-*.parquet`. Throws `invalid` for
 * a target of another kind. The target is a part of the statement, which takes no parameter there: hence letters that need
 * no quotes.
 */
export function exportSql(target: string, replace: boolean, dialect: Dialect): string {
  if (!/^gs:\/\/[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]\/[A-Za-z0-9_.=+/-]+(?:\*[A-Za-z0-9_.=+-]*)?$/.test(target)) {
    throw new Fault(
      'invalid',
      `the downloads are kept in BigQuery: give gs://<bucket>/<path> instead of ${target}, of letters, digits and _.=+/-`,
    );
  }
  const uri = target.includes('*') ? target : target.replace(/(?:\.parquet)?$/, '-*.parquet');
  return `EXPORT DATA OPTIONS (uri = '${uri}', format = 'PARQUET', compression = 'ZSTD', overwrite = ${replace}) AS
SELECT ${Object.keys(tables.downloads).join(', ')}
FROM ${dialect.table('downloads')} WHERE ${dialect.duringDays('timestamp', 'from', 'to')}`;
}
