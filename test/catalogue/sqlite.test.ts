import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { createSqliteCatalogue } from '../../services/catalogue/sqlite.ts';
import { faultOf } from '../processor/world.ts';
import { type Both, catalogueContract } from './contract.ts';

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
