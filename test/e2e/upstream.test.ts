import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGo, type Go, goEnv, hasGo } from './go.ts';
import { askPages } from './pages.ts';
import { type Service, type Settings, startService } from './service.ts';
import { until } from './until.ts';

/** What program/main.go prints. */
const output = '83 MB 1.2.0 en-GB {"hash":4558017817672723668}\n';

/** As their authors say. */
const licences = {
  'github.com/BurntSushi/toml': 'MIT',
  'github.com/davecgh/go-spew': 'ISC',
  'github.com/google/btree': 'Apache-2.0',
  'github.com/google/uuid': 'BSD-3-Clause',
  'github.com/hashicorp/go-version': 'MPL-2.0',
  'github.com/pkg/errors': 'BSD-2-Clause',
  'github.com/shopspring/decimal': 'MIT',
  'github.com/sirupsen/logrus': 'MIT',
  'github.com/spf13/cobra': 'Apache-2.0',
  'golang.org/x/text': 'BSD-3-Clause',
  'gopkg.in/yaml.v3': 'Apache-2.0 MIT',
};

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

/** The only test that leaves the machine: ordinary downloads of one program's modules, twice. Then they are looked at. */
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

  /** The one service that runs: another is stopped first. */
  async function start(settings: Settings = {}): Promise<Service> {
    await service?.stop();
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
  afterAll(async () => {
    await service?.stop();
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

  describe('on the pages', () => {
    let pages: ReturnType<typeof askPages>;
    /** Each module of the program, in the version that go has chosen. */
    let modules: { module: string; version: string }[];
    /** `module@version` → the versions that its go.mod requires, as `go mod graph` says. */
    let graph: Map<string, Map<string, string>>;

    beforeAll(async () => {
      const service = await start({ UPSTREAM: 'off' });
      pages = askPages(service.pages);
      const { go } = await build(service.url);
      const list = await go.run('list', '-m', '-f', '{{if .Dir}}{{.Path}} {{.Version}}{{end}}', 'all');
      modules = pairs(list.stdout).flatMap(([module, version]) => (version ? [{ module, version }] : []));
      graph = graphOf((await go.run('mod', 'graph')).stdout);
      // What the first run has left to be indexed.
      await until('all are in the catalogue', async () => {
        const asked = modules.map(({ module, version }) => pages.get(`/${module}@${version}`));
        return (await Promise.all(asked)).every(({ status }) => status === 200);
      });
    });

    test('each module of the program has its version, licence, what it is for, and a hash that go.sum has', async () => {
      expect(modules.length).toBeGreaterThanOrEqual(30);
      for (const { module, version } of modules) {
        const { status, text } = await pages.text(`/${module}`);
        const { newest, synopsis, licences } = await pages.api('module', { module });
        const own = await pages.text(`/${module}@${version}`);
        const details = await pages.api('version', { module, version });
        const readme = await pages.api('readme', { module, version });
        expect([status, own.status], module).toEqual([200, 200]);
        expect(text, module).toContain(newest);
        expect(own.text, module).toContain(`go get ${module}@${version}`);
        expect(licences.length, module).toBeGreaterThan(0);
        for (const licence of details.licences) expect(own.text, module).toContain(licence);
        expect(synopsis !== '' || readme.file !== null, module).toBe(true);
        if (readme.file !== null) expect(own.text, module).toContain(readme.file);
        expect(sums, module).toContain(`${module} ${version} ${details.provenance?.hash}\n`);
        expect(details.provenance?.checksumDatabase?.name, module).toBe('sum.golang.org');
      }
    });

    test('what each requires is what `go mod graph` says', async () => {
      const told = [...graph].flatMap(([key, requires]) => {
        const [module = '', version] = key.split('@');
        return version === undefined ? [] : [{ module, version, requires }];
      });
      expect(told.length).toBeGreaterThanOrEqual(30);
      for (const { module, version, requires } of told) {
        const { nodes } = await pages.api('requirements', { module, version, depth: 1 });
        expect(new Map(nodes.map(node => [node.module, node.version])), `${module}@${version}`).toEqual(requires);
        const { text } = await pages.text(`/${module}@${version}?tab=requirements`);
        for (const [path, its] of requires) expect(text).toContain(`${path} ${its}`);
      }
    });

    test('who uses a module is what `go mod graph` says', async () => {
      const users = new Map<string, Set<string>>();
      for (const [key, requires] of graph) {
        const [user = '', version] = key.split('@');
        for (const module of version === undefined ? [] : requires.keys()) {
          users.set(module, (users.get(module) ?? new Set()).add(user));
        }
      }
      expect(users.size).toBeGreaterThanOrEqual(20);
      for (const [module, expected] of users) {
        const { items } = await pages.api('usedBy', { module, all: true, limit: 200 });
        const users = new Set(items.map(item => item.module));
        expect(
          [...expected].filter(user => !users.has(user)),
          module,
        ).toEqual([]);
        for (const { module: user, version, requires } of items) {
          // The graph is pruned: of some that are here it does not tell.
          const told = graph.get(`${user}@${version}`);
          const goMod = told ?? requirementsIn((await pages.api('goMod', { module: user, version })).text);
          expect(goMod.get(module), `${user}@${version} requires ${module}`).toBe(requires);
        }
      }
    });

    test('each is found by its path, and by the last word of it', async () => {
      for (const { module } of modules) {
        const whole = await pages.api('search', { q: module });
        expect(whole.items[0]?.module, module).toBe(module);
        const word = module.replace(/(\/v\d+|\.v\d+)$/, '').replace(/^.*\//, '');
        const { items } = await pages.api('search', { q: word, limit: 100 });
        expect(
          items.map(item => item.module),
          word,
        ).toContain(module);
      }
      const { text } = await pages.text('/search?q=yaml');
      expect(text).toContain('gopkg.in/yaml.v3');
    });

    test.each(Object.entries(licences))('the licence of %s is %s', async (module, licence) => {
      expect((await pages.api('module', { module })).licences.toSorted()).toEqual(licence.split(' '));
    });

    test('what go has downloaded is counted, on the first page and on those of the modules', async () => {
      const counted = async () => (await pages.api('numbers', {})).downloads ?? 0;
      // Twice by builds of all of it; kept answers are some seconds old.
      await until('the downloads are counted', async () => (await counted()) >= 2 * modules.length, 120_000, 500);
      const { text } = await pages.text('/');
      expect(text).toMatch(/Downloads in 7 days [1-9]/);
      const top = await pages.api('top', { period: 'week', limit: 100 });
      const names = new Set(top.items.map(({ module }) => module));
      expect(modules.filter(({ module }) => !names.has(module))).toEqual([]);
      for (const { module, version } of modules.slice(0, 10)) {
        const { total, days, versions } = await pages.api('downloads', { module });
        expect(total.people, module).toBeGreaterThanOrEqual(2);
        expect(days.reduce((sum, { people }) => sum + people, 0)).toBe(total.people);
        expect(versions.find(one => one.version === version)?.people, module).toBeGreaterThanOrEqual(2);
        const { body } = await pages.get(`/${module}?tab=downloads`);
        expect(body).toContain('<svg');
        expect(body).toContain(`${total.people} by people, ${total.all} in all`);
      }
    });
  });
});

const pairs = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => line.split(' ') as [string, string | undefined]);

/** Without the lines of go and its toolchain, which are no modules. */
function graphOf(text: string): Map<string, Map<string, string>> {
  const graph = new Map<string, Map<string, string>>();
  for (const [user, required = ''] of pairs(text)) {
    const [module = '', version = ''] = required.split('@');
    const requires = graph.get(user) ?? new Map<string, string>();
    if (!/^(go|toolchain)@/.test(user)) graph.set(user, requires);
    if (module !== 'go' && module !== 'toolchain') requires.set(module, version);
  }
  return graph;
}

/** Of a go.mod as `go mod tidy` writes it. */
const requirementsIn = (goMod: string) =>
  new Map(
    [...goMod.matchAll(/^(?:require )?\t?(\S+) (v\S+)/gm)].map(([, module = '', version = '']) => [module, version]),
  );
