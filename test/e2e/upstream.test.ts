import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createGo, type Go, goEnv, hasGo } from './go.ts';
import { type Service, type Settings, startService } from './service.ts';

/** What program/main.go prints. */
const output = '83 MB 1.2.0 en-GB {"hash":4558017817672723668}\n';

const program = (file: string) => readFile(new URL(`program/${file}`, import.meta.url), 'utf8');

/** Whether the machine's upstream answers: one question for one small module, once. */
function reachable(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'gocenter-probe-'));
  const env = { ...process.env, GOMODCACHE: folder, GOFLAGS: '-modcacherw' };
  const asked = ['list', '-m', 'github.com/google/uuid@v1.6.0'];
  const { status } = spawnSync('go', asked, { cwd: folder, env, timeout: 30_000 });
  rmSync(folder, { recursive: true, force: true });
  return status === 0;
}

/** The only test that leaves the machine: ordinary downloads of one program's modules, twice. */
describe.skipIf(!hasGo || !reachable())('the upstream of this machine (needs go and its upstream)', () => {
  let dataDir: string;
  let service: Service | undefined;
  const gos: Go[] = [];
  /** go.sum as the upstream itself gives it. */
  let sums: string;

  async function build(GOPROXY: string): Promise<{ go: Go; took: number; modules: number }> {
    const go = await createGo({ GOPROXY, GOSUMDB: 'sum.golang.org' });
    gos.push(go);
    await go.write({ 'go.mod': await program('go.mod'), 'main.go': await program('main.go') });
    const from = performance.now();
    await go.run('mod', 'download', 'all');
    const took = performance.now() - from;
    await go.run('build', '-o', 'program', '.');
    expect(await go.exec('program')).toBe(output);
    const { stdout } = await go.run('list', '-m', '-f', '{{if .Dir}}{{.Path}}{{end}}', 'all');
    return { go, took, modules: stdout.trim().split('\n').length - 1 };
  }

  async function start(settings: Settings = {}): Promise<Service> {
    service = await startService({ DATA_DIR: dataDir, ...settings });
    return service;
  }

  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

  beforeAll(async () => {
    dataDir = join(await mkdtemp(join(tmpdir(), 'gocenter-upstream-')), 'data');
    const { go, took } = await build(goEnv('GOPROXY'));
    sums = await go.read('go.sum');
    console.log(`without the service: modules downloaded in ${seconds(took)}`);
  });
  afterEach(async () => {
    await service?.stop();
  });
  afterAll(async () => {
    for (const go of gos) await go.remove();
    await rm(join(dataDir, '..'), { recursive: true, force: true });
  });

  test('a program of more than 30 modules is downloaded, verified and built, and go.sum is the same', async () => {
    const service = await start();
    const { go, took, modules } = await build(service.url);
    expect(await go.read('go.sum')).toBe(sums);
    expect(modules).toBeGreaterThanOrEqual(30);

    await service.stop();
    const lines = service.requests().filter(({ status }) => status === 200);
    const zips = new Set(lines.filter(({ kind }) => kind === 'zip').map(({ module }) => module));
    expect(zips.size).toBeGreaterThanOrEqual(modules);
    // go has asked for each sum, and for tiles to prove it.
    const asked = new Set(sums.split('\n').map(line => line.replace(/(\/go\.mod)? h1:.*/, '')));
    expect(lines.filter(({ kind }) => kind === 'sumdb').length).toBeGreaterThan(asked.size - 1);
    console.log(`through the service, empty: ${modules} modules downloaded in ${seconds(took)}`);
  });

  test('with the upstream switched off, all of it comes from what is kept', async () => {
    const service = await start({ UPSTREAM: 'off' });
    const { go, took } = await build(service.url);
    expect(await go.read('go.sum')).toBe(sums);
    const { stderr } = await go.fails('mod', 'download', 'github.com/google/uuid@v1.0.0');
    expect(stderr).toMatch(/403 Forbidden\s+server response: refused: no origin may be asked: UPSTREAM is off/);

    await service.stop();
    const caches = new Set(service.requests().map(({ kind, cache }) => `${kind} ${cache}`));
    expect(caches).not.toContain('zip fetched');
    console.log(`through the service, upstream off: modules downloaded in ${seconds(took)}`);
  });

  test('any one of the modules can be verified alone, by someone who knows no sum yet', async () => {
    const service = await start({ UPSTREAM: 'off' });
    const all = sums.split('\n').flatMap(line => /^(\S+) (v[^\s/]+) h1:/.exec(line)?.slice(1, 3).join('@') ?? []);
    // Every tenth, from the last one: in another order than they came.
    for (const version of all.filter((_, i) => i % 10 === 0).reverse()) {
      const go = await createGo({ GOPROXY: service.url, GOSUMDB: 'sum.golang.org' });
      gos.push(go);
      await go.run('mod', 'download', version);
    }
  });
});
