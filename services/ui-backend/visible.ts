import type { Catalogue, Paging, VulnerabilityDetail } from '../catalogue/index.ts';
import type { Reader } from '../proxy/access.ts';

/** What of the catalogue answers are made from. */
export type VisibleCatalogue = Pick<
  Catalogue,
  'search' | 'suggest' | 'module' | 'version' | 'modules' | 'versions' | 'usedBy' | 'newest' | 'counts'
>;

/** Pages asked for at most to fill one: beyond that a page comes out shorter than its limit. */
const maxRounds = 20;
/** Users and hits that are counted one by one where some may be hidden; the rest is `at least`. */
const maxCounted = 1000;
const countedAtOnce = 100;
/** Suggestions are cut before they are filtered, so as many as the port gives are asked for. */
const maxSuggestions = 20;

/**
 * The catalogue as one reader may see it: what belongs to private modules of others is as if it were not there. The
 * only place where that is decided; everything that the API, badges and feeds tell comes through here. Numbers over
 * all modules (`counts`, and how many use a public module, in lists) count private ones too; they name none.
 */
export function visibleTo(reader: Reader, catalogue: Catalogue, anyPrivate: boolean): VisibleCatalogue {
  if (!anyPrivate) return catalogue;
  const visible = ({ module }: { module: string }) => reader.maySee(module);
  const known = (found: { module: string } | undefined) => found !== undefined && visible(found);
  const affectedVisibly = (affected: readonly VulnerabilityDetail[]) =>
    affected.map(entry => ({ ...entry, here: entry.here.filter(visible) }));

  return {
    async search(query) {
      const ask = async (paging: Paging) => {
        const page = await catalogue.search({ ...query, ...paging });
        return { ...page, items: page.hits };
      };
      const first = await ask(query);
      const { items, next } = await fill(query, ask, visible, first);
      const { total, atLeast } =
        first.next === undefined && query.cursor === undefined
          ? { total: items.length, atLeast: false }
          : await count(paging => ask(paging), visible);
      return { hits: items, next, total, atLeast, corrected: total === 0 ? undefined : first.corrected };
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
    counts: () => catalogue.counts(),
  };
}

interface Page<T> {
  items: T[];
  next: string | undefined;
}

/** Pages on until a page is full of what is visible. Asks for no more than is missing, so the cursor loses nothing. */
async function fill<T>(
  paging: Paging,
  ask: (paging: Paging) => Promise<Page<T>>,
  visible: (item: T) => boolean,
  first?: Page<T>,
): Promise<Page<T>> {
  let page = first ?? (await ask(paging));
  const items = page.items.filter(visible);
  for (let round = 1; round < maxRounds && items.length < paging.limit && page.next !== undefined; round += 1) {
    page = await ask({ limit: paging.limit - items.length, cursor: page.next });
    items.push(...page.items.filter(visible));
  }
  return { items, next: page.next };
}

async function count<T>(ask: (paging: Paging) => Promise<Page<T>>, visible: (item: T) => boolean) {
  let total = 0;
  let seen = 0;
  let cursor: string | undefined;
  do {
    const page = await ask({ limit: countedAtOnce, cursor });
    total += page.items.filter(visible).length;
    seen += page.items.length;
    cursor = page.next;
  } while (cursor !== undefined && seen < maxCounted);
  return { total, atLeast: cursor !== undefined };
}
