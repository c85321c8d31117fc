import { describe, expect, it } from 'vitest';
import type { Catalogue, Paging, SearchQuery } from '../../services/catalogue/index.ts';
import { createAccess } from '../../services/proxy/access.ts';
import { visibleTo } from '../../services/ui-backend/visible.ts';
import { moduleSummary } from './facts.ts';

/** A catalogue that finds the modules given, in their order, `step` at a time at most. */
function catalogueOf(names: readonly string[], step = 100): Catalogue {
  const page = <T>(items: readonly T[], { limit, cursor }: Paging) => {
    const start = Number(cursor ?? 0);
    const end = start + Math.min(limit, step);
    return { items: items.slice(start, end), next: end < items.length ? String(end) : undefined };
  };
  const hits = names.map(module => ({ ...moduleSummary({ module, newest: 'v1.0.0' }), score: 1 }));
  const users = names.map(module => ({
    module,
    version: 'v1.0.0',
    requires: 'v1.0.0',
    indirect: false,
    current: true,
    usedBy: 0,
  }));
  const methods: Partial<Catalogue> = {
    search: async (query: SearchQuery) => {
      const { items, next } = page(hits, query);
      return { hits: items, next, total: names.length, atLeast: false, corrected: 'corrected' };
    },
    usedBy: async query => ({ ...page(users, query), total: names.length }),
    suggest: async (_, limit) => hits.slice(0, limit).map(({ module }) => ({ module, synopsis: '', usedBy: 0 })),
  };
  return methods as Catalogue;
}

const { identify } = createAccess({ tokens: [], requireToken: false, privateModules: ['corp.example'] });
const anonymous = identify(undefined);
const see = (names: readonly string[], step?: number) => visibleTo(anonymous, catalogueOf(names, step), true);

const mixed = Array.from({ length: 90 }, (_, index) =>
  index % 3 === 0 ? `a.example/m${index}` : `corp.example/m${index}`,
);
const open = mixed.filter(name => name.startsWith('a.'));

describe('what one who has no token may see', () => {
  it('fills pages with what is visible, and loses nothing from page to page', async () => {
    const { search } = see(mixed);
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await search({ text: '', limit: 7, cursor });
      expect(page.hits.length).toBeLessThanOrEqual(7);
      found.push(...page.hits.map(({ module }) => module));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(found).toEqual(open);
  });

  it('counts what is visible, on every page', async () => {
    const { search, usedBy } = see(mixed);
    const first = await search({ text: '', limit: 5 });
    expect(first).toMatchObject({ total: 30, atLeast: false });
    expect(await search({ text: '', limit: 5, cursor: first.next })).toMatchObject({ total: 30 });
    expect(await usedBy({ module: 'a.example', limit: 5 })).toMatchObject({ total: 30 });
  });

  it('hides that a word was corrected into one that private modules alone have', async () => {
    expect((await see(['corp.example/secret']).search({ text: 'secrte', limit: 5 })).corrected).toBeUndefined();
    expect((await see(['a.example']).search({ text: 'exmaple', limit: 5 })).corrected).toBe('corrected');
  });

  it('gives as many suggestions as are asked for, though some are hidden', async () => {
    const names = ['corp.example/a', 'corp.example/b', 'a.example/a', 'a.example/b'];
    expect((await see(names).suggest('a', 2)).map(({ module }) => module)).toEqual(['a.example/a', 'a.example/b']);
  });

  it('stops looking after a bounded number of pages', async () => {
    const names = Array.from({ length: 5000 }, (_, index) => `corp.example/m${index}`);
    const page = await see(names, 10).search({ text: '', limit: 10 });
    expect(page).toMatchObject({ hits: [], atLeast: true, next: undefined });
  });

  it('gives no cursor that stands at a hidden item, and none when only hidden ones follow', async () => {
    for (const step of [1, 2, 3, 100]) {
      const { usedBy } = see([...mixed, 'corp.example/last'], step);
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await usedBy({ module: 'a.example', limit: 4, cursor });
        cursor = page.next;
        pages += 1;
        // This double's cursor is the number of what comes next: the item before it must be visible.
        if (cursor !== undefined) expect(mixed[Number(cursor) - 1]).toMatch(/^a\.example/);
      } while (cursor !== undefined);
      expect(pages).toBe(8);
    }
  });

  it('answers about a private module itself as if it were not there', async () => {
    const visible = see(mixed);
    expect(await visible.module('corp.example/m1')).toBeUndefined();
    expect(await visible.version('corp.example/m1', 'v1.0.0')).toBeUndefined();
    expect(await visible.usedBy({ module: 'corp.example/m1', limit: 5 })).toMatchObject({ items: [], total: 0 });
  });
});
