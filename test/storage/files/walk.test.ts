import fsPromises, { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { walk } from '../../../services/storage/files/walk.ts';

let root = '';
const readdir = fsPromises.readdir;
const foldersRead: string[] = [];

beforeAll(async () => {
  root = await mkdtemp(`${tmpdir()}/walk-`);
  for (const day of ['01', '02', '03', '04']) {
    for (const key of [`${day}/10:00/a/b@v1`, `${day}/10:00/a-c@v1`, `${day}/11:00/a@v1`]) {
      await mkdir(dirname(`${root}/index/${key}`), { recursive: true });
      await writeFile(`${root}/index/${key}`, '');
    }
  }
  await mkdir(`${root}/other/folder`, { recursive: true });
  await mkdir(`${root}/.tmp`);
  await writeFile(`${root}/.tmp/unfinished`, '');
  const recording = (path: string, options: { withFileTypes: true }) => {
    foldersRead.push(path.slice(root.length + 1));
    return readdir(path, options);
  };
  fsPromises.readdir = recording as typeof readdir;
  syncBuiltinESMExports();
});

afterAll(async () => {
  fsPromises.readdir = readdir;
  syncBuiltinESMExports();
  await rm(root, { recursive: true });
});

async function walked(prefix: string, after: string, limit = Number.POSITIVE_INFINITY) {
  foldersRead.length = 0;
  const keys: string[] = [];
  for await (const key of walk(root, prefix, after)) {
    keys.push(key);
    if (keys.length === limit) break;
  }
  return { keys, foldersRead: [...foldersRead] };
}

test('a page after a key reads no folder that comes before it, nor one after its end', async () => {
  const page = await walked('index/', 'index/03/10:00/a-c@v1', 2);
  expect(page.keys).toEqual(['index/03/10:00/a/b@v1', 'index/03/11:00/a@v1']);
  expect(page.foldersRead).toEqual(['index/', 'index/03/', 'index/03/10:00/', 'index/03/10:00/a/', 'index/03/11:00/']);
});

test('a prefix is looked for in its folder only', async () => {
  const { keys, foldersRead } = await walked('index/02/11', '');
  expect(keys).toEqual(['index/02/11:00/a@v1']);
  expect(foldersRead).toEqual(['index/02/', 'index/02/11:00/']);
});

test('after the end, nothing below is read', async () => {
  expect(await walked('index/', 'index/05')).toEqual({ keys: [], foldersRead: ['index/'] });
});

test('unfinished objects are not listed', async () => {
  const { keys, foldersRead } = await walked('', '');
  expect(keys).toHaveLength(12);
  expect(foldersRead).not.toContain('.tmp/');
});
