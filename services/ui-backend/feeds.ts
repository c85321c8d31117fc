import { moduleOf, type View } from './answers/handlers.ts';
import { type Entry, type Feed, writeFeed } from './atom.ts';

/** Entries of a feed at most. */
const maxEntries = 50;

export interface FeedAddresses {
  /** Of the pages, without a slash at the end. */
  pages: string;
  /** Path and query of the feed itself. */
  self: string;
  /** When there is no entry. */
  now: Date;
}

/** A module's versions as they were published or refused, newest first. Throws `not-found`. */
export async function moduleFeed(view: View, module: string, addresses: FeedAddresses): Promise<string> {
  const { history, synopsis } = await moduleOf(view, module);
  const entries = history
    .filter(({ status }) => status !== 'missing')
    .sort((a, b) => (a.at < b.at ? 1 : -1))
    .slice(0, maxEntries)
    .map(version => versionEntry({ ...version, synopsis }, addresses.pages));
  return feed(`${module} on GoCenter`, `/${module}`, entries, addresses);
}

/** The modules that a search finds, by their newest version, newest first. */
export async function searchFeed(view: View, text: string, addresses: FeedAddresses): Promise<string> {
  const { hits } = await view.catalogue.search({ text, order: 'newest', limit: maxEntries });
  const versions = await view.catalogue.versions(hits.map(({ module, newest }) => ({ module, version: newest })));
  const entries = versions.flatMap((version, index) =>
    version === undefined ? [] : [versionEntry({ ...version, synopsis: hits[index]?.synopsis ?? '' }, addresses.pages)],
  );
  const title = text === '' ? 'All modules on GoCenter' : `“${text}” on GoCenter`;
  return feed(title, `/search?${new URLSearchParams({ q: text })}`, entries, addresses);
}

/** What was published last. */
export async function newestFeed(view: View, addresses: FeedAddresses): Promise<string> {
  const { items } = await view.catalogue.newest({ limit: maxEntries });
  const entries = items.map(item => versionEntry(item, addresses.pages));
  return feed('New on GoCenter', '/', entries, addresses);
}

function feed(title: string, page: string, entries: Entry[], { pages, self, now }: FeedAddresses): string {
  const whole: Feed = { title, link: pages + page, self: pages + self, updated: now.toISOString(), entries };
  return writeFeed(whole);
}

type Told = Awaited<ReturnType<View['catalogue']['newest']>>['items'][number];

function versionEntry({ module, version, status, at, reasons, synopsis }: Told, pages: string): Entry {
  const link = `${pages}/${module}@${version}`;
  if (status === 'published') return { title: `${module} ${version}`, link, updated: at, summary: synopsis };
  const summary = reasons.map(({ message }) => message).join('; ');
  return { title: `${module} ${version} was refused`, link, fragment: 'refused', updated: at, summary };
}
