import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, hasOpenssl } from '../direct-origin/authority.ts';
import { type BackendKind, backendKinds } from '../emulators/backends.ts';
import {
  type FixtureModule,
  loadFixtures,
  loadProgram,
  programOutput,
  startUpstream,
  syntheticModule,
} from '../upstream/index.ts';
import { type Go, goEnv, hasGo } from './go.ts';
import { startMirror } from './mirror.ts';
import type { Service, Settings } from './service.ts';
import { until } from './until.ts';
import { openWorld, type World } from './world.ts';

/** The go command makes the files of these folders executable. */
const toolchain = (): FixtureModule => ({
  path: 'golang.org/toolchain',
  version: `v0.0.1-go1.99.0.${goEnv('GOOS')}-${goEnv('GOARCH')}`,
  time: '2026-01-01T00:00:00Z',
  files: {
    'bin/go': '#!/bin/sh\necho "the fixture toolchain: $*"\n',
    'bin/gofmt': '',
    'pkg/tool/compile': '',
    'lib/wasm/go_js_wasm_exec': '',
  },
});
const secret = syntheticModule('corp.example/team/secret', 'v1.0.0', 1000);
const denied = syntheticModule('example.com/denied', 'v1.0.0', 1000);
const extra = ['busy', 'slow', 'late'].map(name => syntheticModule(`example.com/${name}`, 'v1.0.0', 1000));

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const tokens = [
  { name: 'team', sha256: sha256('team-token'), modules: ['corp.example/team'] },
  { name: 'other', sha256: sha256('other-token'), modules: ['corp.example/other'] },
];

const open: World[] = [];
afterAll(() => Promise.all(open.map(world => world.close())));

/** A world whose private modules are below corp.example, and that denies example.com/denied. */
async function makeWorld(kind: BackendKind = 'embedded'): Promise<World & { more: Settings }> {
  const world = await openWorld([toolchain(), secret, denied, ...extra], kind);
  open.push(world);
  const file = join(world.folder, 'tokens.json');
  await writeFile(file, JSON.stringify({ tokens }));
  const more = { PRIVATE_MODULES: 'corp.example', TOKENS_FILE: file, DENY: 'example.com/denied', LIST_TTL: '1s' };
  return { ...world, more };
}

async function buildProgram(go: Go): Promise<string> {
  await go.write(await loadProgram());
  await go.run('mod', 'download', 'all');
  await go.run('build', '-o', 'program', '.');
  expect(await go.exec('program')).toBe(programOutput);
  return go.read('go.sum');
}

const linesOf = ({ stdout }: { stdout: string }) => stdout.trim().split('\n');

