import { Agent, buildConnector } from 'undici';
import { asFault, Fault } from '../../errors.ts';
import { connectChecked } from '../../processor/net/connect.ts';
import type { Guard } from '../../processor/net/guard.ts';
import type { Send } from '../send.ts';
import type { Watches } from '../watches.ts';
import { sign } from './sign.ts';

/** Longest wait for an answer, in ms. */
const timeout = 10_000;
/** What is read of an answer, in bytes; nothing in it matters. */
const answerLimit = 4096;
/** Longest pause that a receiver may ask for, in ms. */
const longestPause = 3_600_000;

/**
 * Posts signed notices to webhooks. The guard decides where it may connect to, at the very address that it checked; redirects
 * are not followed. A receiver may get a delivery twice, with the same id, when its answer was lost.
 */
export function createWebhookSend(deps: { watches: Watches; guard: Guard; userAgent: string; now: () => Date }): {
  send: Send;
  close(): Promise<void>;
} {
  const { watches, guard, userAgent, now } = deps;
  const secure = buildConnector({ allowH2: false, timeout });
  const agent = new Agent({
    connect: (options, done) => {
      const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
      connectChecked(guard, options.hostname, port, timeout).then(
        socket => {
          if (options.protocol === 'https:') secure({ ...options, httpSocket: socket }, done);
          else done(null, socket);
        },
        error => done(error, null),
      );
    },
    allowH2: false,
    headersTimeout: timeout,
    bodyTimeout: timeout,
    maxHeaderSize: 16_384,
  });

  async function post(url: URL, secret: string, id: string, type: string, body: string) {
    const timestamp = Math.floor(now().getTime() / 1000);
    const {
      statusCode,
      headers,
      body: answer,
    } = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': userAgent,
        'gocenter-delivery': id,
        'gocenter-event': type,
        'gocenter-timestamp': String(timestamp),
        'gocenter-signature': sign(secret, timestamp, body),
      },
      body,
      signal: AbortSignal.timeout(timeout),
    });
    await answer.dump({ limit: answerLimit }).catch(() => {});
    const wanted = Number(headers['retry-after']) * 1000;
    return { status: statusCode, ...(wanted > 0 && { pause: Math.min(longestPause, wanted) }) };
  }

  return {
    async send({ id, target, notice: { type, at, title, text, data } }) {
      const watch = target.kind === 'webhook' ? await watches.get(target.watch) : undefined;
      if (watch === undefined || !('webhook' in watch.deliver))
        return { kind: 'dropped', message: 'the watch has ended' };
      const body = JSON.stringify({ id, type, at, watch: watch.id, title, text, ...data });
      try {
        const url = new URL(watch.deliver.webhook);
        const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
        if ((url.protocol !== 'https:' || port !== 443) && !guard.listed(url.hostname, port)) {
          throw new Fault('refused', 'webhooks are https on port 443, unless WEBHOOK_ALLOW_PRIVATE lists their host');
        }
        const { status, pause } = await post(url, watch.secret, id, type, body);
        if (status >= 200 && status < 300) return { kind: 'delivered', status, message: 'accepted' };
        const message = 'not accepted';
        return { kind: 'later', status, message, ...(pause && { pause }), ...(status === 410 && { gone: true }) };
      } catch (error) {
        return { kind: 'later', status: null, message: 'could not be delivered', detail: detailOf(error) };
      }
    },
    close: () => agent.destroy(),
  };
}

/** For operators: whoever made the watch is told nothing of names and addresses here, which anybody could ask about so. */
function detailOf(error: unknown): string {
  const { code = '', name = '' } = error as { code?: string; name?: string };
  if (error instanceof Fault) return error.message;
  if (name === 'TimeoutError' || code.includes('TIMEOUT')) return 'did not answer in time';
  return `does not answer (${code || asFault(error).message.slice(0, 100)})`;
}
