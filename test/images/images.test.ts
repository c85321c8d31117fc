import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Target, targets } from '../../images/build.ts';
import type { Bill } from '../../images/sbom.ts';
import { schema } from '../../services/config.ts';
import { createRepository } from '../direct-origin/repositories.ts';
import { ready, startProcess } from '../e2e/service.ts';
import { startUpstream, syntheticModule, type Upstream } from '../upstream/index.ts';
import { type Bundle, type ContainerOptions, configOf, createBundle } from './container.ts';
import { type Built, buildah, builtImages, builtTwice, title, withoutImages } from './images.ts';

const run = promisify(execFile);
const whyNotRun =
  spawnSync('runc', ['--version']).status === 0 ? undefined : 'needs runc: node scripts/setup.mjs images';

let images: Record<Target, Built>;
beforeAll(async () => {
  if (withoutImages === undefined) images = await builtImages();
}, 600_000);

const limits: Record<Target, number> = { services: 250e6, processor: 600e6 };

describe.skipIf(withoutImages !== undefined).each(targets)(title('the image %s'), target => {
  const files = <T>(look: (root: string) => Promise<T>) => buildah.with(images[target].name, (_, root) => look(root));

  test('has one digest, however often it is built', async () => {
    const [first, second] = (await builtTwice())[target];
    expect(second).toBe(first);
    expect(first).toMatch(/^sha256:[0-9a-f]{64}$/);
  }, 600_000);

  test('is small', () => {
    const { size, compressed } = images[target];
    console.log(`${target}: ${(size / 1e6).toFixed(0)} MB of files, ${(compressed / 1e6).toFixed(0)} MB over the line`);
    expect(size).toBeLessThan(limits[target]);
  });

  test('says what it is, and runs a service under an init as nobody', async () => {
    const { name, version, revision } = images[target];
    const config = await configOf(buildah, name);
    expect(config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/usr/bin/tini', '--', '/usr/local/bin/node', '/app/services/main.ts'],
      Labels: {
        'org.opencontainers.image.title': `gocenter/${target}`,
        'org.opencontainers.image.description': expect.stringMatching(/^GoCenter, /),
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.revision': revision,
      },
    });
    expect(config.Cmd).toBeUndefined();
    // Nothing of the machine that it was built on.
    expect(config.Env?.map(text => text.split('=')[0]).toSorted()).toEqual(['DATA_DIR', 'HOME', 'PATH']);
  });

  test('has what the services need at run time and none of what they are developed with', async () => {
    const own = JSON.parse(await readFile('services/package.json', 'utf8')) as { dependencies: Record<string, string> };
    const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const there = await files(async root => {
      const folder = join(root, 'app', 'node_modules');
      const names = await readdir(folder);
      const scoped = names.filter(name => name.startsWith('@'));
      return [
        ...names,
        ...(
          await Promise.all(
            scoped.map(async scope => (await readdir(join(folder, scope))).map(name => `${scope}/${name}`)),
          )
        ).flat(),
      ];
    });
    expect(there).toEqual(expect.arrayContaining(Object.keys(own.dependencies)));
    expect(there.filter(name => lock.packages[`node_modules/${name}`]?.dev)).toEqual([]);
    expect(there.filter(name => name.startsWith('@pulumi') || name.startsWith('@gocenter'))).toEqual([]);
  });

  test('has no file that its user can change, but in its data folder', async () => {
    const found = await files(root =>
      run('find', [
        root,
        '-xdev',
        '!',
        '-type',
        'l',
        '(',
        '-uid',
        '65532',
        '-o',
        '-gid',
        '65532',
        '-o',
        '-perm',
        '-o+w',
        ')',
        '-printf',
        '%P\n',
      ]),
    );
    const sticky = ['tmp', 'var/tmp', 'run/lock'];
    expect(
      found.stdout
        .trim()
        .split('\n')
        .filter(path => !sticky.includes(path) && !path.startsWith('dev/')),
    ).toEqual(['var/lib/gocenter']);
  });

  test('has a bill of materials that names every dependency, and what they run on', async () => {
    const bill = JSON.parse(await readFile(images[target].bill, 'utf8')) as Bill;
    const own = JSON.parse(await readFile('services/package.json', 'utf8')) as { dependencies: Record<string, string> };
    const names = bill.components.map(({ name }) => name);
    const debian = target === 'processor' ? ['libc6', 'git', 'go'] : ['libc6', 'libstdc++6'];
    expect(names).toEqual(expect.arrayContaining([...Object.keys(own.dependencies), 'node', ...debian]));
    expect(names.filter(name => /biome|vitest|pulumi/.test(name))).toEqual([]);
    const references = new Set([bill.metadata.component, ...bill.components].map(each => each['bom-ref']));
    const wanted = bill.dependencies.flatMap(({ ref, dependsOn = [] }) => [ref, ...dependsOn]);
    expect(wanted.filter(reference => !references.has(reference))).toEqual([]);
    expect(bill.metadata.component.version).toBe(images[target].digest);
  });
});

