import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rebuild } from '../../services/catalogue/rebuild.ts';
import { createSqliteCatalogue } from '../../services/catalogue/sqlite.ts';
import { factsOf } from '../../services/catalogue/store.ts';
import { Fault } from '../../services/errors.ts';
import type { Handler } from '../../services/messaging/index.ts';
import { clearOutcome, versionKey } from '../../services/records/index.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import { createIndexer } from '../../services/ui-backend/indexer.ts';
import type { Both } from './contract.ts';
import { dump } from './dump.ts';
import { answers, appPath, fillStores, worldModules } from './world.ts';

let folder: string;
let stores: {
  published: Awaited<ReturnType<typeof createFileStorage>>;
  records: Awaited<ReturnType<typeof createFileStorage>>;
};
const open: Both[] = [];
const create = async () => {
  const catalogue = await createSqliteCatalogue({ file: join(folder, `${open.length}.sqlite`) });
  open.push(catalogue);
  return catalogue;
};

let catalogue: Both;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rebuild-'));
  stores = {
    published: await createFileStorage({ root: join(folder, 'published') }),
    records: await createFileStorage({ root: join(folder, 'records') }),
  };
  await fillStores(stores);
  catalogue = await create();
  await rebuild({ stores, catalogue });
}, 60_000);
afterAll(async () => {
  await Promise.all(open.map(each => each.close()));
  await rm(folder, { recursive: true });
});

const searches = Object.keys(answers.searches);

describe('a catalogue rebuilt from the store', () => {
  test('knows every version', async () => {
    expect(await catalogue.counts()).toMatchObject({
      modules: answers.modules,
      published: answers.versions,
      rejected: 1,
    });
    const [path = '', version = ''] = answers.rejected.split('@');
    expect((await catalogue.version(path, version))?.reasons[0]?.rule).toBe('deny-list');
  });

  test.each(Object.entries(answers.searches))('finds for %j what it should, in this order', async (text, wanted) => {
    const { hits } = await catalogue.search({ text, limit: 10 });
    expect(hits.slice(0, wanted.length).map(({ module }) => module)).toEqual(wanted);
  });

  test.each(Object.entries(answers.usedBy))('knows who uses %s', async (module, count) => {
    expect((await catalogue.usedBy({ module, limit: 1000 })).total).toBe(count);
    expect((await catalogue.usedBy({ module, limit: 1000 })).items).toHaveLength(count);
    expect((await catalogue.modules([module]))[0]?.usedBy).toBe(count);
  });

  test('has what a comparison needs', async () => {
    const { module, from, to, added, removed, requirementsAdded, licences } = answers.comparison;
    const [before, after] = [await catalogue.version(module, from), await catalogue.version(module, to)];
    const exported = (version: typeof before) => version?.packages.find(({ path }) => path === module)?.exported ?? [];
    expect(exported(after).filter(name => !exported(before).includes(name))).toEqual(added);
    expect(exported(before).filter(name => !exported(after).includes(name))).toEqual(removed);
    expect(after?.requirements.map(each => each.module)).toEqual(requirementsAdded);
    expect([before?.licences, after?.licences]).toEqual(licences);
    expect(after?.packages.map(({ path, internal }) => [path.slice(module.length), internal])).toEqual([
      ['', false],
      ['/cmd/yamlfmt', false],
      ['/internal/scan', true],
    ]);
  });

  test('knows what is retracted and deprecated', async () => {
    const { module, version, rationale } = answers.retracted;
    expect((await catalogue.version(module, version))?.retracted).toBe(rationale);
    expect((await catalogue.module(answers.deprecated.module))?.deprecated).toBe(answers.deprecated.message);
    expect((await catalogue.module(module))?.kinds).toEqual(['library', 'command']);
  });

  test('is the same when it is rebuilt again, and when it is rebuilt elsewhere', async () => {
    const before = await dump(catalogue, searches);
    await rebuild({ stores, catalogue });
    expect(await dump(catalogue, searches)).toBe(before);
    const other = await create();
    await rebuild({ stores, catalogue: other, concurrency: 1 });
    expect(await dump(other, searches)).toBe(before);
  }, 60_000);

  test('is the same when messages made it, in any order, with repeats', async () => {
    const other = await create();
    const handlers: Handler<never>[] = [];
    const changed: string[] = [];
    const indexer = createIndexer({
      factsOf: target => factsOf(stores, target),
      catalogue: other,
      log: pino({ level: 'silent' }),
      changed: ({ module, version }) => changed.push(`${module}@${version}`),
      messaging: {
        subscribe(_subscription, handler) {
          handlers.push(handler as unknown as Handler<never>);
          return { close: async () => {} };
        },
      },
    });
    indexer.start();
    const names = [...worldModules.map(({ path, version }) => `${path}@${version}`), answers.rejected].reverse();
    for (const name of [...names, ...names.slice(0, 20), `${appPath(1)}@v9.9.9`]) {
      const [module, version] = name.split('@');
      await Promise.all(handlers.map(handler => handler({ module, version } as never, undefined as never)));
    }
    await indexer.close();
    expect(new Set(changed)).toContain(answers.rejected);
    expect(await dump(other, searches)).toBe(await dump(catalogue, searches));
  }, 60_000);

  test('loses what the store has lost', async () => {
    const [path = '', version = ''] = answers.rejected.split('@');
    await clearOutcome(stores.records, path, version);
    expect(await rebuild({ stores, catalogue })).toMatchObject({ removed: 1, failed: 0 });
    expect(await catalogue.version(path, version)).toBeUndefined();
  }, 60_000);
});

describe('a rebuild', () => {
  const good = () => worldModules.slice(0, 3);

  async function broken(fails: (key: string) => Error | undefined) {
    const root = await mkdtemp(join(folder, 'broken-'));
    const published = await createFileStorage({ root: join(root, 'published') });
    const records = await createFileStorage({ root: join(root, 'records') });
    await fillStores({ published, records }, worldModules.slice(0, 30));
    const get: typeof published.get = async (key, options) => {
      const error = fails(key);
      if (error !== undefined) throw error;
      return published.get(key, options);
    };
    const catalogue = await create();
    const told: string[] = [];
    const run = rebuild({
      stores: { published: { ...published, get }, records },
      catalogue,
      failed: ({ module, version }, reason) => told.push(`${module}@${version}: ${reason}`),
    });
    return { run, told, catalogue };
  }

  test('goes on after versions that can’t be read, tells each, and describes from go.mod what has one', async () => {
    const [first, second] = good();
    const keyOf = (module: typeof first, ending: string) =>
      `${versionKey(module?.path ?? '', module?.version ?? '')}.${ending}`;
    const { run, told, catalogue } = await broken(key => {
      if (key === keyOf(first, 'zip')) return new Fault('invalid', 'not a valid zip');
      if (key === keyOf(second, 'mod')) return new Fault('unavailable', 'a bad block');
      return undefined;
    });
    expect(await run).toMatchObject({ failed: 2 });
    expect(told.sort()).toEqual(
      [
        `${first?.path}@${first?.version}: its zip can’t be read: not a valid zip`,
        `${second?.path}@${second?.version}: a bad block`,
      ].sort(),
    );
    expect((await catalogue.version(first?.path ?? '', first?.version ?? ''))?.unreadable).toMatch(/not a valid zip/);
    expect((await catalogue.counts()).published).toBe(29);
  });

  test('stops when it is the store that fails, whatever it is asked for', async () => {
    const { run } = await broken(() => new Fault('unavailable', 'the store is away'));
    await expect(run).rejects.toThrow('the store is away');
  });
});
