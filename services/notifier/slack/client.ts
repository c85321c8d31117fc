import { Agent } from 'undici';
import { Fault } from '../../errors.ts';
import { readAll } from '../../storage/index.ts';
import type { Rendered } from './blocks.ts';

/** Slack's Web API, as much of it as is used. */
export interface Slack {
  /**
   * Posts a message, marked with `id` in its metadata. Throws `unavailable` or `timed-out` when it is not known whether
   * Slack has it, `rate-limited` with `retryAfter`, or a SlackRefusal with Slack's own word.
   */
  post(message: SlackMessage): Promise<{ ts: string; channel: string }>;
  /**
   * The message marked with `id` that was posted since, in a thread when `thread` is given. Throws as `post` does.
   */
  find(where: { id: string; channel: string; thread?: string | undefined; since: Date }): Promise<Posted | undefined>;
  close(): Promise<void>;
}

export interface SlackMessage extends Rendered {
  id: string;
  channel: string;
  thread?: string | undefined;
  broadcast?: boolean;
}

export interface Posted {
  ts: string;
  channel: string;
}

/** Slack has understood and does not do it: `channel_not_found`, `invalid_auth`. https://docs.slack.dev/reference/methods/chat.postMessage#errors */
export class SlackRefusal extends Fault {
  readonly word: string;
  constructor(word: string) {
    super('refused', `Slack refuses: ${word.slice(0, 100)}`);
    this.word = word;
  }
}

/** Longest wait for an answer, in ms. */
const timeout = 10_000;
const answerLimit = 4 << 20;
const eventType = 'gocenter_notice';
/** Messages that are looked through; those of a minute or two. */
const lookedAt = 200;
/** Slack's clock and ours differ by less, in seconds. */
const leeway = 60;

interface Answer {
  ok?: boolean;
  error?: string;
  ts?: string;
  channel?: string;
  messages?: { ts: string; metadata?: { event_type?: string; event_payload?: { id?: string } } }[];
}

export function createSlack({ url, token }: { url: URL; token: string }): Slack {
  const agent = new Agent({ connectTimeout: 5000, headersTimeout: timeout, bodyTimeout: timeout, connections: 8 });
  const base = url.pathname.replace(/\/+$/, '');

  async function call(method: string, type: string, body: string): Promise<Answer> {
    const {
      statusCode,
      headers,
      body: answer,
    } = await agent
      .request({
        origin: url.origin,
        path: `${base}/${method}`,
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': type },
        body,
        signal: AbortSignal.timeout(timeout),
      })
      .catch(error => {
        throw silent(error);
      });
    const bytes = await readAll(answer, answerLimit, 'the answer of Slack').catch(error => {
      throw error instanceof Fault ? error : silent(error);
    });
    if (statusCode === 429) {
      const seconds = Number(headers['retry-after']);
      throw new Fault('rate-limited', 'Slack asks for a pause', {
        retryAfter: Number.isFinite(seconds) ? Math.min(3600, Math.max(1, seconds)) : 30,
      });
    }
    if (statusCode !== 200) throw new Fault('unavailable', `Slack answers ${statusCode}`);
    const parsed = parse(bytes);
    if (parsed.ok !== true) throw failure(parsed.error ?? 'no reason given');
    return parsed;
  }

  return {
    async post({ id, channel, thread, broadcast = false, text, blocks }) {
      const body = {
        channel,
        text,
        blocks,
        ...(thread !== undefined && { thread_ts: thread, reply_broadcast: broadcast }),
        unfurl_links: false,
        unfurl_media: false,
        metadata: { event_type: eventType, event_payload: { id } },
      };
      const answer = await call('chat.postMessage', 'application/json; charset=utf-8', JSON.stringify(body));
      if (answer.ts === undefined) throw new Fault('unavailable', 'the answer of Slack has no time stamp');
      return { ts: answer.ts, channel: answer.channel ?? channel };
    },

    async find({ id, channel, thread, since }) {
      const query = new URLSearchParams({
        channel,
        oldest: String(since.getTime() / 1000 - leeway),
        include_all_metadata: 'true',
        limit: String(lookedAt),
        ...(thread !== undefined && { ts: thread }),
      });
      const method = thread === undefined ? 'conversations.history' : 'conversations.replies';
      const { messages = [] } = await call(method, 'application/x-www-form-urlencoded', query.toString());
      const found = messages.find(({ metadata }) => metadata?.event_payload?.id === id);
      return found && { ts: found.ts, channel };
    },
    close: () => agent.destroy(),
  };
}

/** Words of Slack that mean its own trouble. */
const troubles = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);

function failure(word: string): Fault {
  if (word === 'ratelimited' || word === 'rate_limited') {
    return new Fault('rate-limited', 'Slack asks for a pause', { retryAfter: 30 });
  }
  return troubles.has(word) ? new Fault('unavailable', `Slack has trouble: ${word}`) : new SlackRefusal(word);
}

function parse(bytes: Buffer): Answer {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === 'object' && value !== null) return value as Answer;
  } catch {
    // A gateway in between has answered.
  }
  throw new Fault('unavailable', 'the answer of Slack is not JSON');
}

function silent(error: unknown): Fault {
  const { code = '', name = '', message = '' } = error as { code?: string; name?: string; message?: string };
  if (name === 'TimeoutError' || code.includes('TIMEOUT')) {
    return new Fault('timed-out', 'Slack did not answer in time', { cause: error });
  }
  return new Fault('unavailable', `Slack does not answer (${code || message})`, { cause: error });
}
