import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import pg from 'pg';

/** A PostgreSQL of our own: Debian's, in a temporary folder, on a Unix socket and perhaps at an address. */
export interface Cluster {
  /** CATALOGUE of a database. */
  address(database: string): string;
  options(database: string): {
    user: string;
    host: string;
    port: number;
    database: string;
    password: () => Promise<string>;
  };
  password: string;
  /** Where it listens besides. */
  port: number;
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  start(): Promise<void>;
  /** As an operator would: connections are cut, what was committed is kept. */
  stop(): Promise<void>;
  /** Ends it and leaves nothing. */
  close(): Promise<void>;
}

/** The folder of PostgreSQL's programs; undefined where they are not installed. */
export function postgresFolder(): string | undefined {
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map(version => `${base}/${version}/bin`).find(folder => existsSync(`${folder}/initdb`));
}

/** With an `address`, it takes connections there too, at a free port, from everybody who has the password. */
export async function startCluster(bin: string, { address = '' } = {}): Promise<Cluster> {
  const root = mkdtempSync(`${tmpdir()}/postgres-`);
  const account = unprivileged();
  if (account !== undefined) chownSync(root, account.uid, account.gid);
  const as = { ...account, cwd: root, env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  const password = 'not a secret';
  const passwordFile = `${root}/password`;
  writeFileSync(passwordFile, password);
  const how = ['-U', 'catalogue', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--no-sync'];
  execFileSync(`${bin}/initdb`, ['-D', `${root}/data`, ...how], { ...as, stdio: 'ignore' });
  if (address !== '') appendFileSync(`${root}/data/pg_hba.conf`, 'host all all all scram-sha-256\n');
  // Of the socket's name, too.
  const port = address === '' ? 5432 : await freePort(address);
  let server: ChildProcess | undefined;

  const options = (database: string) => ({
    ...{ user: 'catalogue', host: root, port, database },
    password: async () => password,
  });

  async function start() {
    const settings = ['fsync=off', 'full_page_writes=off', `listen_addresses=${address}`, `port=${port}`];
    settings.push(`unix_socket_directories=${root}`);
    server = spawn(`${bin}/postgres`, ['-D', `${root}/data`, ...settings.flatMap(each => ['-c', each])], {
      ...as,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      server?.once('exit', () => reject(new Error(`postgres ended: ${said.slice(-20).join(' | ')}`)));
      server?.once('error', reject);
      if (!server?.stderr) return;
      createInterface(server.stderr).on('line', line => {
        if (said.length < 1000) said.push(line);
        if (line.includes('ready to accept connections')) resolve();
      });
    });
  }

  async function stop() {
    if (server === undefined || server.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGINT'); // "fast shutdown"
    await ended;
  }

  await start();
  return {
    options,
    password,
    port,
    address: database => `postgres://catalogue@${encodeURIComponent(root)}:${port}/${database}`,
    async query(sql, database = 'postgres') {
      const client = new pg.Client(options(database));
      await client.connect();
      try {
        return (await client.query(sql)).rows ?? [];
      } finally {
        await client.end();
      }
    },
    start,
    stop,
    async close() {
      await stop();
      rmSync(root, { recursive: true });
    },
  };
}

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** PostgreSQL refuses to run as root: then it is the account that Debian's package makes. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
