import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Origin } from '../../services/origin/index.ts';
import { createWorld, faultOf, module, startServer, type TestServer, time, type World } from './world.ts';

let server: TestServer;
let world: World;
let origin: Origin;

beforeEach(async () => {
  server = await startServer();
  world = await createWorld({ UPSTREAM: server.url, LIST_TTL: '0s' });
  origin = world.processor.origin;
});

afterEach(async () => {
  await world.close();
  await server.close();
});

const path = '/example.com/!some/mod/@v';
const list = `${path}/list`;
const latest = '/example.com/!some/mod/@latest';
const info = (version: string) => JSON.stringify({ Version: version, Time: time });

describe('a list', () => {
  test('has the canonical tagged versions, whatever else the origin puts there', async () => {
    const lines = [
      'v1.0.0',
      'v1.1.0-rc.1 2024-01-01T00:00:00Z',
      '',
      'v1',
      'master',
      'v2.0.0+incompatible',
      'v1.0.0+meta',
    ];
    server.answers.set(list, [...lines, 'v0.0.0-20240101000000-abcdefabcdef', '<html>'].join('\n'));
    expect(await origin.list(module)).toEqual(['v1.0.0', 'v1.1.0-rc.1', 'v2.0.0+incompatible']);
  });

  test('may be empty', async () => {
    server.answers.set(list, '');
    expect(await origin.list(module)).toEqual([]);
  });

  test('of an unknown module is not found, and that is remembered', async () => {
    expect((await faultOf(origin.list(module))).kind).toBe('not-found');
    server.answers.set(list, 'v1.0.0\n');
    expect((await faultOf(origin.list(module))).kind).toBe('not-found');
    expect(server.requests).toHaveLength(1);
  });

  test('is given stale while the origin is down', async () => {
    server.answers.set(list, 'v1.0.0\n');
    await origin.list(module);
    server.answers.set(list, 503);
    expect(await origin.list(module)).toEqual(['v1.0.0']);
    const asked = server.requests.length;
    expect(await origin.list(module)).toEqual(['v1.0.0']);
    expect(server.requests).toHaveLength(asked);
  });

  test('is unavailable when the origin is down and nothing is known', async () => {
    server.answers.set(list, 503);
    expect((await faultOf(origin.list(module))).kind).toBe('unavailable');
  });

  test('is asked for once by many at once', async () => {
    server.answers.set(list, 'v1.0.0\n');
    await Promise.all(Array.from({ length: 50 }, () => origin.list(module)));
    expect(server.requests).toHaveLength(1);
  });

  test('carries the hops', async () => {
    server.answers.set(list, '');
    await origin.list(module, { hops: 6 });
    expect(server.headers()['gocenter-hops']).toBe('7');
  });

  test('of a malformed path is invalid', async () => {
    expect((await faultOf(origin.list('nodot/x'))).kind).toBe('invalid');
    expect(server.requests).toEqual([]);
  });
});

describe('the latest', () => {
  test('is what the origin says', async () => {
    server.answers.set(latest, info('v1.5.0'));
    expect(await origin.latest(module)).toEqual({ Version: 'v1.5.0', Time: time });
  });

  test.each([
    ['the highest release', 'v1.9.0\nv1.10.0\nv1.11.0-rc.1\n', 'v1.10.0'],
    ['the highest pre-release', 'v1.0.0-beta.2\nv1.0.0-beta.11\n', 'v1.0.0-beta.11'],
    [
      'the newest pseudo-version',
      'v0.0.0-20240101000000-abcdefabcdef\nv0.0.0-20250101000000-abcdefabcdef\n',
      'v0.0.0-20250101000000-abcdefabcdef',
    ],
  ])('is %s of the list where the origin has no @latest', async (_name, versions, expected) => {
    server.answers.set(list, versions);
    server.answers.set(`${path}/${expected}.info`, info(expected));
    expect((await origin.latest(module)).Version).toBe(expected);
  });

  test('is not found when the list is empty or missing', async () => {
    expect((await faultOf(origin.latest(module))).kind).toBe('not-found');
    server.answers.set('/example.com/empty/@v/list', '');
    expect((await faultOf(origin.latest('example.com/empty'))).kind).toBe('not-found');
  });

  test('with a version that is not canonical is bad-origin', async () => {
    server.answers.set(latest, info('v1'));
    expect((await faultOf(origin.latest(module))).kind).toBe('bad-origin');
  });
});

describe('a query', () => {
  test('is resolved to a canonical version', async () => {
    const version = 'v0.0.0-20240101000000-abcdefabcdef';
    server.answers.set(`${path}/main.info`, info(version));
    expect((await origin.query(module, 'main')).Version).toBe(version);
  });

  test('for another major version of the path is bad-origin', async () => {
    server.answers.set(`${path}/main.info`, info('v2.0.0'));
    expect((await faultOf(origin.query(module, 'main'))).kind).toBe('bad-origin');
  });

  test('of a canonical version must give that version', async () => {
    server.answers.set(`${path}/v1.0.0.info`, info('v1.0.1'));
    expect((await faultOf(origin.query(module, 'v1.0.0'))).kind).toBe('bad-origin');
  });

  test.each(['feature/x', '', 'a!b', '../x', 'ü', 'x'.repeat(300)])('for %j is invalid', async query => {
    expect((await faultOf(origin.query(module, query))).kind).toBe('invalid');
    expect(server.requests).toEqual([]);
  });
});

test('with the upstream off nobody is asked, and that is not remembered for long', async () => {
  const off = await createWorld({ UPSTREAM: 'off' });
  try {
    for (const question of [
      off.processor.origin.list(module),
      off.processor.origin.latest(module),
      off.processor.origin.query(module, 'main'),
    ]) {
      expect(await faultOf(question)).toMatchObject({ kind: 'refused', retryAfter: 5 });
    }
  } finally {
    await off.close();
  }
});

test('a processor that closes gives up its questions', async () => {
  server.answers.set(list, () => {});
  const asked = faultOf(origin.list(module));
  await world.processor.close();
  expect((await asked).kind).toBe('unavailable');
});
