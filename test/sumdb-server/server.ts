import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

export interface SumdbServerOptions {
  /** GOPROXY whose modules are hashed; without one every module exists, except below `example.com/missing`. */
  upstream?: string;
  /** Name of the database; the key follows from it, so two servers of a name have one key. */
  name?: string;
  /** Records `example.com/generated/<i>@v1.0.0` to begin with. */
  records?: number;
  /** Position from which on the records differ from those of another server. */
  fork?: number;
}

export interface SumdbServer {
  url: string;
  name: string;
  /** With `url` after a space, a value for GOSUMDB. */
  verifierKey: string;
  close(): Promise<void>;
}

export const hasGo = (): boolean => spawnSync('go', ['version']).status === 0;

/** Starts a checksum database: x/mod's own test server (main.go). It ends with this process at the latest. */
export async function startSumdbServer(options: SumdbServerOptions = {}): Promise<SumdbServer> {
  const args = Object.entries(options).map(([flag, value]) => `-${flag}=${value}`);
  const server = spawn(await build(), args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(server, 'exit');
  const lines = createInterface(server.stdout);
  const [line] = await Promise.race([once(lines, 'line'), exit]);
  if (typeof line !== 'string') throw new Error(`the checksum database did not start: ${line}`);
  const { url, verifierKey } = JSON.parse(line) as { url: string; verifierKey: string };
  return {
    url,
    verifierKey,
    name: verifierKey.split('+', 1).join(),
    async close() {
      server.stdin.end();
      await exit;
    },
  };
}

/** Builds the server once for each state of its sources. */
async function build(): Promise<string> {
  const folder = import.meta.dirname;
  const sources = ['go.mod', 'go.sum', 'main.go'].map(file => readFile(join(folder, file)));
  const hash = createHash('sha256');
  for (const source of await Promise.all(sources)) hash.update(source).update('\0');
  const cache = join(folder, '..', '..', '.cache');
  const binary = join(cache, `sumdb-server-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(binary)) return binary;
  await mkdir(cache, { recursive: true });
  // Built aside, as several test workers may be here at once.
  const building = `${binary}.${randomBytes(4).toString('hex')}`;
  await promisify(execFile)('go', ['build', '-buildvcs=false', '-o', building, '.'], { cwd: folder });
  await rename(building, binary);
  for (const file of await readdir(cache)) {
    const isOlder = file.startsWith('sumdb-server-') && !file.startsWith(basename(binary));
    if (isOlder) await rm(join(cache, file), { force: true });
  }
  return binary;
}
