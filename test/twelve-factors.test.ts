import { once } from 'node:events';
import { glob, readdir, readFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Platform } from '../infra/workloads/platform.ts';
import { ConfigError, readConfig, schema } from '../services/config.ts';
import { hasGo } from './e2e/go.ts';
import { type Service, startProcess } from './e2e/service.ts';
import { until } from './e2e/until.ts';
import { openWorld, type World } from './e2e/world.ts';
import { startBackends } from './emulators/backends.ts';
import { startBalancer } from './faults/balancer.ts';
import { declare } from './infra/cloud/declare.ts';
import { stageNames, stageOf } from './infra/stage-files.ts';
import { backends } from './infra/workloads/fixtures.ts';
import { type KubernetesObject, kubernetesObjects } from './infra/workloads/objects.ts';
import { syntheticModule } from './upstream/index.ts';

/** The twelve factors (12factor.net), a test each. What they promise in depth is tested beside what keeps the promise. */

const root = join(import.meta.dirname, '..');
const names = ['plain', 'slow', 'shared', 'other', ...Array.from({ length: 20 }, (_, i) => `crowd${i}`)];
const modules = names.map(name => syntheticModule(`example.com/${name}`, 'v1.0.0', 50_000));
/** Too large for what sockets hold. */
const large = syntheticModule('example.com/large', 'v1.0.0', 20 << 20);
const pathOf = (name: string, kind = 'zip') => `/example.com/${name}/@v/v1.0.0.${kind}`;
const read = (file: string) => readFile(join(root, file), 'utf8');

let world: World;
beforeAll(async () => {
  world = await openWorld([...modules, large]);
});
afterAll(() => world.close());
const apart = (name: string) => ({ DATA_DIR: join(world.folder, name) });

async function get(service: Pick<Service, 'url'>, path: string): Promise<{ status: number; bytes: Buffer }> {
  const response = await fetch(service.url + path);
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
}

async function sources(): Promise<{ file: string; text: string }[]> {
  const files: string[] = [];
  for await (const file of glob('services/**/*.ts', { cwd: root })) files.push(file);
  return Promise.all(files.map(async file => ({ file, text: await read(file) })));
}

/** Kubernetes' objects of a stage, with these images instead of its own. */
async function render(name: (typeof stageNames)[number], digest?: string): Promise<KubernetesObject[]> {
  const stage = stageOf(name);
  const services = Object.entries(stage.services).map(([service, values]) => [
    service,
    digest === undefined ? values : { ...values, image: values.image.replace(/@.*/, `@sha256:${digest}`) },
  ]);
  const changed = { ...stage, services: Object.fromEntries(services) as typeof stage.services };
  return kubernetesObjects(await declare(() => void new Platform('platform', { stage: changed, backends })));
}

const imagesIn = (objects: readonly KubernetesObject[]): string[] =>
  objects
    .filter(({ kind }) => kind === 'Deployment')
    .flatMap(({ spec }) => spec.template.spec.containers.map(({ image }: { image: string }) => image));

test('I. codebase: every stage names its images by digest, the same images, so that what is promoted is never built anew', async () => {
  const [first, ...others] = stageNames.map(stage => Object.values(stageOf(stage).services).map(({ image }) => image));
  for (const image of first ?? []) expect(image).toMatch(/^[a-z-]+@sha256:[0-9a-f]{64}$/);
  const named = (images: string[]) => images.map(image => image.split('@')[0]);
  for (const other of others) expect(named(other)).toEqual(named(first ?? []));
});

