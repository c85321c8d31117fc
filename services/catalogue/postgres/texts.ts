import { deflate, inflate, textHash } from '../columns.ts';
import type { Row, RowTexts } from '../present.ts';
import type { Session } from './session.ts';

/** Keeps texts, each once, and says their hashes; undefined has none. */
export async function keepTexts(session: Session, texts: readonly (string | undefined)[]) {
  const hashes = texts.map(text => (text === undefined ? null : Buffer.from(textHash(text))));
  const present = texts.flatMap((text, i) => (text === undefined ? [] : [{ hash: hashes[i], body: deflate(text) }]));
  await session.all(
    'INSERT INTO texts SELECT * FROM unnest($1::bytea[], $2::bytea[]) ON CONFLICT DO NOTHING',
    present.map(({ hash }) => hash),
    present.map(({ body }) => Buffer.from(body)),
  );
  return hashes;
}

/** Those of one row of `versions`, or the ones asked for. */
export async function readTexts(
  session: Session,
  row: Row,
  columns: readonly ('go_mod' | 'readme' | 'packages' | 'files')[],
): Promise<RowTexts> {
  const wanted = columns.flatMap(column => (Buffer.isBuffer(row[column]) ? [row[column]] : []));
  const rows = await session.all('SELECT hash, body FROM texts WHERE hash = ANY($1::bytea[])', wanted);
  const of = (column: (typeof columns)[number]) => {
    const hash = row[column];
    const found = Buffer.isBuffer(hash) ? rows.find(each => hash.equals(each.hash as Buffer)) : undefined;
    return found && inflate(found.body);
  };
  return { goMod: of('go_mod'), readme: of('readme'), packages: of('packages'), files: of('files') };
}
