import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFolders, type Folders } from '../../../services/storage/files/folders.ts';
import { createPut } from '../../../services/storage/files/put.ts';
import { createTemporary } from '../../../services/storage/files/temporary.ts';
import { kindOf } from '../helpers.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(`${tmpdir()}/put-`);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const limit = <T>(run: () => Promise<T>) => run();
/** A put whose first folder is removed while it is made: Node says so by one of these codes. */
async function putWhile(code: string) {
  const folders = createFolders(root, limit);
  let made = 0;
  const racing: Folders = {
    ...folders,
    async make(folder) {
      if (made++ === 0) throw Object.assign(new Error(code), { code });
      await folders.make(folder);
    },
  };
  return createPut({ root, folders: racing, temporary: await createTemporary(root), limit });
}

test.each(['ENOENT', 'ENOTDIR', 'EEXIST'])(
  'an object whose folder others remove while it is made is stored all the same (%s)',
  async code => {
    const put = await putWhile(code);
    await put('a/b/c', Buffer.from('x'), { ifAbsent: true });
    expect(await readFile(`${root}/a/b/c`, 'utf8')).toBe('x');
  },
);

test('an object below another object is refused', async () => {
  await writeFile(`${root}/a`, '');
  const put = await putWhile('ENOTDIR');
  expect(await kindOf(put('a/b/c', Buffer.from('x')))).toBe('invalid');
});
