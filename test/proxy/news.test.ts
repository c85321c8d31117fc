import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newerOf } from '../../services/proxy/lists.ts';
import { createNews, type News } from '../../services/proxy/news.ts';
import { createFeedWriter } from '../../services/records/feed.ts';
import { createFileStorage } from '../../services/storage/files.ts';

let folder: string;
let records: Awaited<ReturnType<typeof createFileStorage>>;
let news: News;
let clock = 1_000_000;
const deleted: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'news-'));
  records = await createFileStorage({ root: folder });
  news = createNews({ records, hot: { delete: path => void deleted.push(path) }, now: () => clock });
});
afterAll(async () => {
  news.close();
  await rm(folder, { recursive: true });
});

const append = (module: string, version: string, at = new Date()) =>
  createFeedWriter(records, () => at).append(module, version, async () => {});

describe('what is held of a module', () => {
  test('is deleted once when another process publishes a version of it, and of no other module', async () => {
    await append('example.com/Camel', 'v1.0.0');
    await news.look();
    expect(deleted.splice(0)).toEqual(['/example.com/!camel/@v/list', '/example.com/!camel/@latest']);
    await news.look();
    expect(deleted).toEqual([]);
  });

  test('is deleted also when the entry comes late, behind younger ones of other processes', async () => {
    await append('example.com/late', 'v1.0.0', new Date(Date.now() - 3000));
    await news.look();
    expect(deleted.splice(0)).toContain('/example.com/late/@v/list');
  });

  test('is deleted for each of more than are read at once', async () => {
    const writer = createFeedWriter(records, () => new Date());
    for (let i = 0; i < 1100; i++) await writer.append(`example.com/m${i}`, 'v1.0.0', async () => {});
    await news.look();
    expect(new Set(deleted.splice(0)).size).toBe(2200);
  });

  test('may not be held when it was begun before, nor while the version may still be on its way', () => {
    const until = clock + 60_000;
    expect(news.mayHold('example.com/other', clock, until)).toBe(true);
    news.published('example.com/a');
    expect(news.mayHold('example.com/a', clock - 1, until)).toBe(false);
    clock += 1000;
    expect(news.mayHold('example.com/a', clock, until)).toBe(false);
    clock += 20_000;
    expect(news.mayHold('example.com/a', clock - 20_500, until)).toBe(true);
    expect(news.mayHold('example.com/a', clock - 30_000, until)).toBe(false);
  });
});

describe('the latest version', () => {
  test.each([
    ['v1.0.0', ['v1.1.0', 'v1.0.0'], 'v1.1.0'],
    ['v1.1.0', ['v1.0.0'], undefined],
    ['v1.1.0', ['v1.1.0', 'v1.2.0-rc.1'], undefined],
    ['v1.1.0', ['v2.0.0+incompatible'], undefined],
    ['v2.0.0+incompatible', ['v3.0.0+incompatible'], 'v3.0.0+incompatible'],
    ['v0.0.0-20260101000000-0123456789ab', ['v0.0.0-20260201000000-0123456789ab'], undefined],
    ['v0.0.0-20260101000000-0123456789ab', ['v0.1.0-rc.1'], 'v0.1.0-rc.1'],
    ['v1.0.0', [], undefined],
  ])('of %s at the origin and %j here is %s', (theirs, here, wanted) => {
    expect(newerOf(theirs, here)).toBe(wanted);
  });
});
