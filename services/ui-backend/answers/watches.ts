import { terms } from '../../catalogue/words.ts';
import { type Config, slackChannel } from '../../config.ts';
import { Fault } from '../../errors.ts';
import { checkModulePath } from '../../gomod/path.ts';
import { watchNotice } from '../../notifier/notices.ts';
import type { Outbox } from '../../notifier/outbox.ts';
import { mayWatchInto } from '../../notifier/slack/channels.ts';
import {
  aboutKey,
  targetOf,
  type Watch,
  type Watches,
  type WatchState,
  watchedEvents,
} from '../../notifier/watches.ts';
import { checkWebhook } from '../../notifier/webhook/allowed.ts';
import type { Reader } from '../../proxy/access.ts';
import { createRateLimiter } from '../../proxy/rate.ts';
import { readJson } from '../../records/index.ts';
import type { Storage } from '../../storage/index.ts';
import type { Watch as WatchAnswer } from '../schemas/watch.ts';
import type { Handlers } from './handlers.ts';

export interface WatchDeps {
  watches: Watches;
  outbox: Pick<Outbox, 'add'>;
  records: Storage;
  /** Of the pages, without a slash at the end. */
  pages: string;
  config: Pick<Config, 'RATE_LIMIT' | 'SLACK_CHANNEL' | 'SLACK_WATCH_CHANNELS' | 'WEBHOOK_ALLOW_PRIVATE'>;
}

/** Watches that one client makes a second, and at once: each sends a message to somewhere. */
const rate = 1 / 30;
const burst = 20;

/** Watches are made and ended here; the notifier finds them in the store and delivers. */
export function createWatchAnswers(deps: WatchDeps): Pick<Handlers, 'watch' | 'watched' | 'unwatch'> {
  const { watches, outbox, records, pages, config } = deps;
  const limiter = createRateLimiter(config.RATE_LIMIT === 0 ? 0 : rate, undefined, burst);

  async function found(id: string, reader: Reader): Promise<Watch> {
    const watch = await watches.get(id);
    const isHidden = watch !== undefined && 'module' in watch.subject && !reader.maySee(watch.subject.module);
    if (watch === undefined || isHidden) throw new Fault('not-found', 'there is no such watch; it may have been ended');
    return watch;
  }

  async function checkSlack(channel: string): Promise<string> {
    try {
      slackChannel(channel);
    } catch {
      throw new Fault('invalid', 'slack must be a channel such as C0123456789 or #builds');
    }
    if (!mayWatchInto(channel, config)) {
      throw new Fault('refused', `${channel} is not open to watches; an operator may list it in SLACK_WATCH_CHANNELS`);
    }
    const about = await readJson<{ slack: boolean }>(records, aboutKey);
    if (about?.slack !== true)
      throw new Fault('refused', 'Slack is not set up here; give a webhook, or follow the feed');
    return channel;
  }

  return {
    async watch({ module, q, events = [...watchedEvents], webhook, slack }, { reader, client }) {
      if ((module === undefined) === (q === undefined)) throw new Fault('invalid', 'give a module, or a search as q');
      if ((webhook === undefined) === (slack === undefined)) {
        throw new Fault('invalid', 'give a webhook, or a Slack channel as slack');
      }
      if (module !== undefined) {
        checkModulePath(module);
        if (!reader.maySee(module)) {
          throw new Fault('refused', `${module} is private: a token that may see it is needed to watch it`);
        }
      } else if (terms(q ?? '').length === 0) throw new Fault('invalid', 'q must have a word to search for');
      const subject = module === undefined ? { search: q ?? '' } : { module };
      const deliver =
        slack === undefined
          ? { webhook: checkWebhook(webhook ?? '', config.WEBHOOK_ALLOW_PRIVATE) }
          : { slack: await checkSlack(slack) };
      const wait = limiter.take(client);
      if (wait > 0) throw new Fault('rate-limited', 'too many watches at once; wait a minute', { retryAfter: wait });
      const watch = await watches.create({ subject, events, deliver, token: reader.name, client });
      // The first delivery shows that the target is there, and tells whoever reads it how to end it.
      await outbox.add(watchNotice(watch, pages), targetOf(watch));
      const { secret } = watch;
      return { watch: watchAnswer(watch, await watches.state(watch.id)), secret: secret === '' ? null : secret };
    },
    async watched({ id }, { reader }) {
      return watchAnswer(await found(id, reader), await watches.state(id));
    },
    async unwatch({ id }) {
      return { id, ended: await watches.remove(id) };
    },
  };
}

function watchAnswer({ id, subject, events, deliver, createdAt }: Watch, state: WatchState): WatchAnswer {
  return {
    id,
    module: 'module' in subject ? subject.module : null,
    q: 'search' in subject ? subject.search : null,
    events: [...events],
    webhook: 'webhook' in deliver ? deliver.webhook : null,
    slack: 'slack' in deliver ? deliver.slack : null,
    createdAt,
    ...stateOf(state),
    deliveries: state.log.map(({ delivery, ...attempt }) => ({ id: delivery, ...attempt })),
  };
}

function stateOf({ confirmed, failingSince, disabled, log }: WatchState): Pick<WatchAnswer, 'state' | 'message'> {
  if (disabled !== undefined) return { state: 'disabled', message: `It has ended: ${disabled}.` };
  if (failingSince !== undefined) {
    const { status = null, message = 'unknown' } = log[0] ?? {};
    const why = status === null ? message : `${message} (${status})`;
    return { state: 'failing', message: `Deliveries fail since ${failingSince} and are tried again: ${why}.` };
  }
  if (confirmed) return { state: 'active', message: 'Deliveries arrive.' };
  return { state: 'new', message: 'The first message is on its way; if none can be delivered, the watch ends.' };
}
