import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createScratch } from '../../services/validator/scratch.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gocenter-scratch-'));
});
afterEach(() => rm(root, { recursive: true }));

test('a job has one folder, which goes with it, whether it succeeds or fails', async () => {
  const scratch = createScratch(join(root, 'tmp'));
  const work = async (folder: () => Promise<string>) => {
    await writeFile(join(await folder(), 'file'), 'content');
    expect(await folder()).toBe(await folder());
    expect(await readdir(join(root, 'tmp'))).toHaveLength(1);
  };
  await scratch.use(work);
  expect(await readdir(join(root, 'tmp'))).toEqual([]);
  const failing = scratch.use(async folder => {
    await work(folder);
    throw new Error('it failed');
  });
  await expect(failing).rejects.toThrow('it failed');
  expect(await readdir(join(root, 'tmp'))).toEqual([]);
});

test('a job that needs no folder makes none', async () => {
  await createScratch(join(root, 'tmp')).use(async () => {});
  expect(await readdir(root)).toEqual([]);
});

test('it is not ready, and throws unavailable, where no folder can be made', async () => {
  await writeFile(join(root, 'file'), '');
  const scratch = createScratch(join(root, 'file'));
  await expect(scratch.ready()).rejects.toMatchObject({ kind: 'unavailable' });
  await expect(scratch.use(folder => folder())).rejects.toMatchObject({ kind: 'unavailable' });
  await createScratch(root).ready();
  expect(await readdir(root)).toEqual(['file']);
});

test('what dead processes left is swept, what living ones use is not', async () => {
  const dead = spawnSync(process.execPath, ['--version']).pid;
  const old = new Date(Date.now() - 365 * 86_400_000);
  const make = async (name: string, time: Date) => {
    await mkdir(join(root, name));
    await utimes(join(root, name), time, time);
  };
  await make(`validator-${dead}-aaaaaa`, old);
  await make(`validator-${process.pid}-bbbbbb`, old); // of an earlier process with this id, as in a container
  await make(`validator-${process.pid}-cccccc`, new Date());
  await make(`validator-${process.ppid}-dddddd`, old);
  await make('processor-1-eeeeee', old);
  await createScratch(root).sweep();
  expect(await readdir(root)).toEqual(
    ['processor-1-eeeeee', `validator-${process.pid}-cccccc`, `validator-${process.ppid}-dddddd`].sort(),
  );
  await createScratch(join(root, 'missing')).sweep();
});