describe.skipIf(!hasGo).each(backendKinds)('the go command without any network, on %s (needs go)', kind => {
  let world: Awaited<ReturnType<typeof makeWorld>>;
  let service: Service;
  let go: Go;
  beforeAll(async () => {
    world = await makeWorld(kind);
    service = await world.start(world.more);
    go = await world.go(service);
  });

  test('downloads, verifies and builds a program; go.sum is that of the upstream', async () => {
    const sums = await buildProgram(await world.go(service));
    const bare = await world.go(world.upstream, { GOSUMDB: `${world.sumdb.verifierKey} ${world.sumdb.url}` });
    expect(sums).toBe(await buildProgram(bare));
  });

  test.each([
    ['releases and pre-releases, without the retracted', ['example.com/text'], 'v1.0.0 v1.2.0 v1.3.0-rc.1'],
    ['all of them', ['-retracted', 'example.com/text'], 'v1.0.0 v1.1.0 v1.2.0 v1.3.0-rc.1'],
    ['upper-case paths and versions', ['example.com/Case/CamelCase'], 'v1.0.0 v1.1.0-RC1'],
    ['a second major version', ['example.com/text/v2'], 'v2.0.0 v2.1.0'],
    ['gopkg.in', ['gopkg.in/fixture/conf.v2'], 'v2.0.0 v2.0.1'],
    ['no tags', ['example.com/untagged'], ''],
  ])('lists versions: %s', async (_, args, versions) => {
    const [line] = linesOf(await go.run('list', '-m', '-versions', ...args));
    expect(line?.split(' ').slice(1).join(' ')).toBe(versions);
  });

  test.each([
    ['example.com/text@latest', 'v1.2.0'],
    ['example.com/beta@latest', 'v0.1.0-beta.2'],
    ['example.com/untagged@latest', 'v0.0.0-20240402000000-bbbbbbbbbbbb'],
    ['example.com/legacy@latest', 'v2.3.0+incompatible'],
    ['example.com/text@main', 'v1.2.1-0.20240501101112-0123456789ab'],
    ['example.com/text@0123456789ab', 'v1.2.1-0.20240501101112-0123456789ab'],
    ['example.com/text@v1.2', 'v1.2.0'],
    ['example.com/text@<v1.1.0', 'v1.0.0'],
    ['example.com/Case/CamelCase@v1.1.0-RC1', 'v1.1.0-RC1'],
    ['example.com/text/v2@v2', 'v2.1.0'],
    ['gopkg.in/fixture/conf.v2@v2.0.0', 'v2.0.0'],
  ])('gets %s as %s', async (query, version) => {
    const fresh = await world.go(service);
    await fresh.run('get', query);
    expect(await fresh.read('go.mod')).toContain(`${query.split('@')[0]} ${version}`);
    expect(await fresh.read('go.sum')).toContain(` ${version} h1:`);
  });

  test('tells of retractions and deprecations', async () => {
    const fresh = await world.go(service);
    const retracted = await fresh.run('get', 'example.com/text@v1.1.0');
    expect(retracted.stderr).toContain('example.com/text@v1.1.0: retracted by module author: It panics.');
    const deprecated = await fresh.run('get', 'example.com/old');
    expect(deprecated.stderr).toContain('module example.com/old is deprecated: use example.com/text/v2 instead.');
  });

  test('runs a toolchain that it has downloaded as a module', async () => {
    const fresh = await world.go(service, { GOTOOLCHAIN: 'go1.99.0' });
    expect((await fresh.run('version')).stdout).toBe('the fixture toolchain: version\n');
    const served = () => service.requests().filter(({ module }) => module === 'golang.org/toolchain');
    await until('its zip is in the log', () => served().some(({ kind, status }) => kind === 'zip' && status === 200));
  });

  test('is told by which rule a version is rejected, and does not go on to another proxy', async () => {
    const other = await startUpstream({ modules: [denied] });
    const fresh = await world.go(service, { GOPROXY: `${service.url},${other.url}` });
    const { stderr } = await fresh.fails('get', 'example.com/denied@v1.0.0');
    expect(stderr).toMatch(/403 Forbidden\s+server response: refused: deny-list: example\.com\/denied@v1\.0\.0 is on/);
    expect(other.requests.count()).toBe(0);
    await other.close();
  });
});

describe.skipIf(!hasGo)('GOPROXY=a,b and a|b with this service as a (needs go)', () => {
  let service: Service;
  let world: World;
  const other = startUpstream({ modules: [...extra, syntheticModule('example.com/elsewhere', 'v1.0.0', 1000)] });
  beforeAll(async () => {
    world = await makeWorld();
    world.upstream.setFault(/busy/, { kind: 'status', status: 503 });
    world.upstream.setFault(/(slow|late)\/@v\/v1/, { kind: 'hang' });
    service = await world.start({ FETCH_TIMEOUT: '1500ms' });
  });
  afterAll(async () => (await other).close());

  async function get(separator: ',' | '|', module: string) {
    const { url } = await other;
    const go = await world.go(service, { GOPROXY: `${service.url}${separator}${url}`, GOSUMDB: 'off' });
    return () => go.run('get', `example.com/${module}@v1.0.0`);
  }

  test.each([',', '|'] as const)('what does not exist here is got from b, after %s', async separator => {
    await (await get(separator, 'elsewhere'))();
  });

  test.each([
    ['busy', /503 Service Unavailable\s+server response: unavailable: /],
    ['slow', /504 Gateway Timeout\s+server response: timed out: example\.com\/slow@v1\.0\.0 is still being fetched/],
  ])('what is %s here is not got from b after a comma: nobody knows whether it exists', async (module, said) => {
    await expect((await get(',', module))()).rejects.toThrow(said);
  });

  test.each(['busy', 'late'])('what is %s here is got from b after a bar', async module => {
    await (await get('|', module))();
  });
});