/** Free ones, of the loopback. */
const anyPort = {
  HOST: '127.0.0.1',
  ...Object.fromEntries(Object.keys(schema).flatMap(name => (name.endsWith('PORT') ? [[name, '0']] : []))),
};

const able = withoutImages === undefined && whyNotRun === undefined;
const runTitle = (name: string) => (whyNotRun === undefined ? title(name) : `${name} (skipped: ${whyNotRun})`);

describe.skipIf(!able)(runTitle('a container whose root can’t be written to'), () => {
  const bundles: Bundle[] = [];
  let upstream: Upstream;
  beforeAll(async () => {
    upstream = await startUpstream({ modules: [syntheticModule('example.com/plain', 'v1.0.0', 2000)] });
  });
  afterEach(async () => {
    for (const bundle of bundles.splice(0)) await bundle.remove();
  });
  afterAll(() => upstream.close());

  async function create(target: Target, options: ContainerOptions): Promise<Bundle> {
    const bundle = await createBundle(buildah, images[target].name, options);
    bundles.push(bundle);
    return bundle;
  }
  /** What a command in the image prints. */
  async function output(target: Target, options: ContainerOptions) {
    const [file = '', ...args] = (await create(target, options)).command;
    return run(file, args);
  }

  test.each(targets)('%s says what it can do', async target => {
    const { stderr } = await output(target, { args: ['--help'] });
    expect(stderr).toContain('services: proxy, ');
  });

  test('names every variable that is wrong, and ends with 2', async () => {
    const failed = output('services', { args: ['proxy'], env: { PORT: 'x', LIST_TTL: 'y' } });
    await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(/PORT="x".*LIST_TTL="y"/s) });
  });

  test.each(targets)('%s runs everything, serves, and drains when it is told to stop', async target => {
    const env = { ...anyPort, UPSTREAM: upstream.url, SUMDB: 'off' };
    const { command, id } = await create(target, { env });
    const began = performance.now();
    const service = await ready(startProcess([], {}, { command }));
    console.log(`${target} was ready after ${((performance.now() - began) / 1000).toFixed(2)} s`);
    const response = await fetch(`${service.url}/example.com/plain/@v/v1.0.0.info`);
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ Version: 'v1.0.0' })]);
    const first = await run('runc', [
      'exec',
      id,
      '/usr/local/bin/node',
      '-p',
      'require("fs").readFileSync("/proc/1/cmdline", "latin1").split("\\0")[0]',
    ]);
    expect(first.stdout.trim()).toBe('/usr/bin/tini');
    expect(await service.stop()).toMatchObject({ code: 0, said: expect.stringMatching(/stopped\n$/) });
  });

  test('a proxy alone starts without Go, and needs to be told of no origin', async () => {
    const { command } = await create('services', { args: ['proxy'], env: anyPort });
    const service = await ready(startProcess([], {}, { command }));
    expect((await fetch(`${service.admin}/readyz`)).status).toBe(200);
    await service.stop();
  });

  test('the processor’s go fetches from a repository with its git', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gocenter-repository-'));
    const module = 'git.example.test/basic.git';
    createRepository(folder, 'basic.git', [{ files: { 'go.mod': `module ${module}\n` }, tags: ['v1.0.0'] }]);
    // git reads nobody's repository but its user's own.
    await run('chown', ['-R', '65532:65532', folder]);
    const env = {
      GOPROXY: 'direct',
      GOSUMDB: 'off',
      GOTOOLCHAIN: 'local',
      GIT_ALLOW_PROTOCOL: 'https:file',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'url.file:///repositories/.insteadOf',
      GIT_CONFIG_VALUE_0: 'https://git.example.test/',
    };
    const command = ['/usr/local/go/bin/go', 'mod', 'download', '-json', `${module}@v1.0.0`];
    const { stdout } = await output('processor', { command, env, volumes: { '/repositories': folder } });
    expect(JSON.parse(stdout)).toMatchObject({ Path: module, Version: 'v1.0.0', Zip: expect.stringMatching(/\.zip$/) });
    await rm(folder, { recursive: true });
  });
});
