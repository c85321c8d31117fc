import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { loadProgram, programOutput, syntheticModule } from '../upstream/index.ts';
import { hasGo } from './go.ts';
import { ready, type Service, startProcess } from './service.ts';
import { until } from './until.ts';
import { openWorld, type World } from './world.ts';

const names = ['plain', 'slow', 'hanging', 'killed'];
const modules = names.map(name => syntheticModule(`example.com/${name}`, 'v1.0.0', 2000));
/** Too large for the hot cache and for what sockets hold. */
const large = syntheticModule('example.com/large', 'v1.0.0', 40 << 20);

/** Kept in memory, and more than sockets hold. */
const hot = syntheticModule('example.com/hot', 'v1.0.0', 20 << 20);

const pathOf = (name: string, kind = 'info') => `/example.com/${name}/@v/v1.0.0.${kind}`;
const statusOf = async (url: string) => (await fetch(url)).status;

async function readiness({ admin }: Service): Promise<Record<string, unknown>> {
  const response = await fetch(`${admin}/readyz`);
  return { status: response.status, ...((await response.json()) as object) };
}

let world: World;
beforeAll(async () => {
  world = await openWorld([...modules, large, hot]);
});
afterEach(() => {
  world.upstream.clearFaults();
  world.upstream.requests.clear();
});
afterAll(() => world.close());

/** A world's settings with data of their own. */
const apart = (name: string) => ({ DATA_DIR: join(world.folder, name) });

describe('npm start', () => {
  test('says what it does and the line to paste; Ctrl-C drains it and ends it with 0', async () => {
    const from = performance.now();
    const npm = { command: ['npm', 'start', '--ignore-scripts', '--silent'], group: true };
    const service = await ready(startProcess([], { ...world.settings, ...apart('npm') }, npm));
    const took = (performance.now() - from) / 1000;
    console.log(`npm start was ready after ${took.toFixed(2)} s`);
    expect(took).toBeLessThan(30);
    expect(service.said()).toMatch(
      /opening the backends.*\n(?:.*\n)*?.*the processor.*\n(?:.*\n)*?.*the validator.*\n(?:.*\n)*?.*the proxy\n/,
    );
    expect(service.said()).toContain(`\n    export GOPROXY=${service.url}\n`);
    expect(await statusOf(service.url + pathOf('plain'))).toBe(200);

    world.upstream.setFault(pathOf('slow'), { kind: 'delay', ms: 2000 }, 1);
    const waiting = statusOf(service.url + pathOf('slow'));
    await until('the upstream is asked', () => world.upstream.requests.count(pathOf('slow')) > 0);
    const end = await service.stop('SIGINT'); // to npm and to us; npm passes it on besides
    expect(await waiting).toBe(200);
    expect(end).toMatchObject({ code: 0, said: expect.stringMatching(/draining.*\n.*stopped\n$/) });
  });
});

describe('a configuration or command line that is wrong', () => {
  const run = (args: string[], settings: Record<string, string>) =>
    startProcess(args, { ...world.settings, ...settings }).ended;

  test('is told in one message with every fault; nothing is started; the status is 2', async () => {
    const faults = { PORT: 'x', LIST_TTL: '3 years', UPSTREAM: 'https://a.example,,off', SUMDB: 'unheard.example' };
    const more = { TRUSTED_PROXIES: 'here', TOKENS_FILE: '/does/not/exist', ORIGIN_CA_FILE: '/nor/this' };
    const { code, said, wrote } = await run([], { ...faults, ...more });
    expect([code, wrote]).toEqual([2, '']);
    for (const name of Object.keys({ ...faults, ...more }))
      expect(said).toMatch(new RegExp(`^gocenter: +${name}`, 'm'));
    expect(said).not.toMatch(/opening|starting/);
  });

  test.each([
    ['an unknown service', ['webserver'], /there is no service or command "webserver"/],
    ['arguments after a service', ['proxy', '--port=1'], /a service takes no arguments/],
    ['a command without its argument', ['status'], /usage: status/],
  ])('%s: status 2', async (_, args, says) => {
    const { code, said, wrote } = await run(args, {});
    expect(code).toBe(2);
    expect(said + wrote).toMatch(says);
  });

  test.each(['PORT', 'ADMIN_PORT'])('%s in use by another: one sentence, status 1', async name => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const { code, said, wrote } = await run([], { [name]: port, ...apart(name) });
    other.close();
    expect([code, wrote]).toEqual([1, '']);
    expect(said.trim().split('\n').at(-1)).toBe(
      `gocenter: can't start: ${name}=${port} is in use by another process; choose another`,
    );
  });
});

