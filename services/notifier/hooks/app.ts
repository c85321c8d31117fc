import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { asFault, Fault, statusOf } from '../../errors.ts';
import type { NotifierMetrics } from '../metrics.ts';
import type { Notice } from '../notice.ts';
import type { HookSecrets } from '../secrets.ts';
import type { Weekly } from '../weekly.ts';
import { alertEvents } from './alerts.ts';
import { type Asked, checkAlerts, checkGithub, checkJenkins } from './authority.ts';
import type { HookEvent, HookNotice } from './event.ts';
import { githubEvent } from './github.ts';
import { jenkinsEvent } from './jenkins.ts';

export interface HookDeps {
  secrets: HookSecrets;
  /** Undefined where operators can't be told. */
  tell: ((notice: Notice) => Promise<'added' | 'known' | 'late'>) | undefined;
  /** Conversations that are over. */
  over: Weekly<true>;
  metrics: NotifierMetrics;
  log: Logger;
  now: () => Date;
}

/** A log of Jenkins may be long; GitHub sends 25 MB at most, of which workflow runs are far from. */
const bodyLimit = 2 << 20;

/**
 * `POST /hooks/ci` and `/hooks/alerts`: what others tell operators of. 202 when it is kept, to be told once however
 * often it is sent; 200 when there is nothing to tell. Not listening yet.
 */
export function createHooks(deps: HookDeps): FastifyInstance {
  const { secrets, metrics, log, now } = deps;
  const app = Fastify({ bodyLimit, requestTimeout: 30_000, forceCloseConnections: 'idle' });
  app.removeAllContentTypeParsers();
  // Signatures are of the very bytes.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_: FastifyRequest, body: Buffer | string) => body);

  app.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error);
    const { kind, retryAfter } = fault;
    if (kind === 'internal') log.error({ err: fault.cause ?? fault, path: request.routeOptions.url }, 'a hook failed');
    metrics.hooks.inc({ source: sourceOf(request), outcome: kind });
    const message = kind === 'internal' ? 'this is a defect of the server; its log says more' : fault.message;
    if (kind === 'unavailable') reply.header('Retry-After', String(retryAfter ?? 30));
    return reply.code(statusOf[kind]).send({ error: { kind, message } });
  });
  app.setNotFoundHandler(() => {
    throw new Fault('not-found', 'here are POST /hooks/ci and POST /hooks/alerts');
  });

  app.post('/hooks/ci', async (request, reply) => {
    const asked = askedOf(request);
    const event = request.headers['x-github-event'];
    if (typeof event === 'string') {
      checkGithub(asked, secrets);
      return answer(request, reply, [githubEvent(event, jsonOf(asked))]);
    }
    checkJenkins(asked, secrets);
    return answer(request, reply, [jenkinsEvent(jsonOf(asked), now())]);
  });

  app.post('/hooks/alerts', async (request, reply) => {
    const asked = askedOf(request);
    checkAlerts(asked, secrets);
    if (!/^application\/json\b/i.test(asked.headers['content-type'] ?? '')) {
      throw new Fault('invalid', 'alerts are sent as application/json');
    }
    return answer(request, reply, alertEvents(jsonOf(asked), now()));
  });

  async function answer(request: FastifyRequest, reply: { code(status: number): unknown }, events: HookEvent[]) {
    const source = sourceOf(request);
    let accepted = 0;
    const ignored: string[] = [];
    for (const event of events) {
      const reason = 'ignored' in event ? event.ignored : await accept(event);
      if (reason === undefined) accepted += 1;
      else if (!ignored.includes(reason)) ignored.push(reason);
      metrics.hooks.inc({ source, outcome: reason === undefined ? 'accepted' : 'ignored' });
    }
    reply.code(accepted > 0 ? 202 : 200);
    return { accepted, ignored };
  }

  /** Why there is nothing to tell, or undefined. */
  async function accept(event: HookNotice): Promise<string | undefined> {
    if (deps.tell === undefined) {
      throw new Fault('unavailable', 'nobody can be told here: give SLACK_TOKEN_FILE and SLACK_CHANNEL');
    }
    const isEnd = event.broadcast === true;
    // The beginning may come behind its end: it is told of no more.
    if (event.type === 'alert' && !isEnd && (await deps.over.get(event.thread))) return 'it is over already';
    const result = await deps.tell(event);
    if (isEnd) await deps.over.set(event.thread, true);
    if (result === 'known') return 'it was told before';
    return result === 'late' ? 'it is more than two weeks old' : undefined;
  }

  return app;
}

const sourceOf = ({ routeOptions: { url }, headers }: FastifyRequest) => {
  if (url === '/hooks/alerts') return 'alerts';
  if (url !== '/hooks/ci') return 'unknown';
  return headers['x-github-event'] === undefined ? 'ci-jenkins' : 'ci-github';
};

function askedOf({ headers, query, body, socket }: FastifyRequest): Asked {
  const { token } = query as { token?: unknown };
  return {
    headers,
    token: typeof token === 'string' ? token : undefined,
    peer: socket.remoteAddress ?? '',
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
  };
}

/** GitHub can be told to send a form instead; its signature is of that. */
function jsonOf({ body, headers }: Asked): unknown {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  const text = isForm ? (new URLSearchParams(body.toString()).get('payload') ?? '') : body.toString();
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault('invalid', 'the body is not JSON');
  }
}

/** fastify's own errors, of requests that it can't read, have sentences that are made to be shown. */
function faultOf(error: unknown): Fault {
  const {
    statusCode = 500,
    code = '',
    message = '',
  } = error as { statusCode?: number; code?: string; message?: string };
  if (code.startsWith('FST_ERR_') && statusCode < 500)
    return new Fault(statusCode === 413 ? 'too-large' : 'invalid', message, { cause: error });
  return asFault(error);
}
