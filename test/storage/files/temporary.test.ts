import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporary } from '../../../services/storage/files/temporary.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(`${tmpdir()}/temporary-`);
});
afterEach(() => rm(root, { recursive: true }));

const left = () => readdir(`${root}/.tmp`);
const hasProc = existsSync('/proc/self/ns/pid');

/** The name that this process's files have, with the owner's process id and start time replaced. */
async function nameOf(pid: number | undefined, start?: string): Promise<string> {
  const [world, , ownStart, random] = basename((await createTemporary(root)).path()).split('.');
  return [world, pid, start ?? ownStart, random].join('.');
}

test('paths are never the same twice and lie in one folder', async () => {
  const { path } = await createTemporary(root);
  const paths = Array.from({ length: 100 }, path);
  expect(new Set(paths).size).toBe(100);
  for (const each of paths) expect(each.startsWith(`${root}/.tmp/`)).toBe(true);
});

test.skipIf(!hasProc)('files of living processes stay, files of dead ones go (needs /proc)', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const program = `import('${import.meta.resolve('../../../services/storage/files/temporary.ts')}')
    .then(async ({ createTemporary }) => console.log((await createTemporary(process.argv[1])).path()))
    .then(() => setInterval(() => {}, 1000))`;
  const writer = spawn(process.execPath, ['-e', program, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(writer.stdout, 'data');
  const theirs = String(line).trim();
  await writeFile(theirs, 'half');
  const own = (await createTemporary(root)).path();
  await writeFile(own, 'half');
  const reused = await nameOf(child.pid, '1'); // the process id lives again, as another process
  await writeFile(`${root}/.tmp/${reused}`, 'half');
  await createTemporary(root);
  expect((await left()).toSorted()).toEqual([basename(own), basename(theirs)].toSorted());

  for (const process of [child, writer]) {
    process.kill('SIGKILL');
    await once(process, 'exit');
  }
  await createTemporary(root);
  expect(await left()).toEqual([basename(own)]);
});

test('files of owners that can’t be asked go when nobody has written to them for an hour', async () => {
  await createTemporary(root);
  const [recent, old] = ['otherboot-1.7.99.aa', 'otherboot-1.7.99.bb'];
  for (const name of [recent, old]) await writeFile(`${root}/.tmp/${name}`, 'half');
  const before = new Date(Date.now() - 61 * 60_000);
  await utimes(`${root}/.tmp/${old}`, before, before);
  await createTemporary(root);
  expect(await left()).toEqual([recent]);
});
