import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDescriber } from '../../services/catalogue/describer.ts';
import { createSqliteCatalogue } from '../../services/catalogue/sqlite.ts';
import { factsOf, type Stores } from '../../services/catalogue/store.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import type { FixtureModule } from '../upstream/index.ts';
import { fillStores } from './world.ts';

let folder: string;
let stores: Stores;
let describer: ReturnType<typeof createDescriber>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'describer-'));
  stores = {
    published: await createFileStorage({ root: join(folder, 'published') }),
    records: await createFileStorage({ root: join(folder, 'records') }),
  };
  await fillStores(stores, [huge]);
  describer = createDescriber({ STORAGE: { kind: 'files', folder: undefined }, DATA_DIR: folder });
}, 120_000);
afterAll(async () => {
  await describer?.close();
  await rm(folder, { recursive: true });
});

const lines = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i)).join('');
const packageOf = (i: number) =>
  `// Package p${i} is one of many.\npackage p${i}\n\n${lines(20, n => `func Do${n}() {}\n`)}`;

/** A README of 10 MB, 4000 packages, a generated file of 2 MB, and twenty licence files. */
const huge: FixtureModule = {
  path: 'huge.test/m',
  version: 'v1.0.0',
  time: '2026-01-01T00:00:00Z',
  files: {
    'go.mod': 'module huge.test/m\n\ngo 1.24\n',
    'README.md': '# Huge\n\n'.padEnd(10 << 20, 'All of it is **huge**, and [linked](https://huge.test).\n'),
    ...Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`p${i}/p.go`, packageOf(i)])),
    'generated.go': `package m\n\n${lines(30_000, i => `type Generated${i} struct{ a, b int } // ${i}\n`)}`,
    ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`LICENSE.${i}`, `Licence ${i}. `.repeat(15_000)])),
  },
};

/**
 * Milliseconds of the longest turn of the event loop until it is asked: of the processor's time that this thread took, so
 * that it does not matter what else the machine does.
 */
function watchTurns(): () => number {
  let longest = 0;
  let last = process.threadCpuUsage();
  let running = true;
  const turn = () => {
    const { user, system } = process.threadCpuUsage(last);
    last = process.threadCpuUsage();
    longest = Math.max(longest, (user + system) / 1000);
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    running = false;
    return longest;
  };
}

describe('a version that is described in a thread', () => {
  test('is described as it is without', async () => {
    const target = { module: huge.path, version: huge.version };
    const facts = await describer.factsOf(target);
    expect(facts?.content?.packages).toHaveLength(2000);
    expect(facts).toEqual(await factsOf(stores, target));
    expect(await describer.factsOf({ module: 'huge.test/none', version: 'v1.0.0' })).toBeUndefined();
  });

  test('holds up nothing else by more than 25 ms, however large it is', async () => {
    const catalogue = await createSqliteCatalogue({ file: join(folder, 'catalogue.sqlite') });
    const target = { module: huge.path, version: huge.version };
    const longest = watchTurns();
    const facts = await describer.factsOf(target);
    if (facts !== undefined) await catalogue.put([facts]);
    const turn = longest();
    await catalogue.close();
    console.log(`longest turn of the event loop: ${turn.toFixed(1)} ms`);
    expect(turn).toBeLessThan(25);
  });

  test('of which the zip is none tells why, and the next is described', async () => {
    const key = 'broken.test/m/@v/v1.0.0';
    for (const end of ['info', 'mod', 'zip']) await stores.published.put(`${key}.${end}`, Buffer.from('{}'));
    const facts = await describer.factsOf({ module: 'broken.test/m', version: 'v1.0.0' });
    expect(facts?.content?.unreadable).toMatch(/not a valid zip/);
    expect(await describer.factsOf({ module: huge.path, version: huge.version })).toBeDefined();
  });
});
