import { ifKnown } from '../prompt-counts.ts';
import { type DownloadCounts, lastDays } from './downloads.ts';
import { type Handlers, orNull } from './handlers.ts';

/** What the home page shows. */
export function createOverviewAnswers(deps: {
  counts: Pick<DownloadCounts, 'total'> | undefined;
  now: () => Date;
}): Pick<Handlers, 'newest' | 'numbers'> {
  return {
    async newest({ cursor, limit = 20 }, { catalogue }) {
      const { items, next } = await catalogue.newest({ cursor, limit });
      return {
        items: items.map(({ module, version, at, synopsis, licences }) => ({
          module,
          version,
          publishedAt: at,
          synopsis,
          licences,
        })),
        next: orNull(next),
      };
    },
    async numbers(_, { catalogue }) {
      const counts = await catalogue.counts();
      const { items } = await catalogue.newest({ limit: 1 });
      const downloads = counts && (await ifKnown(deps.counts?.total(lastDays(deps.now(), 7))));
      return {
        modules: orNull(counts?.modules),
        versions: orNull(counts?.published),
        rejected: orNull(counts?.rejected),
        downloads: orNull(downloads?.all),
        newest: orNull(items[0]?.at),
      };
    },
  };
}
