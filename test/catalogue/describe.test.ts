import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { factsOf, type Stores } from '../../services/catalogue/store.ts';
import { createFileStorage } from '../../services/storage/files.ts';
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
