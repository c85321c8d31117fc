import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Posted {
  channel: string;
  text: string;
  blocks: unknown[];
  thread_ts?: string;
  reply_broadcast?: boolean;
  metadata: { event_type: string; event_payload: { id: string } };
  ts: string;
}

/** What Slack answers instead: an HTTP status, a word of its own, or nothing after it has taken the message. */
export type Trouble = { status: number; retryAfter?: number } | { error: string } | 'hang up' | 'take and hang up';

/** As much of Slack as is used, on loopback: it keeps what was posted and can be told to fail. */
export async function startSlack(token = 'xoxb-test-token') {
  const posted: Posted[] = [];
  const calls: string[] = [];
  let trouble: Trouble | undefined;
  let trouble_of = (_method: string) => true;
  let time = 1_700_000_000;

  const server = createServer(async (request, response) => {
    const method = request.url?.split('/').at(-1) ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    calls.push(method);
    const answer = (value: object, status = 200, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    if (request.headers.authorization !== `Bearer ${token}`) return answer({ ok: false, error: 'invalid_auth' });
    const failing = trouble_of(method) ? trouble : undefined;
    if (failing === 'hang up') return request.socket.destroy();
    if (failing !== undefined && failing !== 'take and hang up') {
      if ('error' in failing) return answer({ ok: false, error: failing.error });
      const wait = failing.retryAfter === undefined ? {} : { 'retry-after': String(failing.retryAfter) };
      return answer({ ok: false, error: 'ratelimited' }, failing.status, wait);
    }
    if (method === 'chat.postMessage') {
      time += 1;
      const message = { ...(JSON.parse(body) as Omit<Posted, 'ts'>), ts: `${time}.000100` };
      posted.push(message);
      if (failing === 'take and hang up') return request.socket.destroy();
      return answer({ ok: true, ts: message.ts, channel: message.channel });
    }
    const query = new URLSearchParams(body);
    const inThread = query.get('ts');
    const messages = posted.filter(
      ({ channel, thread_ts, ts }) =>
        channel === query.get('channel') &&
        (inThread === null ? thread_ts === undefined : (thread_ts ?? ts) === inThread),
    );
    return answer({ ok: true, messages: messages.toReversed() });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api`,
    token,
    posted,
    calls,
    /** Until it is told otherwise; `method` alone, or all. */
    fail(what: Trouble | undefined, method?: string) {
      trouble = what;
      trouble_of = name => method === undefined || name === method;
    },
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type SlackStandIn = Awaited<ReturnType<typeof startSlack>>;

/** All text of a message, as a person reads it. */
export function readable(blocks: unknown): string {
  if (Array.isArray(blocks)) return blocks.map(readable).join('');
  if (typeof blocks !== 'object' || blocks === null) return '';
  const { text, elements } = blocks as { text?: unknown; elements?: unknown };
  return (typeof text === 'string' ? text : '') + readable(elements ?? []);
}