describe.skipIf(!hasGo || !hasOpenssl)('private modules (needs go and openssl)', () => {
  let world: Awaited<ReturnType<typeof makeWorld>>;
  let front: Server;
  let host: string;
  let caFile: string;

  // The go command sends what is in .netrc over https only, so a server that ends TLS stands in front.
  beforeAll(async () => {
    world = await makeWorld();
    const { url } = await world.start(world.more);
    const authority = createAuthority(world.folder, ['localhost']);
    caFile = authority.caFile;
    front = createServer(authority, (req, res) => {
      const passed = request(`${url}${req.url}`, { method: req.method, headers: req.headers }, answer => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      });
      req.pipe(passed.on('error', () => res.destroy()));
    }).listen(0, '127.0.0.1');
    await new Promise(resolve => front.once('listening', resolve));
    host = `localhost:${(front.address() as AddressInfo).port}`;
  });
  afterAll(() => front?.close());

  /** A user with this token in .netrc. */
  async function user(token?: string): Promise<Go> {
    const go = await world.go({ url: `https://${host}` }, { SSL_CERT_FILE: caFile, GONOSUMDB: 'corp.example' });
    const line = `machine ${host} login anything password ${token}\n`;
    if (token !== undefined) await writeFile(join(go.home, '.netrc'), line, { mode: 0o600 });
    return go;
  }

  test('are got with the token that .netrc has, beside public ones', async () => {
    const go = await user('team-token');
    await go.run('get', 'corp.example/team/secret@latest', 'example.com/text@latest');
    expect(await go.read('go.sum')).toMatch(/^corp\.example\/team\/secret v1\.0\.0 h1:/m);
    const lookups = world.upstream.requests.log.filter(({ path }) => path.includes('lookup/corp.example'));
    expect(lookups).toEqual([]);
  });

  test.each([
    [
      'no token',
      undefined,
      /401 Unauthorized\s+server response: unauthorized: .* is private: an access token is needed/,
    ],
    [
      'a wrong token',
      'guessed',
      /401 Unauthorized\s+server response: unauthorized: the access token is not known here/,
    ],
    [
      'another team’s token',
      'other-token',
      /403 Forbidden\s+server response: refused: private-module: the token other/,
    ],
  ])('are refused with %s', async (_, token, said) => {
    const go = await user(token);
    const { stderr } = await go.fails('get', 'corp.example/team/secret@v1.0.0');
    expect(stderr).toMatch(said);
    if (token !== 'guessed') await go.run('get', 'example.com/text@latest');
  });
});

const kept = ['embedded', 'emulators'] as const;
describe.skipIf(!hasGo).each(kept)('with upstream and checksum database gone, on %s (needs go)', kind => {
  let world: Awaited<ReturnType<typeof makeWorld>>;
  let service: Service;
  let sums: string;
  beforeAll(async () => {
    world = await makeWorld(kind);
    const mirror = await startMirror(world.sumdb, await loadFixtures());
    const settings = { ...world.more, SUMDB: `${world.sumdb.verifierKey} ${mirror.url}` };
    const first = await world.start(settings);
    const go = await world.go(first);
    sums = await buildProgram(go);
    await go.run('mod', 'download', 'example.com/text@main', 'example.com/text@v1.0.0');
    await first.stop();
    for (const gone of [world.upstream, world.sumdb, mirror]) await gone.close();
    service = await world.start(settings);
  });

  test('the program is built again from what is published', async () => {
    expect(await buildProgram(await world.go(service))).toBe(sums);
  });

  test('each version can be verified alone, by someone who knows no sum yet', async () => {
    const versions = sums.split('\n').flatMap(line => /^(\S+) (v[^\s/]+) h1:/.exec(line)?.slice(1, 3).join('@') ?? []);
    expect(versions.length).toBeGreaterThan(8);
    for (const version of versions.reverse()) await (await world.go(service)).run('mod', 'download', version);
  });

  test('lists, @latest and commits are answered from what is published', async () => {
    const go = await world.go(service);
    const [line] = linesOf(await go.run('list', '-m', '-versions', 'example.com/text'));
    expect(line).toBe('example.com/text v1.0.0 v1.2.0');
    expect(linesOf(await go.run('list', '-m', 'example.com/text@latest'))).toEqual(['example.com/text v1.2.0']);
    const { stdout } = await go.run('list', '-m', 'example.com/text@0123456789ab');
    expect(stdout).toBe('example.com/text v1.2.1-0.20240501101112-0123456789ab\n');
  });

  test('what is not here may be tried again: it is not said to be missing', async () => {
    const go = await world.go(service);
    for (const query of ['example.com/text@v1.3.0-rc.1', 'example.com/text@main']) {
      const { stderr } = await go.fails('list', '-m', query);
      expect(stderr).toMatch(/50[234] [A-Z][\w ]+\s+server response: (unavailable|timed out|bad origin): /);
    }
  });

  test('the published folder, or bucket, is a GOPROXY by itself, with all services gone', async () => {
    await service.stop();
    const { storage } = world.backends;
    const folder = `file://${join(world.settings.DATA_DIR ?? '', 'published')}`;
    const url = storage === undefined ? folder : `${storage.url}/${storage.published}`;
    expect(await buildProgram(await world.go({ url }, { GOSUMDB: 'off' }))).toBe(sums);
  });
});
