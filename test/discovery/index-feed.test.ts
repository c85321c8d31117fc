import { beforeEach, describe, expect, test } from 'vitest';
import { createAsker } from '../../services/discovery/ask.ts';
import { createFollower } from '../../services/discovery/index-feed.ts';
import { createStats } from '../../services/discovery/stats.ts';
import { createMetrics } from '../../services/metrics.ts';
import type { IndexEntry } from '../../services/origin/index.ts';
import type { Storage } from '../../services/storage/index.ts';
import { createMemoryStorage } from './memory.ts';

const start = Date.UTC(2026, 0, 1);
const at = (seconds: number, fraction = '') =>
  new Date(start + seconds * 1000).toISOString().replace('.000Z', `${fraction && `.${fraction}`}Z`);
const entry = (name: string, time: string): IndexEntry => ({ module: `a.test/${name}`, version: 'v1.0.0', time });

let records: Storage;
let feed: IndexEntry[];
let asked: string[];
let sinces: string[];
beforeEach(() => {
  records = createMemoryStorage();
  feed = [];
  asked = [];
  sinces = [];
});

/** Compares as a feed does: to the nanosecond, inclusive. */
const padded = (time: string) => time.replace(/(?:\.(\d+))?Z$/, (_, digits = '') => `.${digits.padEnd(9, '0')}Z`);

function open(pageSize = 3) {
  return createFollower({
    feed: 'https://feed.test/index',
    reader: {
      async index(_, { since, limit }) {
        sinces.push(since);
        const entries = feed.filter(({ time }) => padded(time) >= padded(since)).slice(0, limit);
        return { entries, more: entries.length >= limit };
      },
    },
    records,
    asker: {
      async ask({ module }) {
        asked.push(module.slice('a.test/'.length));
        return 'asked';
      },
    },
    accepts: async () => true,
    since: at(0),
    interval: 60_000,
    stats: createStats(createMetrics().registry),
    now: () => new Date(start + 86_400_000),
    random: () => 0.5,
    pageSize,
  });
}

const { signal } = new AbortController();

/** Reads on until the feed has no more. */
async function drain(step: (signal: AbortSignal) => Promise<number>) {
  for (let pages = 0; pages < 50; pages++) if ((await step(signal)) === 60_000) return;
  throw new Error('it does not come to an end');
}

describe('a follower', () => {
  test('asks for each entry once, although a page begins with what the last one ended with', async () => {
    feed = Array.from({ length: 10 }, (_, i) => entry(`m${i}`, at(i)));
    const step = open();
    await drain(step);
    expect(asked).toEqual(feed.map(({ module }) => module.slice('a.test/'.length)));
    await drain(step);
    expect(asked).toHaveLength(10);
  });

  test('keeps the order of nanoseconds', async () => {
    feed = ['1', '12', '123456789', '2'].map((fraction, i) => entry(`m${i}`, at(1, fraction)));
    await drain(open(2));
    expect(asked).toEqual(['m0', 'm1', 'm2', 'm3']);
  });

  test('gets past more entries of one instant than a page holds', async () => {
    feed = [...Array.from({ length: 5 }, (_, i) => entry(`same${i}`, at(1))), entry('next', at(2))];
    await drain(open(3));
    expect(asked).toContain('next');
  });

  test('finds an entry that appears behind younger ones', async () => {
    feed = [entry('young', at(30))];
    const step = open();
    await drain(step);
    feed.unshift(entry('late', at(20)));
    await drain(step);
    expect(asked).toEqual(['young', 'late']);
  });

  test('goes on after a restart from shortly before where it was', async () => {
    feed = Array.from({ length: 4 }, (_, i) => entry(`m${i}`, at(i * 1000)));
    await drain(open());
    sinces = [];
    await drain(open());
    expect(sinces[0]).toBe(new Date(start + 3000_000 - 60_000).toISOString());
  });

  test('refuses a time in the future, which would hide all that follows', async () => {
    feed = [entry('a', at(1)), entry('b', '9999-01-01T00:00:00Z')];
    await expect(open()(signal)).rejects.toMatchObject({ kind: 'bad-origin' });
    expect(asked).toEqual(['a']);
  });
});

test('discovery waits while more is to be fetched than DISCOVERY_BACKLOG, but not with what is announced', async () => {
  let depth = 500;
  const waits: number[] = [];
  const sent: unknown[] = [];
  const storage = createMemoryStorage();
  const asker = createAsker({
    config: { ALLOW: [], DENY: [], DISCOVERY_RATE: 1000, DISCOVERY_BACKLOG: 100 },
    published: storage,
    records: storage,
    messaging: {
      async publish(_, message) {
        sent.push(message);
      },
      async backlog() {
        return { depth, oldestAge: 0, dead: 0 };
      },
    },
    stats: createStats(createMetrics().registry),
    now: () => new Date(start),
    async sleep(milliseconds) {
      waits.push(milliseconds);
      if (waits.length === 3) depth = 100;
    },
  });
  expect(await asker.announce({ module: 'a.test/hook', version: 'v1.0.0' })).toBe('asked');
  expect(waits).toEqual([]);
  expect(await asker.ask({ module: 'a.test/m', version: 'v1.0.0' }, { source: 'index', signal })).toBe('asked');
  expect(waits).toEqual([1000, 1000, 1000]);
  expect(sent).toHaveLength(2);
  expect(await asker.ask({ module: 'a.test/m', version: 'v1.0.0' }, { source: 'tags', signal })).toBe('asked-before');
  expect(await asker.ask({ module: 'a.test/m', version: 'v1' }, { source: 'tags', signal })).toBe('invalid');
});