describe('SIGTERM', () => {
  test('finishes what is under way: a download that is read slowly, a version that is being fetched', async () => {
    const service = await world.start(apart('drain'));
    expect(await statusOf(service.url + pathOf('large'))).toBe(200);
    const [download] = (await once(get(service.url + pathOf('large', 'zip')), 'response')) as [IncomingMessage];
    world.upstream.setFault(pathOf('slow', 'zip'), { kind: 'delay', ms: 2500 }, 1);
    const waiting = statusOf(service.url + pathOf('slow', 'zip'));
    await until('its zip is asked for', () => world.upstream.requests.count(pathOf('slow', 'zip')) > 0);

    const from = performance.now();
    service.signal('SIGTERM');
    await until('it is not ready', async () => (await readiness(service)).status === 503);
    expect(await readiness(service)).toMatchObject({ ready: false, process: 'is shutting down', published: 'ok' });
    await expect(fetch(service.url)).rejects.toThrow();
    service.signal('SIGTERM'); // as some send it: again, and again

    expect(await waiting).toBe(200);
    let bytes = 0;
    for await (const chunk of download) bytes += chunk.length;
    expect(bytes).toBe(Number(download.headers['content-length']));
    expect((await service.ended).code).toBe(0);
    expect(performance.now() - from).toBeLessThan(10_000);
    expect(service.log().at(-1)).toMatchObject({ message: 'stopped' });
    expect(service.log().map(({ message }) => message)).not.toContainEqual(expect.stringContaining('not everything'));
  });

  test('sends all of an answer from memory, to a client that reads slowly on a connection that ends with it', async () => {
    const service = await world.start(apart('memory'));
    for (const _ of ['fetched', 'from memory']) expect(await statusOf(service.url + pathOf('hot', 'zip'))).toBe(200);
    const [download] = (await once(get(service.url + pathOf('hot', 'zip'), { agent: false }), 'response')) as [
      IncomingMessage,
    ];
    service.signal('SIGTERM');
    await until('it says so', () => service.said().includes('draining'));
    await expect(fetch(service.url)).rejects.toThrow();
    let bytes = 0;
    for await (const chunk of download) bytes += chunk.length;
    expect(bytes).toBe(Number(download.headers['content-length']));
    expect((await service.ended).code).toBe(0);
  });

  test('does not wait for ever: after 10 s at most it has ended with 0, and what was asked for is done later', async () => {
    const remove = world.upstream.setFault(/hanging/, { kind: 'hang' });
    const service = await world.start(apart('hang'));
    const waiting = fetch(service.url + pathOf('hanging'));
    await until('the upstream is asked', () => world.upstream.requests.count(/hanging/) > 0);
    const { code, took } = await service.stop();
    expect(code).toBe(0);
    expect(took).toBeLessThan(10_000);
    const answer = await waiting;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await answer.text()).toMatch(/^unavailable: this server is shutting down/);

    remove();
    const from = performance.now();
    const next = await world.start(apart('hang'));
    const kept = `${next.url}/cached-only${pathOf('hanging')}`;
    await until('it is published although nobody asks again', async () => (await statusOf(kept)) === 200, 60_000);
    console.log(`published ${((performance.now() - from) / 1000).toFixed(1)} s after the next start began`);
  });
});

