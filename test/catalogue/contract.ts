import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Catalogue, CatalogueWriter, VersionFacts, Vulnerability } from '../../services/catalogue/index.ts';
import { kindOf } from '../storage/helpers.ts';
import { searchContract } from './contract-search.ts';
import { dump } from './dump.ts';
import { missing, published, rejected } from './facts.ts';

export type Both = Catalogue & CatalogueWriter;

export interface Backend {
  /** A client of the same catalogue. */
  open(): Promise<Both>;
  /** An empty catalogue of its own. */
  another(): Promise<Both>;
  close(): Promise<void>;
}

/** What the catalogue port promises; every adapter runs it. */
export function catalogueContract(name: string, makeBackend: () => Promise<Backend>): void {
  describe(`catalogue contract: ${name}`, { timeout: 60_000 }, () => {
    let backend: Backend;
    let catalogue: Both;
    beforeEach(async () => {
      backend = await makeBackend();
      catalogue = await backend.open();
    });
    afterEach(() => backend.close());
    writingContract(() => ({ backend, catalogue }));
    readingContract(() => catalogue);
    vulnerabilityContract(() => catalogue);
    searchContract(() => catalogue);
  });
}

const tree: VersionFacts[] = [
  published('a.test/lib@v1.0.0', { synopsis: 'Package lib is first.', at: '2026-01-01T00:00:00.000Z' }),
  published('a.test/lib@v1.1.0', { synopsis: 'Package lib is better.', retracts: ['v1.0.0'] }),
  published('a.test/lib@v1.2.0-rc.1', { retracts: ['v1.0.0'] }),
  published('a.test/lib/v2@v2.0.0', { deprecated: 'use v3' }),
  published('a.test/app@v0.1.0', { requires: ['a.test/lib@v1.0.0', 'b.test/deep@v1.0.0//'], command: true }),
  published('a.test/app@v0.2.0', { requires: ['a.test/lib@v1.1.0'], command: true }),
  published('a.test/old@v1.0.0', { requires: ['a.test/lib@v1.0.0'] }),
  published('a.test/old@v1.1.0'),
  rejected('a.test/lib@v1.3.0'),
  missing('a.test/lib@v9.9.9'),
  rejected('c.test/evil@v1.0.0'),
];

const shuffled = (seed: number) =>
  tree.map((facts, i) => ({ facts, key: (i * 7919 + seed * 104_729) % 101 })).sort((a, b) => a.key - b.key);

function writingContract(use: () => { backend: Backend; catalogue: Both }): void {
  describe('writing', () => {
    test.each([1, 2, 3])('comes to the same in any order, any grouping and with repeats: %i', async seed => {
      const { catalogue, backend } = use();
      await catalogue.put(tree);
      const other = await backend.another();
      for (const { facts } of shuffled(seed)) await other.put([facts]);
      await other.put(
        shuffled(seed + 1)
          .slice(0, 5)
          .map(({ facts }) => facts),
      );
      const searches = ['lib', 'app', '', 'a.test'];
      expect(await dump(other, searches)).toBe(await dump(catalogue, searches));
    });

    test('replaces what was known of a version, with all that followed from it', async () => {
      const { catalogue, backend } = use();
      await catalogue.put(tree);
      await catalogue.put([rejected('a.test/app@v0.2.0'), published('a.test/lib@v1.3.0', { synopsis: 'Released.' })]);
      const other = await backend.another();
      await other.put(tree.filter(({ module, version }) => !/app@v0.2.0|lib@v1.3.0/.test(`${module}@${version}`)));
      await other.put([rejected('a.test/app@v0.2.0'), published('a.test/lib@v1.3.0', { synopsis: 'Released.' })]);
      expect(await dump(catalogue, ['lib'])).toBe(await dump(other, ['lib']));
      expect((await catalogue.module('a.test/lib'))?.newest).toBe('v1.3.0');
    });

    test('removes versions, and modules without any, and leaves no trace', async () => {
      const { catalogue, backend } = use();
      const more = [
        published('d.test/kubernetes@v1.0.0', { requires: ['a.test/lib@v1.1.0'] }),
        published('a.test/lib@v1.4.0', { requires: ['b.test/deep@v1.0.0'] }),
      ];
      await catalogue.put([...tree, ...more]);
      await catalogue.remove([...more, { module: 'nobody.test/x', version: 'v1.0.0' }]);
      const other = await backend.another();
      await other.put(tree);
      expect(await dump(catalogue, ['lib'])).toBe(await dump(other, ['lib']));
      expect(await catalogue.search({ text: 'kubernets', limit: 10 })).toMatchObject({
        total: 0,
        corrected: undefined,
      });
      await catalogue.remove(tree);
      expect(await catalogue.counts()).toEqual({
        ...{ modules: 0, published: 0, rejected: 0, missing: 0, requirements: 0, vulnerabilities: 0 },
        newest: undefined,
      });
      expect(await catalogue.search({ text: '', limit: 10 })).toMatchObject({ hits: [], total: 0 });
    });

    test('is seen by other clients and kept when the client closes', async () => {
      const { catalogue, backend } = use();
      const other = await backend.open();
      await catalogue.put(tree);
      await catalogue.close();
      expect((await other.counts()).published).toBe(8);
      expect(await kindOf(catalogue.counts())).toBe('unavailable');
      expect(await kindOf(catalogue.put(tree))).toBe('unavailable');
    });

    test('of one faulty version among others writes none', async () => {
      const { catalogue } = use();
      const faulty = { ...published('a.test/z@v1.0.0'), at: null } as unknown as VersionFacts;
      expect(await kindOf(catalogue.put([published('a.test/y@v1.0.0'), faulty]))).toBe('unavailable');
      expect((await catalogue.counts()).modules).toBe(0);
      await catalogue.put([published('a.test/y@v1.0.0')]);
      expect((await catalogue.counts()).modules).toBe(1);
    });

    test('of downloads replaces those of all modules', async () => {
      const { catalogue } = use();
      await catalogue.put(tree);
      await catalogue.setDownloads(
        new Map([
          ['a.test/lib', 4000],
          ['unknown.test/x', 5],
        ]),
      );
      expect((await catalogue.modules(['a.test/lib']))[0]?.downloads).toBe(4000);
      await catalogue.setDownloads(new Map([['a.test/old', 7]]));
      expect((await catalogue.modules(['a.test/lib', 'a.test/old'])).map(found => found?.downloads)).toEqual([0, 7]);
    });
  });
}

