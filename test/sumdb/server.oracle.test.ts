import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asFault, Fault } from '../../services/errors.ts';
import { createSumdbClient } from '../../services/sumdb/client.ts';
import { parseSumdb } from '../../services/sumdb/key.ts';
import { hasGo, type SumdbServer, type SumdbServerOptions, startSumdbServer } from '../sumdb-server/server.ts';
import { loadFixtures, startUpstream } from '../upstream/index.ts';
import { contents, createMemoryCache, faultOf } from './helpers.ts';
import { createSigner, TestLog } from './log.ts';

const records = 700;

describe.skipIf(!hasGo())('the client against the server of x/mod (needs go)', () => {
  const servers: SumdbServer[] = [];
  let server: SumdbServer;

  async function start(options: SumdbServerOptions): Promise<SumdbServer> {
    const started = await startSumdbServer(options);
    servers.push(started);
    return started;
  }

  beforeAll(async () => {
    server = await start({ records });
  });
  afterAll(() => Promise.all(servers.map(server => server.close())));

  const readFrom = (server: SumdbServer) => async (path: string) => {
    const response = await fetch(`${server.url}/${path}`);
    const body = Buffer.from(await response.arrayBuffer());
    if (response.status === 200) return body;
    throw new Fault(response.status === 404 ? 'not-found' : 'unavailable', `${path}: ${response.status} ${body}`);
  };
  const connect = (read: (path: string) => Promise<Buffer> = readFrom(server), cache = createMemoryCache()) =>
    createSumdbClient({ verifierKey: server.verifierKey, read, cache });

  const generated = (i: number) => `example.com/generated/${i}`;
  const madeHash = (what: string, module: string, version: string) =>
    `h1:${createHash('sha256').update(`${what} ${module}@${version}`).digest('base64')}`;
  const made = (module: string, version = 'v1.0.0') => ({
    zipHash: madeHash('zip', module, version),
    goModHash: madeHash('go.mod', module, version),
  });

  it('gives every record of hundreds', async () => {
    const { lookup } = connect();
    for (let from = 0; from < records; from += 50) {
      const some = Array.from({ length: 50 }, (_, i) => from + i);
      const entries = await Promise.all(some.map(i => lookup(generated(i), 'v1.0.0')));
      expect(entries).toEqual(some.map(i => ({ ...made(generated(i)), position: i, treeSize: expect.any(Number) })));
    }
  });

  it('follows the log while concurrent lookups make it grow', async () => {
    const cache = createMemoryCache();
    const clients = [connect(undefined, cache), connect(undefined, cache)];
    const modules = Array.from({ length: 300 }, (_, i) => `example.com/New/${i}`);
    const entries = await Promise.all(modules.map((module, i) => clients[i % 2]?.lookup(module, 'v1.2.3-RC1')));
    expect(entries).toMatchObject(modules.map(module => made(module, 'v1.2.3-RC1')));
    expect(new Set(entries.map(entry => entry?.position)).size).toBe(modules.length);
  });

  it('says not found of what the database does not have', async () => {
    expect(await faultOf(connect().lookup('example.com/missing/a', 'v1.0.0'))).toMatchObject({ kind: 'not-found' });
  });

  it('accepts an answer from before the log grew', async () => {
    const old = await readFrom(server)(`lookup/${generated(5)}@v1.0.0`);
    const { lookup } = connect(async path => (path.includes('generated/5@') ? old : readFrom(server)(path)));
    const { treeSize } = await lookup('example.com/newer', 'v1.0.0');
    expect(await lookup(generated(5), 'v1.0.0')).toEqual({ ...made(generated(5)), position: 5, treeSize });
  });

  it('detects a fork under the same key, whichever side comes first', async () => {
    const one = await start({ records });
    const other = await start({ records: records + 50, fork: 300 });
    for (const [first, second] of [
      [one, other],
      [other, one],
    ] as const) {
      let from = first;
      const cache = createMemoryCache();
      // Tiles that the second does not have are given by the first: an attacker would not leave them out.
      const client = connect(path => readFrom(from)(path).catch(() => readFrom(first)(path)), cache);
      await client.lookup(generated(10), 'v1.0.0');
      const { latest, tiles } = contents(cache);
      from = second;
      for (const i of [10, 400]) {
        expect(await faultOf(client.lookup(generated(i), 'v1.0.0'))).toMatchObject({
          kind: 'security',
          message: expect.stringMatching(/fork|forged/),
        });
      }
      expect(contents(cache)).toEqual({ latest, tiles });
    }
  });

  it('believes nothing but the truth when any byte of any answer is changed', async () => {
    const reads = new Map<string, Buffer>();
    const remembered = async (path: string) => {
      const answer = reads.get(path) ?? (await readFrom(server)(path));
      reads.set(path, answer);
      return answer;
    };
    const truth = await connect(remembered).lookup(generated(444), 'v1.0.0');
    const paths = [...reads.keys()];
    expect(paths.length).toBeGreaterThanOrEqual(4);
    const attack = fc.record({
      path: fc.constantFrom(...paths),
      at: fc.nat(),
      change: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(attack, async ({ path, at, change }) => {
        const cache = createMemoryCache();
        const { lookup } = connect(async asked => {
          const answer = Buffer.from(await remembered(asked));
          const place = at % answer.length;
          if (asked === path) answer[place] = (answer[place] ?? 0) ^ change;
          return answer;
        }, cache);
        const outcome = await lookup(generated(444), 'v1.0.0').catch(asFault);
        expect(outcome).toMatchObject(outcome instanceof Fault ? { kind: 'security' } : truth);
        if (outcome instanceof Fault) expect(cache.latest.size + cache.tiles.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with the log of our tests on keys, roots and tiles', async () => {
    const signer = createSigner(server.name, `sumdb-server ${server.name}`);
    expect(signer.verifierKey).toBe(server.verifierKey);
    const log = new TestLog(0, signer);
    for (let i = 0; i < records; i++) {
      const { zipHash, goModHash } = made(generated(i));
      log.add(`${generated(i)} v1.0.0 ${zipHash}\n${generated(i)} v1.0.0/go.mod ${goModHash}\n`);
    }
    const fresh = await start({ records });
    const read = readFrom(fresh);
    expect(log.note()).toBe((await read('latest')).toString());
    for (const path of ['tile/8/0/000', 'tile/8/0/001', 'tile/8/0/002.p/188', 'tile/8/0/001.p/5', 'tile/8/1/000.p/2']) {
      expect(log.read(path)).toEqual(await read(path));
    }
    expect(log.read(`lookup/${generated(3)}@v1.0.0`)).toEqual(await read(`lookup/${generated(3)}@v1.0.0`));
  });

  it('gives the hashes that the real go command gets through a GOPROXY', async () => {
    const modules = (await loadFixtures()).slice(0, 5);
    const upstream = await startUpstream({ modules });
    const folder = await mkdtemp(join(tmpdir(), 'sumdb-oracle-'));
    try {
      const database = await start({ upstream: upstream.url, name: 'sums.example.com/team' });
      const env = {
        ...process.env,
        GOPROXY: upstream.url,
        GOSUMDB: `${database.verifierKey} ${database.url}`,
        GONOSUMDB: '',
        GOPRIVATE: '',
        GOFLAGS: '-modcacherw',
        GOPATH: folder,
        GOMODCACHE: join(folder, 'modules'),
      };
      const versions = modules.map(({ path, version }) => `${path}@${version}`);
      const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', ...versions], {
        cwd: folder,
        env,
      });
      const downloads = JSON.parse(`[${stdout.replaceAll('}\n{', '},{')}]`) as Record<string, string>[];
      const { verifierKey = '' } = parseSumdb(env.GOSUMDB) ?? {};
      const client = createSumdbClient({ verifierKey, read: readFrom(database), cache: createMemoryCache() });
      expect(downloads).toHaveLength(modules.length);
      for (const { Path = '', Version = '', Sum, GoModSum } of downloads) {
        expect(await client.lookup(Path, Version)).toMatchObject({ zipHash: Sum, goModHash: GoModSum });
      }
      expect(await faultOf(client.lookup('example.com/nobody/has', 'v1.0.0'))).toMatchObject({ kind: 'not-found' });
    } finally {
      await upstream.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
