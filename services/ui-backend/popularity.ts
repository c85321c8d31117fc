import type { Logger } from 'pino';
import type { Analytics } from '../analytics/index.ts';
import type { CatalogueWriter } from '../catalogue/index.ts';
import { lastDays } from './answers/downloads.ts';

/** How often the catalogue is told, in milliseconds. */
const interval = 10 * 60_000;
/** Modules that are ranked by their downloads; what follows is hardly downloaded. */
const most = 100_000;

/** Tells the catalogue of the downloads of the last 30 days, which search ranks by. */
export function createPopularity(deps: {
  analytics: Pick<Analytics, 'ask'>;
  catalogue: Pick<CatalogueWriter, 'setDownloads'>;
  changed: () => void;
  log: Logger;
  now?: () => Date;
}): { start(): void; tell(): Promise<void>; close(): Promise<void> } {
  const { analytics, catalogue, changed, log, now = () => new Date() } = deps;
  let timer: NodeJS.Timeout | undefined;
  let work = Promise.resolve();
  let closed = false;
  let writing: Promise<void> | undefined;

  async function tell(): Promise<void> {
    const counted = await analytics.ask('top-modules', { ...lastDays(now(), 30), limit: most });
    if (closed) return;
    writing = catalogue.setDownloads(new Map(counted.map(({ module, people }) => [module, people])));
    await writing;
    changed();
  }
  const next = () => {
    work = work.then(tell).catch(err => log.warn({ err }, 'search can’t be told of downloads; it is tried again'));
  };
  return {
    tell,
    start() {
      next();
      timer = setInterval(next, interval).unref();
    },
    async close() {
      closed = true;
      clearInterval(timer);
      // Not for a question that hangs: nobody needs its answer any more.
      await writing?.catch(() => {});
    },
  };
}
