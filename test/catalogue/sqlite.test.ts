import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { createSqliteCatalogue } from '../../services/catalogue/sqlite.ts';
import { faultOf } from '../processor/world.ts';
import { type Both, catalogueContract } from './contract.ts';
import { published } from './facts.ts';

catalogueContract('sqlite', async () => {
  const folder = await mkdtemp(`${tmpdir()}/catalogue-`);
  const clients: Both[] = [];
  const open = async (name: string) => {
    const client = await createSqliteCatalogue({ file: `${folder}/new/${name}.sqlite` });
    clients.push(client);
    return client;
  };
  return {
    open: () => open('one'),
    another: () => open(`other${clients.length}`),
    async close() {
      await Promise.all(clients.map(client => client.close()));
      await rm(folder, { recursive: true });
    },
  };
});

test('a file of another schema is refused with what to do', async () => {
  const folder = await mkdtemp(`${tmpdir()}/catalogue-`);
  const file = `${folder}/catalogue.sqlite`;
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99');
  db.close();
  expect((await faultOf(createSqliteCatalogue({ file }))).message).toMatch(/newer version .* run reindex/);
  await rm(folder, { recursive: true });
});

test('a file of the schema before this one is brought up to date, and learns the words of synopses as they come', async () => {
  const folder = await mkdtemp(`${tmpdir()}/catalogue-`);
  const file = `${folder}/catalogue.sqlite`;
  const facts = published('a.test/yaml@v1.0.0', { synopsis: 'A framework.' });
  const first = await createSqliteCatalogue({ file });
  await first.put([facts]);
  await first.close();
  const db = new DatabaseSync(file);
  db.exec(
    `DELETE FROM terms WHERE term = 'framework'; ALTER TABLE modules DROP COLUMN vocabulary; PRAGMA user_version = 1`,
  );
  db.close();
  const catalogue = await createSqliteCatalogue({ file });
  const found = async (text: string) => (await catalogue.search({ text, limit: 5 })).total;
  expect([await found('yamml'), await found('framwork')]).toEqual([1, 0]);
  await catalogue.put([facts]);
  expect([await found('yamml'), await found('framwork')]).toEqual([1, 1]);
  await catalogue.remove([facts]);
  expect([await found('yamml'), await found('framwork')]).toEqual([0, 0]);
  await catalogue.close();
  await rm(folder, { recursive: true });
});
