import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FixtureModule, syntheticModule } from '../upstream/index.ts';
import { askUntil, get, untilIdle } from './client.ts';
import { hasProc, peak, resetPeak, resident } from './memory.ts';
import { size } from './origin-cases.ts';
import { expectSentence } from './sentence.ts';
import { damagedFiles, filesOf, kindsOf, unfinished } from './stores.ts';
import { openWorld, type World } from './world.ts';

const slow = syntheticModule('example.com/slow', 'v1.0.0', size);
const dripping = syntheticModule('example.com/dripping', 'v1.0.0', size);
const early = syntheticModule('example.com/down', 'v1.0.0', size);
const late = syntheticModule('example.com/down', 'v1.1.0', size);
const pausing = syntheticModule('example.com/pausing', 'v1.0.0', size);
const honest = syntheticModule('example.com/bomb', 'v1.0.0', 1000);
const lying = syntheticModule('example.com/bomb', 'v1.1.0', 1000);

let world: World;
beforeAll(async () => {
  world = await openWorld({
    modules: [slow, dripping, early, late, pausing, honest, lying],
    settings: { FETCH_TIMEOUT: '3s', LIST_TTL: '0s', ORIGIN_TIMEOUT: '2s' },
  });
});
afterAll(() => world.close());

const at = ({ path, version }: FixtureModule, kind: string) => `/${path}/@v/${version}.${kind}`;
const statuses = async (url: string, last: number) => (await askUntil(url, last)).map(({ status }) => status);

test('an origin that is slow, but not silent, is waited for', async () => {
  for (const kind of ['info', 'mod', 'zip']) world.upstream.setFault(at(slow, kind), { kind: 'delay', ms: 200 });
  expect((await get(world.urlOf(slow))).status).toBe(200);
});

test('while an origin drips for longer than clients wait they time out, are never told that it is missing, and get it later', async () => {
  world.upstream.setFault(at(dripping, 'zip'), { kind: 'drip', bytes: 4000, ms: 300 });
  expectSentence(await get(world.urlOf(dripping)), 'timed-out', /^timed out: .*still being fetched/);
  for (const status of await statuses(world.urlOf(dripping), 200)) expect([200, 504]).toContain(status);
  expect(world.upstream.requests.count(at(dripping, 'zip'))).toBe(1);
  expect(await damagedFiles(world.dataDir, 'published', dripping)).toEqual([]);
});

test('while the origin is down what is published is served, lists too; the rest is unavailable until it is up again', async () => {
  expect((await get(world.urlOf(early))).status).toBe(200);
  await world.upstream.down();
  expectSentence(await get(world.urlOf(late)), 'unavailable', /does not answer|can't be connected to/);
  for (const kind of ['info', 'mod', 'zip'] as const) expect((await get(world.urlOf(early, kind))).status).toBe(200);
  const { url, admin } = world.service;
  expect(await get(`${url}/example.com/down/@v/list`)).toMatchObject({ status: 200, text: 'v1.0.0\n' });
  expect((await get(`${url}/example.com/down/@latest`)).text).toContain('"v1.0.0"');
  expect((await get(`${admin}/readyz`)).status).toBe(200);
  await world.upstream.up();
  expect(await statuses(world.urlOf(late), 200)).not.toContain(404);
});

test('an origin that asks for a pause by Retry-After gets it', async () => {
  const fault = { kind: 'status', status: 429, headers: { 'retry-after': '2' } } as const;
  world.upstream.setFault(at(pausing, 'info'), fault, 1);
  expect(await statuses(world.urlOf(pausing), 200)).not.toContain(404);
  const asked = world.upstream.requests.log.filter(({ path }) => path === at(pausing, 'info'));
  expect((asked[1]?.at ?? 0) - (asked[0]?.at ?? 0)).toBeGreaterThan(1900);
});

/** More than the 500 MiB that a module may have. */
const inflated = 600 << 20;

test.skipIf(!hasProc)('zip bombs are refused within bounded memory (needs /proc)', async () => {
  world.upstream.setFault(at(honest, 'zip'), { kind: 'bomb', bytes: inflated });
  world.upstream.setFault(at(lying, 'zip'), { kind: 'bomb', bytes: inflated, declared: 1 << 20 });
  for (const bomb of [honest, lying]) await get(world.upstream.url + at(bomb, 'zip')); // made when first asked for
  const { pid, admin } = world.service;
  await resetPeak(pid);
  const before = await resident(pid);
  for (const bomb of [honest, lying]) {
    await askUntil(world.urlOf(bomb), 403);
    expectSentence(await get(world.urlOf(bomb)), 'refused', /^refused: zip-well-formed: /);
    expect(await kindsOf(world.dataDir, 'published', bomb)).toEqual([]);
  }
  const growth = (await peak(pid)) - before;
  console.log(`two bombs of 600 MiB: resident memory grew by ${growth.toFixed(1)} MB`);
  expect(growth).toBeLessThan(60);
  await untilIdle(admin);
  expect(await unfinished(world.dataDir)).toEqual([]);
  expect(await filesOf(world.dataDir, 'quarantine')).toEqual([]);
});
