import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAddress } from '../../services/catalogue/postgres/address.ts';
import { migrations } from '../../services/catalogue/postgres/schema.ts';
import { createPostgresCatalogue, migratePostgres } from '../../services/catalogue/postgres.ts';
import { createSqliteCatalogue } from '../../services/catalogue/sqlite.ts';
import { faultOf } from '../processor/world.ts';
import { type Cluster, postgresFolder, startCluster } from './cluster.ts';
import { type Both, catalogueContract } from './contract.ts';
import { dump } from './dump.ts';
import { missing, published, rejected } from './facts.ts';

const bin = postgresFolder();
const main = fileURLToPath(new URL('../../services/main.ts', import.meta.url));

test('an address names its fault, and never has a password', () => {
  expect(parseAddress('postgres://u@db.test:5433/catalogue')).toEqual({
    ...{ user: 'u', host: 'db.test', port: 5433, database: 'catalogue' },
  });
  expect(parseAddress('postgres://u@%2Frun%2Fpostgresql/c')).toMatchObject({ host: '/run/postgresql', port: 5432 });
  expect(() => parseAddress('postgres://u:secret@db.test/c')).toThrow(/CATALOGUE_PASSWORD_FILE/);
  for (const bad of ['postgres://db.test/c', 'postgres://u@db.test', 'postgres:x', 'mysql://u@db.test/c']) {
    expect(() => parseAddress(bad)).toThrow(/must be written postgres:/);
  }
});