function readingContract(use: () => Both): void {
  describe('reading', () => {
    beforeEach(() => use().put(tree));

    test('tells a module with its history, majors and retractions', async () => {
      const module = await use().module('a.test/lib');
      expect(module).toMatchObject({
        ...{ newest: 'v1.1.0', synopsis: 'Package lib is better.', licences: ['MIT'], kinds: ['library'] },
        ...{ versions: 3, usedBy: 1, firstSeen: '2026-01-01T00:00:00.000Z', time: '2026-01-01T00:00:00Z' },
      });
      expect(module?.history.map(({ version, status, retracted }) => [version, status, retracted])).toEqual([
        ['v9.9.9', 'missing', undefined],
        ['v1.3.0', 'rejected', undefined],
        ['v1.2.0-rc.1', 'published', undefined],
        ['v1.1.0', 'published', undefined],
        ['v1.0.0', 'published', 'it panics'],
      ]);
      expect(module?.majors.map(major => major.module)).toEqual(['a.test/lib/v2', 'a.test/lib']);
      expect(await use().module('a.test/nothing')).toBeUndefined();
    });

    test('tells a version with its content', async () => {
      const version = await use().version('a.test/app', 'v0.1.0');
      expect(version).toMatchObject({ newest: 'v0.2.0', go: '1.24', goModText: 'module a.test/app\n', fileCount: 1 });
      expect(version?.requirements).toHaveLength(2);
      expect(version?.provenance?.rules).toEqual(['zip-well-formed']);
      expect((await use().version('a.test/lib', 'v1.3.0'))?.reasons[0]?.rule).toBe('cooldown');
      expect((await use().version('a.test/lib', 'v1.0.0'))?.newestMajor?.module).toBe('a.test/lib/v2');
    });

    test('tells many at once, in the order asked', async () => {
      const found = await use().versions([
        { module: 'a.test/old', version: 'v1.1.0' },
        { module: 'a.test/none', version: 'v1.1.0' },
        { module: 'a.test/lib/v2', version: 'v2.0.0' },
      ]);
      expect(found.map(each => each?.module)).toEqual(['a.test/old', undefined, 'a.test/lib/v2']);
      expect(found[2]?.deprecated).toBe('use v3');
    });

    test('counts as use the direct requirements of newest versions, and tells all when asked', async () => {
      const query = { module: 'a.test/lib', limit: 10 };
      expect(await use().usedBy(query)).toMatchObject({
        total: 1,
        items: [{ module: 'a.test/app', version: 'v0.2.0', requires: 'v1.1.0', current: true, indirect: false }],
      });
      const all = await use().usedBy({ ...query, all: true });
      expect(all.items.map(({ module, current }) => [module, current])).toEqual([
        ['a.test/app', true],
        ['a.test/old', false],
      ]);
      expect((await use().usedBy({ ...query, all: true, version: 'v1.0.0' })).items).toHaveLength(1);
      const deep = await use().usedBy({ module: 'b.test/deep', all: true, limit: 10 });
      expect(deep.items).toMatchObject([{ module: 'a.test/app', version: 'v0.1.0', indirect: true, current: false }]);
    });

    test('pages through everything once, whatever the limit', async () => {
      const newest: string[] = [];
      for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
        const page = await use().newest({ limit: 3, cursor });
        newest.push(...page.items.map(({ module, version }) => `${module}@${version}`));
        cursor = page.next;
      }
      expect(newest).toHaveLength(8);
      expect(new Set(newest).size).toBe(8);
      expect(newest.at(-1)).toBe('a.test/lib@v1.0.0');
      const users: string[] = [];
      for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
        const page = await use().usedBy({ module: 'a.test/lib', all: true, limit: 1, cursor });
        users.push(...page.items.map(({ module }) => module));
        cursor = page.next;
      }
      expect(users).toEqual(['a.test/app', 'a.test/old']);
      expect(await use().list({ after: 'a.test/lib', limit: 2 })).toEqual(['a.test/lib/v2', 'a.test/old']);
    });

    test('refuses what is no cursor of the list', async () => {
      const { next } = await use().newest({ limit: 1 });
      for (const cursor of ['x', 'WyJuZXdlc3QiXQ', Buffer.from('["usedBy",1,2,3]').toString('base64url'), next]) {
        expect(await kindOf(use().usedBy({ module: 'a.test/lib', limit: 1, cursor }))).toBe('invalid');
      }
      expect(await kindOf(use().newest({ limit: 0 }))).toBe('invalid');
    });
  });
}

