import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { readLog, readOutcome, writeOutcome } from '../../services/records/index.ts';
import {
  createWorld,
  faultOf,
  key,
  module,
  serveModule,
  startServer,
  type TestServer,
  textOf,
  time,
  until,
  version,
  type World,
  zip,
} from './world.ts';

let server: TestServer;
let world: World;

beforeEach(async () => {
  server = await startServer();
  world = await createWorld({ UPSTREAM: server.url });
});

afterEach(async () => {
  await world.close();
  await server.close();
});

const outcome = () => readOutcome(world.records, module, version);
const inQuarantine = async () => {
  const keys: string[] = [];
  for await (const object of world.quarantine.list('')) keys.push(object.key.slice(key.length));
  return keys;
};

describe('a version that the origin has', () => {
  beforeEach(() => serveModule(server));

  test('is in quarantine, complete, before module.fetched is said', async () => {
    await world.request({ requestedAt: '2024-01-01T00:00:00Z' });
    expect(await inQuarantine()).toEqual(['.info', '.mod', '.origin', '.zip']);
    expect(await textOf(world.quarantine, `${key}.zip`)).toBe(zip.toString());
    expect(await textOf(world.quarantine, `${key}.mod`)).toBe(`module ${module}\n`);
    expect(await textOf(world.quarantine, `${key}.origin`)).toBe(server.url);
    expect(world.messages).toEqual([
      { v: 1, module, version, requestedAt: '2024-01-01T00:00:00Z', origin: server.url },
    ]);
    expect(await outcome()).toBeUndefined();
  });

  test('has an info of known fields only', async () => {
    await world.request();
    expect(await textOf(world.quarantine, `${key}.info`)).toBe(`{"Version":"${version}","Time":"${time}"}\n`);
  });

  test('has a log with every request', async () => {
    await world.request();
    const [run] = await readLog(world.records, module, version);
    expect(run).toMatchObject({ service: 'processor', result: `fetched from ${server.url}` });
    expect(run?.entries).toHaveLength(3);
    expect(run?.entries[0]).toMatchObject({ message: 'got', url: `${server.url}/${key}.info`, status: 200 });
    expect(run?.entries.find(entry => String(entry.url).endsWith('.zip'))).toMatchObject({ bytes: zip.length });
  });

  test('is asked for with a hop more than it came through, and by name', async () => {
    await world.request({ hops: 3 });
    expect(server.headers()['gocenter-hops']).toBe('4');
    expect(server.headers()['user-agent']).toMatch(/^gocenter\/\d/);
  });

  test('is counted by host and outcome', async () => {
    await world.request();
    expect(await world.metrics.registry.metrics()).toContain(
      `gocenter_fetches_total{host="127.0.0.1:${server.port}",outcome="ok"} 3`,
    );
  });

  test('is fetched once when asked for many times at once', async () => {
    await Promise.all(Array.from({ length: 50 }, () => world.request()));
    expect(server.requests).toHaveLength(3);
    expect(world.messages).toHaveLength(1);
  });

  test('is not fetched when it is published', async () => {
    await world.published.put(`${key}.info`, Buffer.from('{}'));
    await world.request();
    expect(server.requests).toEqual([]);
    expect(world.messages).toEqual([]);
  });

  test('is fetched again for a recheck although it is published and in quarantine', async () => {
    await world.request();
    await world.published.put(`${key}.info`, Buffer.from('{}'));
    server.answers.set(`/${key}.mod`, 'module changed\n');
    await world.request({ recheck: true });
    expect(await textOf(world.quarantine, `${key}.mod`)).toBe('module changed\n');
    expect(world.messages[1]).toMatchObject({ recheck: true });
  });

  test('is fetched once at a time, rechecks too', async () => {
    await world.published.put(`${key}.info`, Buffer.from('{}'));
    let now = 0;
    let most = 0;
    server.answers.set(`/${key}.info`, (_request, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end(JSON.stringify({ Version: version, Time: time }));
      }, 20);
    });
    await Promise.all([1, 2, 3].map(() => world.request({ recheck: true })));
    expect(world.messages).toHaveLength(3);
    expect(most).toBe(1);
  });

  test('that waits in quarantine to be published is not taken away by a recheck', async () => {
    await world.request();
    server.answers.set(`/${key}.info`, 404);
    await world.request({ recheck: true });
    expect(await inQuarantine()).toContain('.info');
    expect(world.messages).toHaveLength(2);
  });

  test('is only announced again when quarantine has it', async () => {
    await world.request();
    await world.request();
    expect(server.requests).toHaveLength(3);
    expect(world.messages[1]).toEqual(world.messages[0]);
  });

  test('is fetched anew when quarantine has a part of it', async () => {
    await world.quarantine.put(`${key}.zip`, Buffer.from('old'));
    await world.quarantine.put(`${key}.mod`, Buffer.from('old'));
    await world.request();
    expect(await textOf(world.quarantine, `${key}.zip`)).toBe(zip.toString());
  });

  test('clears an earlier failure', async () => {
    await writeOutcome(world.records, module, version, { kind: 'unavailable', message: 'x', at: time, until: time });
    await world.request();
    expect(await readOutcome(world.records, module, version, new Date(0))).toBeUndefined();
  });

  test('keeps the verdict of the validator until that is changed', async () => {
    const verdict = { kind: 'refused' as const, message: 'x', reasons: [{ rule: 'deny', message: 'x' }], at: time };
    await writeOutcome(world.records, module, version, verdict);
    await world.request();
    expect(server.requests).toEqual([]);
    await world.request({ by: 'operator' });
    expect(world.messages).toHaveLength(1);
    expect(await outcome()).toEqual(verdict);
  });
});

