import type { DownloadCounts } from '../ui-backend/answers/downloads.ts';
import type { Analytics } from './index.ts';

/** The counts that pages need, from the daily roll-up. */
export function createDownloadCounts(analytics: Pick<Analytics, 'ask'>): DownloadCounts {
  return {
    byDay: wanted => analytics.ask('module-days', wanted),
    byVersion: wanted => analytics.ask('module-versions', wanted),
    byModule: wanted => analytics.ask('top-modules', wanted),
    async total(wanted) {
      const [total] = await analytics.ask('total', wanted);
      return total ?? { all: 0, people: 0 };
    },
  };
}