function vulnerabilityContract(use: () => Both): void {
  const entry = (id: string, module: string, events: Vulnerability['affected'][number]['events']): Vulnerability => ({
    ...{ id, aliases: ['CVE-1'], summary: 'It leaks.', details: '', published: '2026-01-01T00:00:00Z' },
    ...{ modified: '2026-01-02T00:00:00Z', withdrawn: undefined, references: [] },
    affected: [{ module, events, packages: [] }],
  });
  const leak = entry('GO-2026-0001', 'a.test/lib', [{ introduced: '0' }, { fixed: '1.1.0' }]);
  const both = [leak, entry('GO-2026-0002', 'none.test/x', [{ introduced: '0' }])];

  describe('vulnerabilities', () => {
    test('affect the versions of their ranges, are told of until that is noted, and again for more versions', async () => {
      await use().put(tree);
      const finding = {
        id: 'GO-2026-0001',
        module: 'a.test/lib',
        summary: 'It leaks.',
        versions: ['v1.0.0'],
        fixed: 'v1.1.0',
      };
      expect(await use().setVulnerabilities(both)).toEqual([finding]);
      expect(await use().setVulnerabilities(both)).toEqual([finding]);
      await use().markTold([finding]);
      expect(await use().setVulnerabilities(both)).toEqual([]);
      const module = await use().module('a.test/lib');
      expect(module?.vulnerabilities).toEqual([]);
      expect(module?.affected.map(({ id }) => id)).toEqual(['GO-2026-0001']);
      expect((await use().version('a.test/lib', 'v1.0.0'))?.vulnerabilities).toEqual(['GO-2026-0001']);
      expect((await use().vulnerabilities({ limit: 10 })).items).toMatchObject([{ id: 'GO-2026-0001' }]);
      expect((await use().vulnerability('GO-2026-0002'))?.here).toEqual([]);
      const wider = { ...leak, affected: [{ module: 'a.test/lib', events: [{ introduced: '0' }], packages: [] }] };
      expect(await use().setVulnerabilities([wider])).toMatchObject([{ fixed: undefined }]);
      expect((await use().modules(['a.test/lib']))[0]?.vulnerabilities).toEqual(['GO-2026-0001']);
      expect((await use().counts()).vulnerabilities).toBe(1);
    });

    test('affect versions that come later, and nothing when they are withdrawn or gone', async () => {
      await use().setVulnerabilities(both);
      expect((await use().counts()).vulnerabilities).toBe(0);
      await use().put(tree);
      expect((await use().vulnerability('GO-2026-0001'))?.here).toMatchObject([{ versions: ['v1.0.0'] }]);
      await use().setVulnerabilities([{ ...leak, withdrawn: '2026-02-01T00:00:00Z' }]);
      expect((await use().version('a.test/lib', 'v1.0.0'))?.vulnerabilities).toEqual([]);
      await use().setVulnerabilities([]);
      expect(await use().vulnerability('GO-2026-0001')).toBeUndefined();
    });
  });
}
