import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFileStorage } from '../../services/storage/files.ts';
import { storageContract } from './contract.ts';
import { bytesOf, keysOf, kindOf, readWith, rest, streamOf } from './helpers.ts';
import { canMount, mountSmallDisk, type SmallDisk } from './small-disk.ts';

storageContract('files', async () => {
  const folder = await mkdtemp(`${tmpdir()}/storage-`);
  const root = `${folder}/new/root`;
  return {
    storage: await createFileStorage({ root }),
    another: () => createFileStorage({ root }),
    close: () => rm(folder, { recursive: true }),
  };
});

describe('file storage', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(`${tmpdir()}/storage-`);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  test('keeps objects as files named by their keys, so that the folder is a GOPROXY, and nothing else', async () => {
    const storage = await createFileStorage({ root });
    await storage.put('github.com/!a/b/@v/v1.0.0.info', Buffer.from('{}'), { ifAbsent: true });
    expect(await readFile(`${root}/github.com/!a/b/@v/v1.0.0.info`, 'utf8')).toBe('{}');
    expect((await readdir(root)).toSorted()).toEqual(['.tmp', 'github.com']);
    await storage.delete('github.com/!a/b/@v/v1.0.0.info');
    expect(await readdir(root)).toEqual(['.tmp']);
  });

  test('leaves no temporary file, whatever became of the put', async () => {
    const storage = await createFileStorage({ root });
    await storage.put('a/b', Buffer.from('x'), { ifAbsent: true });
    await storage.put('a/b', streamOf(bytesOf('x', 300_000)));
    await kindOf(storage.put('a/b', Buffer.from('y'), { ifAbsent: true }));
    await kindOf(storage.put('a', Buffer.from('y')));
    await kindOf(storage.put('a/b/c', Buffer.from('y')));
    await kindOf(storage.put('a/c', new Readable({ read: () => void 0 }).destroy()));
    await storage.ready();
    expect(await readdir(`${root}/.tmp`)).toEqual([]);
  });

  test.skipIf(!existsSync('/proc/self/fd'))('closes every file (needs /proc)', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const storage = await createFileStorage({ root });
    await storage.put('large', bytesOf('x', 1_000_000));
    const before = open();
    for (let i = 0; i < 20; i++) {
      await storage.put('small', Buffer.from(`${i}`));
      await kindOf(storage.put('small', Buffer.from('other'), { ifAbsent: true }));
      await kindOf(storage.get('small', { range: { start: 9, end: 9 } }));
      await storage.get('small');
      await storage.get('.well-known');
      await rest(await storage.get('large'));
      const unread = await storage.get('large');
      await new Promise(done => unread?.body.on('close', done).destroy());
    }
    expect(open()).toBe(before);
  });

  test('says unavailable, not absent, when its folder is gone, and ready says so too', async () => {
    const storage = await createFileStorage({ root: `${root}/store` });
    await storage.put('a', Buffer.from('x'));
    await storage.ready();
    await rename(`${root}/store`, `${root}/elsewhere`);
    expect(await kindOf(storage.get('a'))).toBe('unavailable');
    expect(await kindOf(storage.stat('a'))).toBe('unavailable');
    expect(await kindOf(keysOf(storage, ''))).toBe('unavailable');
    expect(await kindOf(storage.delete('a'))).toBe('unavailable');
    const body = streamOf(Buffer.from('x'));
    expect(await kindOf(storage.put('a', body))).toBe('unavailable');
    expect(body.destroyed).toBe(true);
    expect(await kindOf(storage.ready())).toBe('unavailable');
    await rename(`${root}/elsewhere`, `${root}/store`);
    expect((await readWith(storage, 'a')).bytes.toString()).toBe('x');
  });

  test('can’t be made where a file is, and names no path of the machine', async () => {
    await writeFile(`${root}/file`, '');
    const making = createFileStorage({ root: `${root}/file/store` });
    expect(await kindOf(making)).toBe('unavailable');
    await expect(making).rejects.not.toThrow(root);
  });

  test('a file that somebody cuts short fails the body instead of ending it', async () => {
    const storage = await createFileStorage({ root });
    await storage.put('cut', bytesOf('cut', 1_000_000));
    const object = await storage.get('cut');
    await truncate(`${root}/cut`, 500_000);
    expect(await kindOf(rest(object))).toBe('unavailable');
  });
});

test.skipIf(!canMount())('file storage says that a file system is read-only (needs mount)', async () => {
  const disk = mountSmallDisk(1);
  execFileSync('mount', ['-o', 'remount,ro', disk?.path ?? '']);
  try {
    await expect(createFileStorage({ root: `${disk?.path}/store` })).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'the store failed while making its folder: read-only file system',
    });
  } finally {
    disk?.unmount();
  }
});

describe.skipIf(!canMount())('file storage on a full disk (needs mount)', () => {
  let disk: SmallDisk | undefined;
  beforeEach(() => {
    disk = mountSmallDisk(1);
  });
  afterEach(() => disk?.unmount());

  const big = bytesOf('big', 2_000_000);

  test('says so, keeps what it has, leaves nothing behind, and goes on when there is space again', async () => {
    const root = `${disk?.path}/store`;
    const storage = await createFileStorage({ root });
    await storage.put('kept', bytesOf('kept', 300_000));
    for (const options of [{}, { ifAbsent: true }]) {
      for (const body of [big, streamOf(big)]) {
        await expect(storage.put('big/object', body, options)).rejects.toMatchObject({
          kind: 'unavailable',
          message: 'no space left in the store while storing big/object',
        });
        await expect(storage.put('kept', big)).rejects.toThrow('no space left');
      }
    }
    expect(await readdir(`${root}/.tmp`)).toEqual([]);
    expect(await keysOf(storage, '')).toEqual(['kept']);
    expect((await readWith(storage, 'kept')).bytes.equals(bytesOf('kept', 300_000))).toBe(true);

    await writeFile(`${disk?.path}/filler`, Buffer.alloc(4 << 20)).catch(() => {});
    expect(await kindOf(storage.ready())).toBe('unavailable');
    await rm(`${disk?.path}/filler`);
    await storage.ready();
    await storage.put('small', Buffer.from('fits'), { ifAbsent: true });
    expect((await readWith(storage, 'small')).bytes.toString()).toBe('fits');
  });
});
