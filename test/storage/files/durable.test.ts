import { existsSync, readlinkSync } from 'node:fs';
import fsPromises, { mkdtemp, open, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createFileStorage } from '../../../services/storage/files.ts';

/** What a put does, in order, in place of a crash of the machine: what has been synced when it resolves survives. */
const steps: string[] = [];
const original = { ...fsPromises };
let root = '';
let restore = () => {};
let beforeLink = async (_to: string) => {};

beforeAll(async () => {
  root = await mkdtemp(`${tmpdir()}/durable-`);
  const named = (path: string) => path.slice(root.length + 1).replace(/^\.tmp\/.*/, 'temporary');
  const handle = await open(root, 'r');
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  const { sync } = prototype;
  prototype.sync = async function () {
    const path = readlinkSync(`/proc/self/fd/${this.fd}`);
    await sync.call(this);
    steps.push(`sync ${named(path)}`.trim());
  };
  for (const name of ['link', 'rename'] as const) {
    fsPromises[name] = async (from, to) => {
      steps.push(`${name} ${named(String(from))} ${named(String(to))}`);
      await beforeLink(String(to));
      await original[name](from, to);
    };
  }
  syncBuiltinESMExports();
  restore = () => {
    prototype.sync = sync;
    Object.assign(fsPromises, original);
    syncBuiltinESMExports();
  };
});

afterAll(async () => {
  restore();
  await rm(root, { recursive: true });
});

const during = async (run: () => Promise<unknown>) => {
  steps.length = 0;
  await run();
  return [...steps];
};

test.skipIf(!existsSync('/proc/self/fd'))(
  'put and delete have synced file and folders when they resolve (needs /proc)',
  async () => {
    const storage = await createFileStorage({ root });
    const first = await during(() => storage.put('a/b/c', Buffer.from('x'), { ifAbsent: true }));
    expect(first.slice(0, 3)).toEqual(['sync temporary', 'link temporary a/b/c', 'link temporary a/b/c']);
    expect(first.slice(3).toSorted()).toEqual(['sync', 'sync a', 'sync a/b']);

    expect(await during(() => storage.put('a/b/d', Readable.from([Buffer.from('x')])))).toEqual([
      'sync temporary',
      'rename temporary a/b/d',
      'sync a/b',
    ]);
    // The same bytes are there: whoever put them may be dead before its own fsync of the folder.
    expect(await during(() => storage.put('a/b/d', Buffer.from('x'), { ifAbsent: true }))).toContain('sync a/b');

    expect(await during(() => storage.delete('a/b/d'))).toEqual(['sync a/b']);
    expect(await during(() => storage.delete('a/b/c'))).toEqual(['sync']);
    const again = await during(() => storage.put('a/b/c', Buffer.from('x')));
    expect(again.slice(3).toSorted()).toEqual(['sync', 'sync a', 'sync a/b']);
  },
);

test('a put outlasts others that remove its folder as often as it makes it, within bounds', async () => {
  const storage = await createFileStorage({ root });
  let removals = 5;
  beforeLink = async to => {
    if (removals-- > 0) await original.rm(dirname(to), { recursive: true, force: true });
  };
  await storage.put('vanishing/object', Buffer.from('x'), { ifAbsent: true });
  expect((await storage.stat('vanishing/object'))?.size).toBe(1);
  removals = Number.POSITIVE_INFINITY;
  await expect(storage.put('vanishing/again', Buffer.from('x'))).rejects.toMatchObject({ kind: 'unavailable' });
  beforeLink = async () => {};
});

test('etags differ although the clock stands still', async () => {
  const storage = await createFileStorage({ root });
  const time = Date.UTC(2026, 10, 1);
  const clock = vi.spyOn(Date, 'now').mockReturnValue(time);
  onTestFinished(() => clock.mockRestore());
  const stamps = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const info = await storage.put('etag', Buffer.from('same'));
    expect(info.time.getTime()).toBe(time);
    stamps.add(info.etag.split('-')[0] ?? '');
  }
  expect(stamps.size).toBe(20);
});