describe('what fails', () => {
  test('leaves a verdict of the validator as it is', async () => {
    const verdict = { kind: 'refused' as const, message: 'x', reasons: [{ rule: 'deny', message: 'x' }], at: time };
    await writeOutcome(world.records, module, version, verdict);
    await world.request({ by: 'operator' });
    expect(server.requests).toHaveLength(1);
    expect(await outcome()).toEqual(verdict);
  });

  test('in a recheck says nothing of the version that is published', async () => {
    await world.published.put(`${key}.info`, Buffer.from('{}'));
    await world.request({ recheck: true });
    expect(server.requests).toHaveLength(1);
    expect(await outcome()).toBeUndefined();
  });

  test.each(['.origin', '.zip', '.mod', '.info'])(
    'in the quarantine at %s leaves no info, and is given back',
    async extension => {
      serveModule(server);
      const { put } = world.quarantine;
      world.quarantine.put = async (name, body, options) => {
        if (!name.endsWith(extension)) return put.call(world.quarantine, name, body, options);
        if (!(body instanceof Uint8Array)) body.destroy();
        throw new Fault('unavailable', 'the disk is full');
      };
      expect(await faultOf(world.request())).toMatchObject({ kind: 'unavailable', message: 'the disk is full' });
      expect(await inQuarantine()).not.toContain('.info');
      expect(world.messages).toEqual([]);
    },
  );
});