describe('II. dependencies', () => {
  test('the lock file has every package that runs by its hash, and images are made of nothing else', async () => {
    const lock = JSON.parse(await read('package-lock.json')) as {
      packages: Record<string, { link?: boolean; integrity?: string; inBundle?: boolean; dev?: boolean }>;
    };
    const installed = Object.entries(lock.packages).filter(([path]) => path.includes('node_modules/'));
    const loose = installed.filter(
      ([, { link, integrity, inBundle, dev }]) => !link && !inBundle && !dev && integrity === undefined,
    );
    expect(loose.map(([path]) => path)).toEqual([]);
    const npm = (await read('images/Dockerfile')).match(/^ +npm \S+/gm)?.map(command => command.trim());
    expect(npm).toEqual(['npm ci']);
  });

  test('services import what their package.json names, and nothing else', async () => {
    const { dependencies } = JSON.parse(await read('services/package.json')) as {
      dependencies: Record<string, string>;
    };
    const stray: string[] = [];
    for (const { file, text } of await sources()) {
      for (const [, from = ''] of text.matchAll(/(?:^import |^export |^\} )(?:[^'"]*from )?'([^']+)';$/gm)) {
        const name = from.split('/', from.startsWith('@') ? 2 : 1).join('/');
        if (!from.startsWith('.') && !isBuiltin(from) && !(name in dependencies)) stray.push(`${file}: ${from}`);
      }
    }
    expect(stray).toEqual([]);
  });
});

describe('III. config', () => {
  test('the services’ code knows no stage, and reads the environment in one place', async () => {
    const stages = new RegExp(`(['"\`])(${stageNames.join('|')}|production)\\1`);
    const found = (await sources()).filter(({ text }) => stages.test(text) || text.includes('NODE_ENV'));
    expect(found.map(({ file }) => file)).toEqual([]);
    const readers = (await sources()).filter(({ text }) => text.includes('process.env'));
    expect(readers.map(({ file }) => file)).toEqual(['services/main.ts']);
  });

  test('a start names every variable that is missing or wrong', () => {
    // Values that their schemas can't take; texts take any.
    const wrong = Object.fromEntries(Object.keys(schema).map(name => [name, '\u0000 not :// a value@']));
    const faultsOf = (environment: Record<string, string>) => {
      try {
        readConfig(environment);
      } catch (error) {
        if (error instanceof ConfigError) return error.faults.map(fault => fault.split(/[ =]/, 1).join());
        throw error;
      }
      return [];
    };
    const accepting = Object.entries(schema).filter(([, { accepts }]) => accepts === 'text');
    const picky = Object.keys(schema).filter(name => !accepting.some(([text]) => text === name));
    expect(faultsOf(wrong)).toEqual(expect.arrayContaining(picky));
    const needed = Object.entries(schema).filter(([, variable]) => variable.default === undefined);
    expect(needed.length).toBeGreaterThan(0);
    expect(faultsOf({})).toEqual(needed.map(([name]) => name));
  });
});

test.skipIf(!hasGo)(
  'IV. backing services: one process on folders, one on Google’s interfaces; only variables differ (needs Go)',
  async () => {
    await using emulators = await startBackends('emulators');
    const answers = [];
    for (const settings of [apart('folders'), { ...apart('interfaces'), ...emulators.settings }]) {
      const service = await world.start(settings);
      answers.push(await get(service, pathOf('plain')));
      expect((await service.stop()).code).toBe(0);
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[1]?.bytes.equals(answers[0]?.bytes ?? Buffer.of())).toBe(true);
  },
);

test('V. build, release, run: a release differs from another by its images alone, so rolling back is releasing the earlier', async () => {
  const [earlier, later] = ['a'.repeat(64), 'b'.repeat(64)];
  const first = await render('prod', earlier);
  const second = await render('prod', later);
  expect(imagesIn(second)).toEqual(imagesIn(first).map(image => image.replace(earlier, later)));
  // The Job that migrates has the beginning of its image's digest in its name.
  const asBefore = JSON.stringify(second).replaceAll(later.slice(0, 12), earlier.slice(0, 12));
  // 64 is no multiple of 12.
  expect(JSON.parse(asBefore.replaceAll('bbbb', 'aaaa'))).toEqual(JSON.parse(JSON.stringify(first)));
  expect(await render('prod', earlier)).toEqual(first);
});

test('VI. processes: one that is killed between two requests changes nothing', async () => {
  const first = await world.start(apart('killed'));
  const answer = await get(first, pathOf('plain'));
  await first.stop('SIGKILL');
  world.upstream.requests.clear();
  const second = await world.start(apart('killed'));
  expect((await get(second, pathOf('plain'))).bytes.equals(answer.bytes)).toBe(true);
  expect(world.upstream.requests.count(/plain/)).toBe(0);
  await second.stop();
});

test('VII. port binding: with PORT=0 it finds ports of its own, and says which', async () => {
  const both = await Promise.all(['one', 'two'].map(name => world.start(apart(`port-${name}`))));
  const ports = both.flatMap(({ url, admin }) => [url, admin]);
  expect(new Set(ports).size).toBe(4);
  for (const service of both) {
    expect((await fetch(`${service.admin}/readyz`)).status).toBe(200);
    expect((await get(service, pathOf('plain', 'info'))).status).toBe(200);
    await service.stop();
  }
});

test.skipIf(!hasGo)(
  'VIII. concurrency: from one worker to three of each, a version is fetched once (needs Go)',
  async () => {
    await using emulators = await startBackends('emulators');
    // Without the checksum database, which asks the upstream, too.
    const settings = { ...apart('many'), ...emulators.settings, SUMDB: 'off' };
    const processors = await Promise.all(Array.from({ length: 3 }, () => world.start(settings, 'processor')));
    const origin = { ORIGIN_URL: processors[0]?.origin ?? '' };
    const others = (['validator', 'validator', 'proxy', 'proxy', 'proxy'] as const).map(name =>
      world.start({ ...settings, ...origin }, name),
    );
    const started = await Promise.all(others);
    const proxies = started.filter(({ url }) => url !== '');
    world.upstream.requests.clear();
    const crowd = names.filter(name => name.startsWith('crowd'));
    const answers = await Promise.all(proxies.flatMap(proxy => crowd.map(name => get(proxy, pathOf(name)))));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(crowd.map(name => world.upstream.requests.count(pathOf(name)))).toEqual(crowd.map(() => 1));
    await Promise.all([...processors, ...started].map(service => service.stop()));
  },
);

describe('IX. disposability', () => {
  test('it starts in seconds', async () => {
    const began = performance.now();
    const service = await world.start(apart('start'));
    const took = (performance.now() - began) / 1000;
    console.log(`started in ${took.toFixed(2)} s`);
    // Five on an idle machine; this one may be busy.
    expect(took).toBeLessThan(30);
    await service.stop();
  });

  test('SIGTERM under load fails no request', async () => {
    const processor = await world.start(apart('load'), 'processor');
    const settings = { ...apart('load'), ORIGIN_URL: processor.origin };
    const validator = await world.start(settings, 'validator');
    const first = await world.start(settings, 'proxy');
    const { bytes } = await get(first, pathOf('large'));
    const second = await world.start(settings, 'proxy');
    const balancer = await startBalancer();
    balancer.setTargets([first.url, second.url]);
    let stopped = false;
    const outcomes: boolean[] = [];
    const clients = Array.from({ length: 4 }, async () => {
      while (!stopped) {
        // Each on a connection of its own: on one that is kept, a request may cross the server's good-bye.
        const [response] = (await once(
          request(balancer.url + pathOf('large'), { agent: false }).end(),
          'response',
        )) as [IncomingMessage];
        const got = await buffer(response);
        outcomes.push(response.statusCode === 200 && got.equals(bytes));
      }
    });
    await until('there is load', () => outcomes.length > 8);
    // Told to go when nobody new is sent to it, as on the cluster: in the time of preStop.
    balancer.setTargets([second.url]);
    await until('what was on its way has arrived', () => balancer.silent(first.url) === 0);
    const { code } = await first.stop();
    const before = outcomes.length;
    await until('the other one serves on', () => outcomes.length > before + 8);
    stopped = true;
    await Promise.all(clients);
    await balancer.close();
    await Promise.all([second, validator, processor].map(service => service.stop()));
    expect(code).toBe(0);
    expect(outcomes.filter(fine => !fine)).toEqual([]);
  });
});

test('X. parity: every stage sets the same variables of the same services; their values are on a list', async () => {
  const variables = async (name: (typeof stageNames)[number]) =>
    (await render(name))
      .filter(({ kind }) => kind === 'Deployment')
      .flatMap(({ metadata, spec }) =>
        spec.template.spec.containers[0].env.map((each: { name: string }) => `${metadata.name} ${each.name}`),
      );
  const all: string[][] = [];
  // One at a time: Pulumi's runtime is global.
  for (const stage of stageNames) all.push(await variables(stage));
  const [first, ...others] = all;
  expect(first?.length).toBeGreaterThan(20);
  for (const other of others) expect(other).toEqual(first);
});

test('XI. logs: a stream of JSON lines on standard output, and no file', async () => {
  const service = await world.start(apart('logs'));
  for (const path of [pathOf('plain', 'info'), pathOf('absent', 'info')]) await get(service, path);
  const { wrote, said } = await service.stop();
  for (const line of wrote.trimEnd().split('\n')) {
    expect(JSON.parse(line)).toEqual(
      expect.objectContaining({ severity: expect.any(String), message: expect.any(String) }),
    );
  }
  expect(said).not.toContain('{"');
  const files = await readdir(join(world.folder, 'logs'), { recursive: true });
  expect(files.filter(file => file.endsWith('.log'))).toEqual([]);
});

test('XII. admin processes: the same program with the same settings, once or again, beside the services or without them', async () => {
  const settings = { ...world.settings, ...apart('admin') };
  const run = (...args: string[]) => startProcess(args, settings).ended;
  const service = await world.start(settings);
  for (const _ of ['once', 'again']) expect((await run('request', 'example.com/other@v1.0.0')).code).toBe(0);
  await until(
    'it is published',
    async () => (await get(service, `/cached-only${pathOf('other', 'info')}`)).status === 200,
  );
  const beside = await run('status', 'example.com/other@v1.0.0');
  await service.stop();
  const without = await run('status', 'example.com/other@v1.0.0');
  expect(beside).toMatchObject({ code: 0, wrote: expect.stringContaining('is published since') });
  expect(without.wrote).toBe(beside.wrote);
});

test('XII. admin processes: what has nothing to do with the stores does not look at them, to which it may have no right', async () => {
  const nowhere = {
    STORAGE: 'gs://nowhere?endpoint=http://127.0.0.1:9',
    MESSAGING: 'pubsub:nowhere?endpoint=127.0.0.1:9',
  };
  const { ended } = startProcess(['migrate'], { ...world.settings, ...apart('migrate'), ...nowhere });
  expect(await ended).toMatchObject({ code: 0, wrote: expect.stringContaining('needs no migration') });
});
