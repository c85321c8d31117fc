import { asFault } from '../../errors.ts';
import type { Delivery, Outbox } from '../outbox.ts';
import type { Send } from '../send.ts';
import { render } from './blocks.ts';
import { type Posted, type Slack, SlackRefusal } from './client.ts';
import type { Threads } from './threads.ts';

/** Slack's words for a thread whose first message is gone. */
const threadLost = new Set(['thread_not_found', 'message_not_found', 'cannot_reply_to_message']);

export interface SlackSendDeps {
  /** Undefined where Slack is not set up. */
  slack: Slack | undefined;
  threads: Threads;
  outbox: Pick<Outbox, 'save'>;
  now: () => Date;
}

/**
 * Delivers to a channel, in threads. Slack takes no key that would make a repeat harmless, so what is about to be sent
 * is written down first, and an attempt of which the end is unknown is looked for in the channel before it is
 * repeated. Where the token may not read the channel, it is repeated without looking.
 */
export function createSlackSend({ slack, threads, outbox, now }: SlackSendDeps): Send {
  async function look(slack: Slack, delivery: Delivery, root: Posted | undefined): Promise<Posted | undefined> {
    if (delivery.begun === undefined || delivery.target.kind !== 'slack') return undefined;
    const channel = root?.channel ?? delivery.target.channel;
    try {
      return await slack.find({ id: delivery.id, channel, thread: root?.ts, since: new Date(delivery.begun) });
    } catch (error) {
      if (error instanceof SlackRefusal) return undefined;
      throw error;
    }
  }

  return async delivery => {
    const { target, notice, covers, id } = delivery;
    if (target.kind !== 'slack') return { kind: 'dropped', message: 'it is not for Slack' };
    const isDigest = covers !== undefined;
    const { channel } = target;
    if (slack === undefined) return { kind: 'later', status: null, message: 'Slack is not set up here' };
    let begun = delivery.begun;
    try {
      const root = isDigest ? undefined : await threads.root(channel, notice.thread);
      let posted = await look(slack, delivery, root);
      if (posted === undefined) {
        begun ??= now().toISOString();
        await outbox.save({ ...delivery, begun });
        // What can't wait is not left to those who read the thread.
        const { broadcast = notice.level === 'critical' } = notice;
        posted = await slack.post({
          ...render(notice),
          id,
          channel: root?.channel ?? channel,
          thread: root?.ts,
          broadcast,
        });
      }
      if (root === undefined && !isDigest) await threads.begin(channel, notice.thread, posted);
      return { kind: 'delivered', status: 200, message: 'posted' };
    } catch (error) {
      const fault = asFault(error);
      const known = fault.kind === 'rate-limited' || fault instanceof SlackRefusal;
      if (fault instanceof SlackRefusal && threadLost.has(fault.word)) await threads.forget(channel, notice.thread);
      return {
        kind: 'later',
        status: known ? (fault.kind === 'rate-limited' ? 429 : 200) : null,
        message: fault.message,
        ...(fault.retryAfter !== undefined && { pause: fault.retryAfter * 1000 }),
        // It was not posted, so there is nothing to look for.
        ...(!known && begun !== undefined && { begun }),
      };
    }
  };
}