describe('a version that the origin has not', () => {
  test.each([
    [404, 'not-found'],
    [410, 'gone'],
    [401, 'refused'],
    [403, 'refused'],
  ])('status %i becomes the outcome %s for NEGATIVE_TTL, and is acknowledged', async (status, kind) => {
    server.answers.set(`/${key}.info`, status);
    const before = Date.now();
    await world.request();
    const found = await outcome();
    expect(found?.kind).toBe(kind);
    expect(found?.reasons).toBeUndefined();
    const hold = Date.parse(found?.until ?? '') - before;
    expect(hold).toBeGreaterThan(599_000);
    expect(hold).toBeLessThan(605_000);
    expect(await inQuarantine()).toEqual([]);
    expect(world.messages).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  test('is not asked for again while the outcome holds, but the outcome is written anew for those who wait', async () => {
    await world.request();
    const first = await outcome();
    await until(() => Date.now() > Date.parse(first?.at ?? ''));
    await world.request();
    expect(server.requests).toHaveLength(1);
    const second = await outcome();
    expect(second?.at).not.toBe(first?.at);
    expect(second?.until).toBe(first?.until);
  });

  test('is asked for again by an operator, and when the outcome holds no more', async () => {
    await world.request();
    await world.request({ by: 'operator' });
    expect(server.requests).toHaveLength(2);
    await writeOutcome(world.records, module, version, { kind: 'not-found', message: 'x', at: time, until: time });
    await world.request();
    expect(server.requests).toHaveLength(3);
  });

  test('a mod or zip that is missing leaves no info', async () => {
    serveModule(server);
    server.answers.set(`/${key}.mod`, 404);
    await world.request();
    expect((await outcome())?.kind).toBe('not-found');
    expect(await inQuarantine()).not.toContain('.info');
    expect(world.messages).toEqual([]);
  });
});

describe('what may pass', () => {
  test('is tried three times, told for a few seconds, and given back', async () => {
    server.answers.set(`/${key}.info`, 500);
    expect((await faultOf(world.request())).kind).toBe('unavailable');
    expect(server.requests).toHaveLength(3);
    const hold = Date.parse((await outcome())?.until ?? '') - Date.now();
    expect(hold).toBeGreaterThan(3000);
    expect(hold).toBeLessThan(6000);
    const [run] = await readLog(world.records, module, version);
    expect(run?.entries.map(entry => entry.status)).toEqual([500, 500, 500]);
  });

  test('does not keep the next delivery from trying again', async () => {
    server.answers.set(`/${key}.info`, 500);
    await faultOf(world.request());
    serveModule(server);
    await world.request();
    expect(world.messages).toHaveLength(1);
    expect(await outcome()).toBeUndefined();
  });

  test('succeeds when it has passed within the tries', async () => {
    serveModule(server);
    server.answers.set(`/${key}.zip`, (_request, response) => {
      serveModule(server);
      response.writeHead(200, { 'content-length': zip.length });
      response.write(zip.subarray(0, 1000), () => response.destroy());
    });
    await world.request();
    expect(await textOf(world.quarantine, `${key}.zip`)).toBe(zip.toString());
    expect(await inQuarantine()).toEqual(['.info', '.mod', '.origin', '.zip']);
  });

  test('waits as long as the origin asks, in the outcome and not in the handler', async () => {
    server.answers.set(`/${key}.info`, (_request, response) => {
      response.writeHead(429, { 'retry-after': '30' }).end();
    });
    expect(await faultOf(world.request())).toMatchObject({ kind: 'unavailable', retryAfter: 30 });
    expect(server.requests).toHaveLength(1);
    expect(Date.parse((await outcome())?.until ?? '') - Date.now()).toBeGreaterThan(25_000);
  });
});

describe('a message', () => {
  test.each([
    ['example.com/m', 'v1', 'a version that is not canonical'],
    ['example.com/m', 'v2.0.0', 'a version that does not suit the path'],
    ['example.com/m', 'master', 'a branch'],
  ])('%s@%s is %s: an outcome, and acknowledged', async (path, name) => {
    await world.request({ module: path, version: name });
    expect((await readOutcome(world.records, path, name))?.kind).toBe('invalid');
    expect(server.requests).toEqual([]);
  });

  test.each(['-flag', 'nodot', '../../etc', 'example.com/../x'])('with the path %s is acknowledged', async path => {
    await world.request({ module: path });
    expect(server.requests).toEqual([]);
  });

  test('is given back without an outcome when its lease is lost', async () => {
    const lost = new AbortController();
    server.answers.set(`/${key}.info`, () => lost.abort());
    expect((await faultOf(world.request({}, lost.signal))).kind).toBe('unavailable');
    expect(await outcome()).toBeUndefined();
    expect(await readLog(world.records, module, version)).toEqual([]);
  });
});

describe('a message of the page whose origin fails', () => {
  const lasts = (by: 'page' | 'proxy', last: boolean) => world.request({ by }, new AbortController().signal, last);
  beforeEach(() => {
    server.answers.set(`/${key}.info`, 500);
  });

  test('is no dead letter, of which operators would be told: its outcome says that it is given up', async () => {
    expect((await faultOf(lasts('page', false))).kind).toBe('unavailable');
    expect((await outcome())?.givenUp).toBeUndefined();
    await lasts('page', true);
    expect(await outcome()).toMatchObject({ kind: 'unavailable', givenUp: true });
  });

  test('is one when go has asked', async () => {
    expect((await faultOf(lasts('proxy', true))).kind).toBe('unavailable');
  });

  test('leaves a verdict as it is', async () => {
    const verdict = { kind: 'refused', message: 'x', reasons: [{ rule: 'r', message: 'm' }], at: time } as const;
    await writeOutcome(world.records, module, version, { ...verdict, reasons: [...verdict.reasons] });
    await lasts('page', true);
    expect(await outcome()).toEqual(verdict);
  });
});

test('a processor is ready while it takes messages', async () => {
  await world.processor.ready();
  await world.processor.close();
  expect(world.subscriberClosed()).toBe(true);
  expect((await faultOf(world.processor.ready())).kind).toBe('unavailable');
});

test('private modules are asked of PRIVATE_UPSTREAM only', async () => {
  const other = await startServer();
  const split = await createWorld({
    UPSTREAM: server.url,
    PRIVATE_UPSTREAM: other.url,
    PRIVATE_MODULES: 'example.com/Some',
  });
  try {
    serveModule(other);
    await split.request();
    expect(server.requests).toEqual([]);
    expect(split.messages[0]?.origin).toBe(other.url);
  } finally {
    await split.close();
    await other.close();
  }
});

test('credentials of an upstream are sent to it and written nowhere', async () => {
  const secret = await createWorld({ UPSTREAM: server.url.replace('//', '//user:pass%20word@') });
  try {
    serveModule(server);
    await secret.request();
    expect(server.headers().authorization).toBe(`Basic ${Buffer.from('user:pass word').toString('base64')}`);
    const written = [JSON.stringify(secret.messages), JSON.stringify(await readLog(secret.records, module, version))];
    written.push((await textOf(secret.quarantine, `${key}.origin`)) ?? '');
    expect(written.join()).not.toContain('pass');
    expect(secret.messages[0]?.origin).toBe(server.url);
  } finally {
    await secret.close();
  }
});
