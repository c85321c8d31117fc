import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createTemporary } from '../../../services/storage/files/temporary.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(`${tmpdir()}/temporary-`);
});
afterEach(() => rm(root, { recursive: true }));

const left = () => readdir(`${root}/.tmp`);
const hasProc = existsSync('/proc/self/ns/pid');

test('paths are never the same twice and lie in one folder', async () => {
  const { path } = await createTemporary(root);
  const paths = Array.from({ length: 100 }, path);
  expect(new Set(paths).size).toBe(100);
  for (const each of paths) expect(each.startsWith(`${root}/.tmp/`)).toBe(true);
});

test.skipIf(!hasProc)('files of living processes stay, files of dead ones go (needs /proc)', async () => {
  const idle = start('setInterval(() => {}, 1000)');
  const module = import.meta.resolve('../../../services/storage/files/temporary.ts');
  const writer = start(
    `import('${module}').then(async ({ createTemporary }) => console.log((await createTemporary(process.argv[1])).path()));
    setInterval(() => {}, 1000)`,
  );
  const theirs = String((await once(writer.stdout, 'data'))[0]).trim();
  const own = (await createTemporary(root)).path();
  const [world, , , random] = basename(own).split('.');
  const reused = `${world}.${idle.pid}.1.${random}`; // the process id lives again, as another process
  for (const path of [theirs, own, `${root}/.tmp/${reused}`]) await writeFile(path, 'half');
  await createTemporary(root);
  expect((await left()).toSorted()).toEqual([basename(own), basename(theirs)].toSorted());

  writer.kill('SIGKILL');
  await once(writer, 'exit');
  await createTemporary(root);
  expect(await left()).toEqual([basename(own)]);
});

/** Starts a process that ends with the test at the latest. */
function start(program: string) {
  const child = spawn(process.execPath, ['-e', program, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('files of owners that can’t be asked go when nobody has written to them for an hour', async () => {
  await createTemporary(root);
  const [recent, old] = ['otherboot-1.7.99.aa', 'otherboot-1.7.99.bb'];
  for (const name of [recent, old]) await writeFile(`${root}/.tmp/${name}`, 'half');
  const before = new Date(Date.now() - 61 * 60_000);
  await utimes(`${root}/.tmp/${old}`, before, before);
  await createTemporary(root);
  expect(await left()).toEqual([recent]);
});