describe('a service that runs', () => {
  let service: Service;
  beforeAll(async () => {
    service = await world.start(apart('runs'));
    for (const path of [pathOf('plain'), pathOf('plain'), pathOf('absent'), '/example.com/text/@v/list', '/%zz']) {
      await fetch(service.url + path, { headers: { 'x-forwarded-for': '192.0.2.7', 'user-agent': 'a test' } });
    }
  });

  test('writes JSON lines to standard output, one a request, without addresses; what people read goes elsewhere', async () => {
    await until('the lines are there', () => service.requests().length === 5);
    const { wrote, said } = await (async () => {
      const other = await world.start(apart('lines'));
      return other.stop();
    })();
    for (const line of wrote.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ time: expect.any(String) });
    expect(said).not.toContain('{"');
    const [miss, hit, absent, list, bad] = service.requests();
    expect(miss).toEqual({
      severity: 'INFO',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      message: 'request',
      service: 'proxy',
      module: 'example.com/plain',
      version: 'v1.0.0',
      kind: 'info',
      status: 200,
      bytes: expect.any(Number),
      cache: 'fetched',
      durationMs: expect.any(Number),
      country: '',
      client: expect.any(String),
      clientVersion: expect.any(String),
      ci: false,
    });
    expect(hit).toMatchObject({ status: 200, cache: 'memory', bytes: miss?.bytes });
    expect(absent).toMatchObject({ module: 'example.com/absent', status: 404, cache: 'none' });
    expect(list).toMatchObject({ module: 'example.com/text', kind: 'list', status: 200 });
    expect(bad).toMatchObject({ module: '', status: 400 });
    expect(JSON.stringify(service.requests())).not.toMatch(/127\.0\.0\.1|192\.0\.2|::1|a test/);
  });

  test('has the metrics of requests, queues, fetches and publishing', async () => {
    const text = await (await fetch(`${service.admin}/metrics`)).text();
    const host = new URL(world.upstream.url).host;
    const wanted = [
      'gocenter_requests_total{kind="info",status="200",cache="memory"} 1',
      'gocenter_request_duration_seconds_bucket{kind="info",status="200",cache="fetched",le="+Inf"} 1',
      'gocenter_cache_hit_ratio 0.5',
      'gocenter_queue_depth{subscription="processor"} 0',
      'gocenter_queue_oldest_age_seconds{subscription="validator"} 0',
      'gocenter_dead_letters{subscription="processor"} 0',
      `gocenter_fetches_total{host="${host}",outcome="not-found"} 2`,
      'gocenter_request_to_published_seconds_count 1',
      'gocenter_verdicts_total{verdict="published",rule=""} 1',
    ];
    expect(wanted.filter(line => !text.includes(`\n${line}\n`))).toEqual([]);
    expect(text).toMatch(new RegExp(`gocenter_fetches_total\\{host="${host}",outcome="ok"\\} \\d`));
  });

  test.each(['published', 'quarantine', 'records'])(
    'is not ready while its folder %s is away, and says so',
    async name => {
      const folder = join(world.folder, 'runs', name);
      await rename(folder, `${folder}.away`);
      const { status, ready, [name]: said, messaging } = await readiness(service);
      await rename(`${folder}.away`, folder);
      expect({ status, ready, messaging }).toEqual({ status: 503, ready: false, messaging: 'ok' });
      expect(said).toMatch(/^[^\n]{10,200}$/);
      await until('it is ready again', async () => (await readiness(service)).status === 200);
    },
  );
});

describe('each service in a process of its own', () => {
  let processor: Service;
  let proxy: Service;
  const settings = () => ({ ...apart('three'), LEASE: '2s' });
  beforeAll(async () => {
    processor = await world.start(settings(), 'processor');
    const [other] = await Promise.all([
      world.start({ ...settings(), ORIGIN_URL: processor.origin }, 'proxy'),
      world.start({ ...settings(), ORIGIN_URL: processor.origin }, 'validator'),
    ]);
    proxy = other;
  });

  test.skipIf(!hasGo)('together they serve the go command (needs go)', async () => {
    expect([processor.url, proxy.origin]).toEqual(['', '']);
    const go = await world.go(proxy);
    await go.write(await loadProgram());
    await go.run('build', '-o', 'program', '.');
    expect(await go.exec('program')).toBe(programOutput);
    expect((await go.run('list', '-m', 'example.com/text@main')).stdout).toContain('v1.2.1-0.2024');
  });

  test('what a processor was doing that is killed, another one does, while the client waits', async () => {
    world.upstream.setFault(pathOf('killed', 'zip'), { kind: 'hang' }, 1);
    const waiting = statusOf(proxy.url + pathOf('killed', 'zip'));
    await until('its zip is asked for', () => world.upstream.requests.count(pathOf('killed', 'zip')) > 0);
    await processor.stop('SIGKILL');
    expect((await readiness(proxy)).status).toBe(200); // it serves what is published
    processor = await world.start({ ...settings(), ORIGIN_PORT: new URL(processor.origin).port }, 'processor');
    expect(await waiting).toBe(200);
    expect(await statusOf(`${proxy.url}/example.com/report/@v/list`)).toBe(200);
  });

  test('a processor ends in time although a question to an origin hangs, and says why it gives no answer', async () => {
    world.upstream.setFault(/hanging/, { kind: 'hang' });
    const asked = fetch(`${proxy.url}/example.com/hanging/@v/list`);
    await until('the upstream is asked', () => world.upstream.requests.count(/hanging/) > 0);
    const { code, took } = await processor.stop();
    expect(code).toBe(0);
    expect(took).toBeLessThan(10_000);
    expect(await (await asked).text()).toMatch(/^unavailable: .*shutting down/);
  });
});