describe.skipIf(bin === undefined)('on PostgreSQL (Debian package postgresql)', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  let databases = 0;

  beforeAll(async () => {
    cluster = await startCluster(bin ?? '');
    await cluster.query('CREATE DATABASE migrated');
    await migratePostgres(cluster.options('migrated'));
  }, 60_000);
  afterAll(() => cluster?.close(), 60_000);

  async function database(template = 'migrated'): Promise<string> {
    databases += 1;
    const name = `catalogue${databases}`;
    await cluster.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return name;
  }

  const open = (name: string) => createPostgresCatalogue(cluster.options(name));

  catalogueContract('postgres', async () => {
    const clients: Both[] = [];
    const client = async (name: string) => {
      const opened = await open(name);
      clients.push(opened);
      return opened;
    };
    const one = await database();
    return {
      open: () => client(one),
      another: async () => client(await database()),
      close: async () => void (await Promise.all(clients.map(each => each.close()))),
    };
  });

  test('answers everything as SQLite does, searches in the same order with the same scores', async () => {
    const folder = await mkdtemp(`${tmpdir()}/catalogue-`);
    const [sqlite, postgres] = [
      await createSqliteCatalogue({ file: `${folder}/catalogue.sqlite` }),
      await open(await database()),
    ];
    const names = ['yaml', 'go-yaml', 'yamlconfig', 'config', 'kubernetes', 'Log', 'log-go', 'métriques', 'json'];
    const facts = names.flatMap((name, i) =>
      Array.from({ length: 8 }, (_, n) =>
        published(`host${n % 3}.test/team${n}/${name === 'métriques' ? 'metrics' : name}@v1.${i}.0`, {
          synopsis: `Package ${name} is number ${n}.`,
          readme: `It reads ${names[(i + n) % names.length]}, Ünïcode and 漢字 too.`,
          requires: [`host0.test/team0/${names[(i * n) % 7]}@v1.0.0`],
          command: n % 4 === 0,
        }),
      ),
    );
    const downloads = new Map([['host1.test/team4/yaml', 12_345]]);
    for (const catalogue of [sqlite, postgres]) {
      await catalogue.put([...facts, rejected('c.test/evil@v1.0.0'), missing('host0.test/team0/yaml@v9.9.9')]);
      await catalogue.setDownloads(downloads);
    }
    const searches = [
      '',
      'yaml',
      'go yaml',
      'yam',
      'kuberntes',
      'reads log',
      'unicode',
      '漢字',
      'métriques',
      'host1.test',
    ];
    expect(await dump(postgres, searches)).toBe(await dump(sqlite, searches));
    await Promise.all([sqlite.close(), postgres.close()]);
    await rm(folder, { recursive: true });
  });

  test('writers in several processes take turns, and come to the same', async () => {
    const name = await database();
    const [one, two, alone] = [await open(name), await open(name), await open(await database())];
    const facts = Array.from({ length: 40 }, (_, i) =>
      published(`a.test/m${i % 5}@v1.${i}.0`, { requires: [`a.test/m${(i + 1) % 5}@v1.0.0`] }),
    );
    await Promise.all(facts.map((each, i) => (i % 2 === 0 ? one : two).put([each])));
    await alone.put(facts);
    expect(await dump(one, ['m1'])).toBe(await dump(alone, ['m1']));
    await Promise.all([one, two, alone].map(each => each.close()));
  });

  test('an empty database is refused with what to do, and stays empty', async () => {
    const name = await database('template0');
    expect(await faultOf(open(name))).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/no catalogue yet: run `node services\/main\.ts migrate` once/),
    });
    expect(await cluster.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`, name)).toEqual([]);
    const [a, b] = await Promise.all([migratePostgres(cluster.options(name)), migratePostgres(cluster.options(name))]);
    expect([a.from, b.from].sort()).toEqual([0, migrations.length]);
    await (await open(name)).close();
  });

  test('a schema that is newer or older is refused with what to do, and is left as it is', async () => {
    const name = await database();
    const version = () => cluster.query('SELECT version FROM catalogue_schema', name);
    await cluster.query('UPDATE catalogue_schema SET version = 99', name);
    expect((await faultOf(open(name))).message).toMatch(/version 99, newer than .* run the newer program/);
    expect((await faultOf(migratePostgres(cluster.options(name)))).message).toMatch(/run the newer program/);
    expect(await version()).toEqual([{ version: 99 }]);
    await cluster.query('UPDATE catalogue_schema SET version = 0', name);
    expect((await faultOf(open(name))).message).toMatch(/run `node services\/main\.ts migrate`/);
    // Its tables are there: the step fails, and nothing of it is left.
    expect((await faultOf(migratePostgres(cluster.options(name)))).message).toMatch(/database is not empty/);
    expect(await version()).toEqual([{ version: 0 }]);
  });

  test.each(['modules (a TEXT)', 'catalogue_schema (a TEXT)', 'told (a TEXT)'])(
    'a database with the table %s of somebody else is refused with what to do, and is left as it is',
    async table => {
      const name = await database('template0');
      await cluster.query(`CREATE TABLE ${table}`, name);
      const tables = () =>
        cluster.query(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`, name);
      const before = await tables();
      expect(await faultOf(migratePostgres(cluster.options(name)))).toMatchObject({
        kind: 'unavailable',
        message: expect.stringMatching(
          /not empty and has no catalogue of this program: name an empty one in CATALOGUE/,
        ),
      });
      expect(await tables()).toEqual(before);
    },
  );

  test('`migrate` of the program makes the schema, with the password from its file, and the next start finds it', async () => {
    const folder = await mkdtemp(`${tmpdir()}/catalogue-`);
    await writeFile(`${folder}/password`, `${cluster.password}\n`);
    const run = async (command: string, database: string) => {
      const env = { PATH: process.env.PATH, DATA_DIR: `${folder}/data`, UPSTREAM: 'off', SUMDB: 'off' };
      const more = { CATALOGUE: cluster.address(database), CATALOGUE_PASSWORD_FILE: `${folder}/password` };
      const child = promisify(execFile)(process.execPath, [main, command], { env: { ...env, ...more } });
      return child.then(
        ({ stdout }) => stdout,
        ({ stderr }) => `failed: ${stderr}`,
      );
    };
    const name = await database('template0');
    expect(await run('reindex', name)).toMatch(/^failed: .*no catalogue yet: run `node services\/main\.ts migrate`/);
    expect(await run('migrate', name)).toContain(`schema ${migrations.length} now; before it had none`);
    expect(await run('migrate', name)).toContain(`schema ${migrations.length} already`);
    expect(await run('reindex', name)).toMatch(/0 published versions of 0 modules/);
    await rm(folder, { recursive: true });
  });

  test('no server, no database, no role, no right and a wrong password are told of, with what to do', async () => {
    const name = await database();
    await cluster.query(`CREATE ROLE stranger LOGIN PASSWORD '${cluster.password}'`);
    await cluster.query(`CREATE ROLE locked NOLOGIN PASSWORD '${cluster.password}'`);
    const options = cluster.options(name);
    const message = async (changed: object) =>
      (await faultOf(createPostgresCatalogue({ ...options, ...changed }))).message;
    const nobody = await refusing();
    expect(await message({ host: '/nowhere' })).toMatch(/ENOENT.*: start PostgreSQL there, or correct host and port/);
    expect(await message(nobody)).toMatch(/ECONNREFUSED.*: start PostgreSQL there, or correct host and port/);
    expect(await message({ database: 'nothing' })).toMatch(/"nothing" does not exist: create the database and run/);
    expect(await message({ password: async () => 'wrong' })).toMatch(
      /password authentication failed.*: correct the user in CATALOGUE, or the password/,
    );
    expect(await message({ password: undefined })).toMatch(/: write the password to a file/);
    expect(await message({ password: () => readFile('/nowhere') })).toMatch(
      /: have CATALOGUE_PASSWORD_FILE name a file/,
    );
    expect(await message({ user: 'locked' })).toMatch(/not permitted to log in: create that role with LOGIN/);
    expect(await message({ user: 'stranger' })).toMatch(/permission denied for table .*: grant that right to the user/);
    const empty = cluster.options(await database('template0'));
    expect((await faultOf(migratePostgres({ ...empty, user: 'stranger' }))).message).toMatch(
      /permission denied for schema .*: grant that right .* CREATE on its schema/,
    );
  });

  test.each([
    ['ends the connection', ''],
    ['is a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ])('what %s is told to be no PostgreSQL', async (_, answer) => {
    const server = createServer(socket => void socket.on('error', () => {}).once('data', () => socket.end(answer)));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const options = { ...cluster.options('migrated'), host: '127.0.0.1', port };
    expect((await faultOf(createPostgresCatalogue(options))).message).toMatch(/or is it no PostgreSQL that CATALOGUE/);
    server.close();
  });

  test('when the server ends its connections, reads and writes go on', async () => {
    const name = await database();
    const catalogue = await open(name);
    await catalogue.put([published('a.test/lib@v1.0.0')]);
    await Promise.all(Array.from({ length: 8 }, () => catalogue.counts()));
    for (let round = 0; round < 3; round++) {
      await cluster.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
      const found = await Promise.all(Array.from({ length: 16 }, () => catalogue.search({ text: 'lib', limit: 5 })));
      expect(found.map(({ total }) => total)).toEqual(Array.from({ length: 16 }, () => 1));
    }
    await catalogue.close();
  });

  test('while the server is down readiness says so, and afterwards reads and writes recover by themselves', async () => {
    const catalogue = await open(await database());
    await catalogue.put([published('a.test/lib@v1.0.0')]);
    await cluster.stop();
    try {
      expect(await faultOf(catalogue.ready())).toMatchObject({
        kind: 'unavailable',
        message: expect.stringMatching(/^the catalogue failed: PostgreSQL: .*(ENOENT|ECONNREFUSED)/),
      });
      expect((await faultOf(catalogue.put([published('a.test/lib@v1.1.0')]))).kind).toBe('unavailable');
    } finally {
      await cluster.start();
    }
    await catalogue.ready();
    await catalogue.put([published('a.test/lib@v1.2.0')]);
    expect((await catalogue.module('a.test/lib'))?.newest).toBe('v1.2.0');
    await catalogue.close();
  });
});

/** An address at which nobody listens any more. */
async function refusing(): Promise<{ host: string; port: number }> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { host: '127.0.0.1', port };
}
