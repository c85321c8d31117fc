import { Fault } from '../../errors.ts';
import { stateOf } from './faults.ts';
import { migrations } from './schema.ts';
import type { Session, Sessions } from './session.ts';

/** A number of our own, the same for all who write: one at a time does. */
export const writerLock = 'SELECT pg_advisory_xact_lock(7205759403)';

/** Version of the schema in the database; 0 when there is none. */
async function versionIn(session: Session): Promise<number> {
  const there = await session.get(`SELECT to_regclass('catalogue_schema') IS NOT NULL AS there`);
  if (there?.there !== true) return 0;
  const row = await session.get('SELECT version FROM catalogue_schema').catch(orForeign);
  return Number(row?.version ?? 0);
}

/** Throws it; when a table of that name is there already, or is not as ours, as a sentence that says what to do. */
function orForeign(error: unknown): never {
  // duplicate_table, duplicate_column, duplicate_object, undefined_column
  if (!['42P07', '42701', '42710', '42703'].includes(stateOf(error) ?? '')) throw error;
  throw new Fault(
    'unavailable',
    'the database is not empty and has no catalogue of this program: name an empty one in CATALOGUE; nothing was changed in ' +
      'this one',
    { cause: error },
  );
}

const newer = (version: number) =>
  new Fault(
    'unavailable',
    `its schema is version ${version}, newer than ${migrations.length}, which this program knows: run the newer program, or ` +
      'give this one an empty database, run migrate and then reindex, which fills it from the store',
  );

/** Throws `unavailable`, with what to do, unless the schema is the one of this program. */
export async function checkSchema(session: Session): Promise<void> {
  const version = await versionIn(session);
  if (version > migrations.length) throw newer(version);
  if (version === migrations.length) return;
  const what =
    version === 0 ? 'it has no catalogue yet' : `its schema is version ${version}, older than that of this program`;
  throw new Fault('unavailable', `${what}: run \`node services/main.ts migrate\` once, then start again`);
}

/** Brings the schema to the version of this program, whole or not at all. Says the versions before and now. */
export function migrate(sessions: Sessions): Promise<{ from: number; to: number }> {
  return sessions.transaction('BEGIN', async session => {
    await session.get(writerLock);
    const from = await versionIn(session);
    if (from > migrations.length) throw newer(from);
    const steps = async () => {
      if (from === 0) await session.all('CREATE TABLE catalogue_schema (version INTEGER NOT NULL)');
      if (from === 0) await session.all('INSERT INTO catalogue_schema VALUES (0)');
      for (const step of migrations.slice(from)) await session.all(step);
    };
    await (from === 0 ? steps().catch(orForeign) : steps());
    await session.all('UPDATE catalogue_schema SET version = $1', migrations.length);
    return { from, to: migrations.length };
  });
}
