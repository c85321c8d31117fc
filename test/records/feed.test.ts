import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFeedWriter, readFeed } from '../../services/records/feed.ts';
import type { Storage } from '../../services/storage/index.ts';
import { keysOf, noon, openWorld, type World } from '../validator/helpers.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const nothing = async () => {};
const at = (time: string) => new Date(`2026-06-01T${time}Z`);

test('an entry says path, version and time, and its key is made known before it is written', async () => {
  let known: string | undefined;
  const feed = createFeedWriter(world.records, () => noon);
  await feed.append('github.com/BurntSushi/toml', 'v1.0.0-RC.1', async key => {
    expect(await keysOf(world.records)).toEqual([]);
    known = key;
  });
  expect(await keysOf(world.records)).toEqual([known]);
  expect(await readFeed(world.records, { limit: 10 })).toEqual([
    { Path: 'github.com/BurntSushi/toml', Version: 'v1.0.0-RC.1', Timestamp: '2026-06-01T12:00:00.000Z' },
  ]);
});

test('a clock that stands still or goes back does not mix up the order', async () => {
  const times = ['12:00:00.005', '12:00:00.005', '11:00:00.000', '12:00:00.006', '12:00:01.000'];
  const feed = createFeedWriter(world.records, () => at(times.shift() ?? ''));
  for (const n of [1, 2, 3, 4, 5]) await feed.append('a.test/m', `v1.${n}.0`, nothing);
  const entries = await readFeed(world.records, { limit: 10 });
  expect(entries.map(({ Version, Timestamp }) => `${Version} ${Timestamp.slice(11)}`)).toEqual([
    'v1.1.0 12:00:00.005Z',
    'v1.2.0 12:00:00.006Z',
    'v1.3.0 12:00:00.007Z',
    'v1.4.0 12:00:00.008Z',
    'v1.5.0 12:00:01.000Z',
  ]);
});

test('paging by the last time sees every entry of many days, even one entry a page', async () => {
  let time = Date.parse('2026-05-30T23:59:59.990Z');
  const feed = createFeedWriter(world.records, () => new Date(time));
  const written: string[] = [];
  for (let n = 0; n < 30; n++) {
    if (n % 5 === 0) time += 40_000_000;
    await feed.append('a.test/m', `v1.${n}.0`, nothing);
    written.push(`v1.${n}.0`);
  }
  for (const limit of [2, 7, 100]) {
    const seen = new Set<string>();
    let since: Date | undefined;
    for (let page = 0; page < 40; page++) {
      const entries = await readFeed(world.records, { since, limit });
      for (const { Version } of entries) seen.add(Version);
      const last = entries.at(-1);
      if (entries.length < limit || last === undefined) break;
      since = new Date(last.Timestamp);
    }
    expect([...seen]).toEqual(written);
  }
});

test('since is inclusive, and may lie in a day of no entries, before all or after all', async () => {
  const times = [new Date('2026-06-01T23:59:59.999Z'), new Date('2026-06-04T00:00:00.000Z')];
  const feed = createFeedWriter(world.records, () => times.shift() ?? noon);
  await feed.append('a.test/m', 'v1.0.0', nothing);
  await feed.append('a.test/m', 'v1.1.0', nothing);
  const versions = async (since: string) =>
    (await readFeed(world.records, { since: new Date(since), limit: 10 })).map(({ Version }) => Version);
  expect(await versions('0001-01-01T00:00:00Z')).toEqual(['v1.0.0', 'v1.1.0']);
  expect(await versions('2026-06-01T23:59:59.999Z')).toEqual(['v1.0.0', 'v1.1.0']);
  expect(await versions('2026-06-02T10:00:00Z')).toEqual(['v1.1.0']);
  expect(await versions('2026-06-04T00:00:00Z')).toEqual(['v1.1.0']);
  expect(await versions('2026-06-04T00:00:00.001Z')).toEqual([]);
  expect(await versions('+010000-01-01T00:00:00Z')).toEqual([]);
});

test('reading from a time walks no earlier day', async () => {
  const days = [new Date('2026-05-01T00:00:00Z'), noon];
  const feed = createFeedWriter(world.records, () => days.shift() ?? noon);
  await feed.append('a.test/old', 'v1.0.0', nothing);
  await feed.append('a.test/new', 'v1.0.0', nothing);
  const listed: string[] = [];
  const records: Storage = {
    ...world.records,
    async *list(prefix, options) {
      for await (const info of world.records.list(prefix, options)) {
        listed.push(info.key);
        yield info;
      }
    },
  };
  await readFeed(records, { since: noon, limit: 10 });
  expect(listed).toHaveLength(1);
});

test('an entry appears only behind all that have an earlier time, also when one between them fails', async () => {
  const feed = createFeedWriter(world.records, () => noon);
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const first = feed.append('a.test/first', 'v1.0.0', () => held);
  const failing = feed.append('a.test/failing', 'v1.0.0', async () => {
    throw new Error('no space');
  });
  await expect(failing).rejects.toThrow('no space');
  const last = feed.append('a.test/last', 'v1.0.0', nothing);
  await Promise.race([last, world.records.put('other', Buffer.from('a write takes its time'))]);
  expect(await readFeed(world.records, { limit: 10 })).toEqual([]);
  letGo();
  await Promise.all([first, last]);
  const paths = (await readFeed(world.records, { limit: 10 })).map(({ Path }) => Path);
  expect(paths).toEqual(['a.test/first', 'a.test/last']);
});

test('an entry that can’t be written does not hold up those behind it', async () => {
  const feed = createFeedWriter(world.records, () => noon);
  const failing = feed.append('a.test/first', 'v1.0.0', async () => {
    throw new Error('no space');
  });
  await Promise.all([expect(failing).rejects.toThrow('no space'), feed.append('a.test/second', 'v1.0.0', nothing)]);
  expect((await readFeed(world.records, { limit: 10 })).map(({ Path }) => Path)).toEqual(['a.test/second']);
});

test('names longer than a file name may be are kept', async () => {
  const Path = `a.test/${'x'.repeat(150)}/${'Y'.repeat(100)}/${'z.'.repeat(70)}z`;
  const feed = createFeedWriter(world.records, () => noon);
  await feed.append(Path, 'v1.0.0', nothing);
  expect(await readFeed(world.records, { limit: 10 })).toMatchObject([{ Path, Version: 'v1.0.0' }]);
});

test('what is not accepted does not count', async () => {
  const feed = createFeedWriter(world.records, () => noon);
  for (const n of [1, 2, 3]) await feed.append(`a.test/m${n}`, 'v1.0.0', nothing);
  const entries = await readFeed(world.records, { limit: 2, accept: ({ Path }) => Path !== 'a.test/m1' });
  expect(entries.map(({ Path }) => Path)).toEqual(['a.test/m2', 'a.test/m3']);
});
