import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModuleZip, type ZipLimits } from '../../services/gomod/zip.ts';
import { attacks, goMod, module, part, version } from './zip-attacks.ts';
import { buildZip } from './zip-builder.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zips-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(bytes: Buffer, limits?: Partial<ZipLimits>, path = module, v = version) {
  const file = join(folder, 'module.zip');
  await writeFile(file, bytes);
  return readModuleZip(file, path, v, limits);
}

describe('attacks are refused with their reason', () => {
  for (const { name, zip, reason } of attacks) {
    test(name, () =>
      expect(read(zip)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringMatching(reason) }),
    );
  }
});
