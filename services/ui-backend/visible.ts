import type { Catalogue, Counts, Paging, VulnerabilityDetail } from '../catalogue/index.ts';
import type { Reader } from '../proxy/access.ts';

/** What of the catalogue answers are made from. */
export type VisibleCatalogue = Pick<
  Catalogue,
  'search' | 'suggest' | 'module' | 'version' | 'modules' | 'versions' | 'usedBy' | 'newest'
> & {
  /** Undefined where they would tell of what is hidden. */
  counts(): Promise<Counts | undefined>;
};

/** Items that are asked for at once where some may be hidden. */
const atOnce = 100;
/** Times that is done for one page: where some thousand hidden ones stand in a row, a list ends before them. */
const maxRounds = 20;
/** Users and hits that are counted one by one where some may be hidden; the rest is `at least`. */
const maxCounted = 1000;
/** Suggestions are cut before they are filtered, so as many as the port gives are asked for. */
const maxSuggestions = 20;

/**
 * The catalogue as one reader may see it: what belongs to private modules of others is as if it were not there. The
 * only place where that is decided; everything that the API, badges and feeds tell comes through here. Numbers over
 * all modules are for those who have a token at least; how many use a public module, in lists, counts private ones too.
 */
export function visibleTo(reader: Reader, catalogue: Catalogue, anyPrivate: boolean): VisibleCatalogue {
  if (!anyPrivate) return catalogue;
  const visible = ({ module }: { module: string }) => reader.maySee(module);
  const known = (found: { module: string } | undefined) => found !== undefined && visible(found);
  const affectedVisibly = (affected: readonly VulnerabilityDetail[]) =>
    affected.map(entry => ({ ...entry, here: entry.here.filter(visible) }));

  return {
    async search(query) {
      let corrected: string | undefined;
      const ask = async (paging: Paging) => {
        const page = await catalogue.search({ ...query, ...paging });
        corrected = page.corrected;
        return { items: page.hits, next: page.next };
      };
      const { items, next } = await fill(query, ask, visible);
      const { total, atLeast } = await count(ask, visible);
      return { hits: items, next, total, atLeast, corrected: total === 0 ? undefined : corrected };
    },
    async suggest(text, limit) {
      return (await catalogue.suggest(text, maxSuggestions)).filter(visible).slice(0, limit);
    },
    async module(path) {
      if (!reader.maySee(path)) return undefined;
      const found = await catalogue.module(path);
      if (found === undefined) return undefined;
      const { total } = await count(paging => catalogue.usedBy({ module: path, ...paging }), visible);
      const affected = affectedVisibly(found.affected);
      return { ...found, usedBy: total, majors: found.majors.filter(visible), affected };
    },
    async version(module, version) {
      if (!reader.maySee(module)) return undefined;
      const found = await catalogue.version(module, version);
      if (found === undefined) return undefined;
      const newestMajor = known(found.newestMajor) ? found.newestMajor : undefined;
      return { ...found, newestMajor, affected: affectedVisibly(found.affected) };
    },
    async modules(paths) {
      return (await catalogue.modules(paths)).map(found => (known(found) ? found : undefined));
    },
    async versions(wanted) {
      return (await catalogue.versions(wanted)).map(found => (known(found) ? found : undefined));
    },
    async usedBy(query) {
      if (!reader.maySee(query.module)) return { items: [], total: 0, next: undefined };
      const ask = (paging: Paging) => catalogue.usedBy({ ...query, ...paging });
      const { total } = await count(ask, visible);
      return { ...(await fill(query, ask, visible)), total };
    },
    newest: query => fill(query, paging => catalogue.newest({ ...query, ...paging }), visible),
    counts: async () => (reader.name === undefined ? undefined : catalogue.counts()),
  };
}

interface Page<T> {
  items: T[];
  next: string | undefined;
}

/**
 * A page of what is visible. A cursor may tell where it stands, so `next` always stands at an item that is given, and is
 * undefined where nothing visible follows.
 */
async function fill<T>(
  { limit, cursor }: Paging,
  ask: (paging: Paging) => Promise<Page<T>>,
  visible: (item: T) => boolean,
): Promise<Page<T>> {
  const found: { item: T; page: Page<T>; index: number; from: string | undefined }[] = [];
  let from = cursor;
  for (let round = 0; round < maxRounds && found.length <= limit; round += 1) {
    const page = await ask({ limit: atOnce, cursor: from });
    for (const [index, item] of page.items.entries()) if (visible(item)) found.push({ item, page, index, from });
    if (page.next === undefined) break;
    from = page.next;
  }
  const items = found.slice(0, limit).map(({ item }) => item);
  const last = found[limit - 1];
  if (last === undefined || found.length <= limit) return { items, next: undefined };
  const isEnd = last.index === last.page.items.length - 1;
  const { next } = isEnd ? last.page : await ask({ limit: last.index + 1, cursor: last.from });
  return { items, next };
}

async function count<T>(ask: (paging: Paging) => Promise<Page<T>>, visible: (item: T) => boolean) {
  let total = 0;
  let seen = 0;
  let cursor: string | undefined;
  do {
    const page = await ask({ limit: atOnce, cursor });
    total += page.items.filter(visible).length;
    seen += page.items.length;
    cursor = page.next;
  } while (cursor !== undefined && seen < maxCounted);
  return { total, atLeast: cursor !== undefined };
}
