import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTerm } from '../../services/records/term.ts';
import {
  createWorld,
  faultOf,
  key,
  module,
  serveModule,
  startServer,
  type TestServer,
  until,
  version,
  type World,
} from './world.ts';

/** Processors of their own, as other processes would have them, on the stores of the first. */
let server: TestServer;
let first: World;
let second: World;
beforeEach(async () => {
  server = await startServer();
  first = await createWorld({ UPSTREAM: server.url, LEASE: '1s' });
  const { published, quarantine, records } = first;
  second = await createWorld({ UPSTREAM: server.url, LEASE: '1s' }, { published, quarantine, records });
});
afterEach(async () => {
  await Promise.all([first.close(), second.close()]);
  await server.close();
});

const claims = async () => {
  const keys: string[] = [];
  for await (const { key } of first.quarantine.list('claims/')) keys.push(key);
  return keys;
};

describe('two processors on one store that are asked for the same version at once', () => {
  test('fetch it once, both have it announced, and leave no claim', async () => {
    serveModule(server);
    await Promise.all([first.request(), second.request(), first.request(), second.request()]);
    expect(server.count(`/${key}.zip`)).toBe(1);
    expect([first.messages.length, second.messages.length]).toEqual([1, 1]);
    expect(await claims()).toEqual([]);
  });

  test('ask once for one that is absent', async () => {
    await Promise.all([first.request(), second.request()]);
    expect(server.count(`/${key}.info`)).toBe(1);
    expect(await claims()).toEqual([]);
  });
});

test('the claim of a processor that died is taken over, and the version fetched', async () => {
  serveModule(server);
  const name = createHash('sha256').update(`${module}@${version}`).digest('hex').slice(0, 32);
  const dead = createTerm({ storage: first.quarantine, root: `claims/${name}-`, length: 1000 });
  expect(await dead.holds()).toBe(true);
  const requested = first.request();
  await until(async () => (await claims()).length > 0);
  expect(server.count(`/${key}.zip`)).toBe(0);
  await requested;
  expect(server.count(`/${key}.zip`)).toBe(1);
});

test('who waits for a claim gives up when its message is taken from it', async () => {
  serveModule(server);
  const name = createHash('sha256').update(`${module}@${version}`).digest('hex').slice(0, 32);
  await createTerm({ storage: first.quarantine, root: `claims/${name}-`, length: 1000 }).holds();
  const stop = new AbortController();
  const requested = faultOf(first.request({}, stop.signal));
  stop.abort();
  await requested;
  expect(server.requests).toEqual([]);
});
