import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { FactsOf } from '../catalogue/store.ts';
import { matchPrefixPatterns } from '../gomod/pattern.ts';
import type { Token } from '../proxy/access.ts';
import { matchesSearch } from './match.ts';
import type { Notice } from './notice.ts';
import type { Outbox } from './outbox.ts';
import { targetOf, type Watch, type WatchedEvent, type Watches } from './watches.ts';

/** Who watches what has happened, and gets a delivery. */
export interface Followers {
  /** Adds a delivery for each watch that this concerns. `version` is one with the content to search in, if any. */
  tell(event: WatchedEvent, notice: Notice, about: { module: string; version?: string | undefined }): Promise<void>;
}

export interface FollowersDeps {
  /** What the stores say of a version, for searches. */
  factsOf: FactsOf;
  watches: Watches;
  outbox: Outbox;
  privateModules: readonly string[];
  tokens: readonly Token[];
  log: Logger;
}

/** Zips described at once, for searches. */
const atOnce = 2;

export function createFollowers(deps: FollowersDeps): Followers {
  const { watches, outbox, log } = deps;
  const privatePatterns = deps.privateModules.join(',');
  const describing = pLimit(atOnce);

  /** A watch sees what its token may see now: a token that was withdrawn tells nothing more. */
  function maySee({ token }: Watch, module: string): boolean {
    if (privatePatterns === '' || !matchPrefixPatterns(privatePatterns, module)) return true;
    const patterns = deps.tokens.find(({ name }) => name === token)?.modules?.join(',') ?? '';
    return patterns !== '' && matchPrefixPatterns(patterns, module);
  }

  return {
    async tell(event, notice, { module, version }) {
      const wants = (watch: Watch) => watch.events.includes(event) && maySee(watch, module);
      const followers = (await watches.ofModule(module)).filter(wants);
      const searches = (await watches.searches()).filter(wants);
      if (searches.length > 0) {
        const facts = version && (await describing(() => deps.factsOf({ module, version })));
        for (const watch of searches) {
          const { subject } = watch;
          if ('search' in subject && matchesSearch(subject.search, module, facts || undefined)) followers.push(watch);
        }
      }
      for (const watch of followers) {
        // What was before somebody asked is not news.
        if (notice.at < watch.createdAt) continue;
        const result = await outbox.add(notice, targetOf(watch));
        log.debug({ watch: watch.id, notice: notice.id, result }, 'watched');
      }
    },
  };
}
