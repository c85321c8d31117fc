import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFileStorage } from '../../services/storage/files.ts';
import type { Storage } from '../../services/storage/index.ts';
import { createStorageSumdbCache, type SumdbCache } from '../../services/sumdb/cache.ts';
import { createSumdbClient } from '../../services/sumdb/client.ts';
import { faultOf } from './helpers.ts';
import { moduleAt, TestLog } from './log.ts';

describe('a cache in a store', () => {
  let root: string;
  let storage: Storage;
  let cache: SumdbCache;
  let name: string;
  let databases = 0;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'sumdb-cache-'));
    storage = await createFileStorage({ root });
  });
  beforeEach(() => {
    name = `sums${databases++}.example/team`;
    cache = createStorageSumdbCache(storage, name);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  async function keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of storage.list(`sumdb/${name}/`)) keys.push(key.slice(`sumdb/${name}/`.length));
    return keys;
  }

  const write = (size: number, note = `note of ${size}`) => cache.writeLatest(size, Buffer.from(note));
  const latest = async () => (await cache.readLatest())?.toString();

  it('keeps the newest tree, and only that', async () => {
    expect(await latest()).toBeUndefined();
    await write(9);
    await write(10);
    await write(1_000_000);
    expect(await latest()).toBe('note of 1000000');
    expect(await keys()).toEqual(['latest/0000000001000000']);
  });

  it('does not go backwards', async () => {
    await write(10);
    await write(9);
    expect(await latest()).toBe('note of 10');
    expect(await keys()).toEqual(['latest/0000000000000010']);
  });

  it('takes a tree twice, and refuses another note of its size', async () => {
    await write(10);
    await write(10);
    expect(await faultOf(write(10, 'other'))).toMatchObject({ kind: 'conflict' });
    expect(await latest()).toBe('note of 10');
  });

  it('has the newest of trees written at once, and always one for readers', async () => {
    await write(1);
    const writes = Promise.all(Array.from({ length: 40 }, (_, i) => write(2 + ((i * 7) % 40))));
    let writing = true;
    writes.finally(() => {
      writing = false;
    });
    for (let reads = 0; writing && reads < 10_000; reads++) expect(await latest()).toMatch(/^note of/);
    await writes;
    expect(await latest()).toBe('note of 41');
  });

  it('gives the newer tree when the one it found is removed before it is read', async () => {
    await write(10);
    let raced = false;
    const get: Storage['get'] = async (key, options) => {
      if (!raced) await write(20);
      raced = true;
      return storage.get(key, options);
    };
    const racing = createStorageSumdbCache({ ...storage, get }, name);
    expect((await racing.readLatest())?.toString()).toBe('note of 20');
  });

  it('keeps tiles, and takes damaged ones for none or leaves them to the reader', async () => {
    const bytes = Buffer.alloc(8192, 7);
    expect(await cache.readTile('tile/8/0/x001/234')).toBeUndefined();
    await cache.writeTile('tile/8/0/x001/234', bytes);
    expect(await cache.readTile('tile/8/0/x001/234')).toEqual(bytes);
    expect(await keys()).toEqual(['tile/8/0/x001/234']);
    await cache.writeTile('tile/8/0/x001/234', Buffer.alloc(8193));
    expect(await cache.readTile('tile/8/0/x001/234')).toBeUndefined();
  });

  it('keeps databases apart', async () => {
    await write(10);
    await cache.writeTile('tile/8/0/000', Buffer.alloc(8192));
    const other = createStorageSumdbCache(storage, 'other.example');
    expect(await other.readLatest()).toBeUndefined();
    expect(await other.readTile('tile/8/0/000')).toBeUndefined();
  });

  it('serves a client, again after a restart', async () => {
    const log = new TestLog(700);
    const reads: string[] = [];
    const read = async (path: string) => {
      reads.push(path);
      return log.read(path);
    };
    const connect = () => createSumdbClient({ verifierKey: log.signer.verifierKey, read, cache });
    expect(await connect().lookup(moduleAt(5), 'v1.0.0')).toMatchObject({ position: 5, treeSize: 700 });
    expect(await keys()).toEqual(['latest/0000000000000700', 'tile/8/0/000']);
    reads.length = 0;
    expect(await connect().lookup(moduleAt(6), 'v1.0.0')).toMatchObject({ position: 6, treeSize: 700 });
    expect(reads).not.toContain('tile/8/0/000');
  });
});
