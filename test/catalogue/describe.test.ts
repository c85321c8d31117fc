import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { factsOf, type Stores } from '../../services/catalogue/store.ts';
import { Fault } from '../../services/errors.ts';
import { versionKey } from '../../services/records/index.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import { readObject } from '../../services/storage/index.ts';
import { type FixtureModule, noise } from '../upstream/index.ts';
import { fillStores } from './world.ts';

let folder: string;
let stores: Stores;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'describe-'));
  stores = {
    published: await createFileStorage({ root: join(folder, 'published') }),
    records: await createFileStorage({ root: join(folder, 'records') }),
  };
});
afterAll(() => rm(folder, { recursive: true }));

/** A module whose zip has about these many bytes: nothing can be compressed of the files that make it large. */
function moduleOf(version: string, bytes: number): FixtureModule {
  const padding = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`data/${i}.bin`, noise(Math.ceil(bytes / 8), `${version} ${i}`)]),
  );
  return {
    path: 'large.test/m',
    version,
    time: '2026-01-01T00:00:00Z',
    files: {
      'go.mod': 'module large.test/m\n\ngo 1.24\n',
      ...padding,
      LICENSE: 'SPDX-License-Identifier: MIT\n',
      'README.md': '# Large\n',
      'm.go': '// Package m is large.\npackage m\n\nfunc Do() {}\n',
      'zz/zz.go': '// Package zz comes last.\npackage zz\n',
    },
  };
}

describe('a version is described from its zip', () => {
  // Up to 1 MiB it is read at once, beyond in pieces of 256 KiB: around those sizes.
  test.each([100, 260_000, 1_040_000, 1_060_000, 3_000_000])('of %i bytes', async bytes => {
    const version = `v1.0.${bytes}`;
    await fillStores(stores, [moduleOf(version, bytes)]);
    const facts = await factsOf(stores, { module: 'large.test/m', version });
    expect(facts?.content?.zipSize).toBeGreaterThan(bytes);
    expect(facts?.content).toMatchObject({
      licences: [{ id: 'MIT', file: 'LICENSE' }],
      readme: { file: 'README.md', text: '# Large\n' },
      packages: [
        { path: 'large.test/m', synopsis: 'Package m is large.', exported: ['func Do'], declared: ['func Do()'] },
        { path: 'large.test/m/zz', synopsis: 'Package zz comes last.' },
      ],
      fileCount: 13,
    });
  });
});

describe('a version whose zip can’t be read is described from its go.mod, and says so', () => {
  const module = 'large.test/m';
  const key = (version: string, ending: string) => `${versionKey(module, version)}.${ending}`;
  const kept = { goModText: 'module large.test/m\n\ngo 1.24\n', packages: [], packagesComplete: false, fileCount: 0 };

  test.each([
    ['v2.0.1', 'no zip at all', async () => Buffer.from('this is no zip'), /can’t be read: not a valid zip/],
    ['v2.0.2', 'files that are damaged', damaged, /can’t be read/],
    ['v2.0.3', 'none in the store', async () => undefined, /its zip is missing/],
  ])('%s: %s', async (version, _, zip, why) => {
    await fillStores(stores, [moduleOf(version, 100)]);
    const intact = await readObject(stores.published, key(version, 'zip'), 1 << 20);
    await stores.published.delete(key(version, 'zip'));
    const bytes = await zip(intact ?? Buffer.alloc(0));
    if (bytes !== undefined) await stores.published.put(key(version, 'zip'), bytes);
    const facts = await factsOf(stores, { module, version });
    expect(facts).toMatchObject({ status: 'published', content: { ...kept, unreadable: expect.stringMatching(why) } });
    expect(facts?.content?.time).toBe('2026-01-01T00:00:00.000Z');
  });

  /** The directory is as it was, the content is not. */
  async function damaged(zip: Buffer): Promise<Buffer> {
    return zip.fill(0xff, 0, zip.length / 2);
  }

  test('unless it is the store that fails', async () => {
    const failing = { ...stores.published, get: () => Promise.reject(new Fault('unavailable', 'the disk is on fire')) };
    const published = {
      stat: async () => ({ size: 1, time: new Date() }),
      get: failing.get,
    } as unknown as Stores['published'];
    await expect(factsOf({ ...stores, published }, { module, version: 'v2.0.1' })).rejects.toThrow('on fire');
  });
});
