import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import compress from '@fastify/compress';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../config.ts';
import { Fault } from '../errors.ts';
import { isForeign } from '../foreign.ts';
import { clientKey, createRateLimiter } from '../proxy/rate.ts';
import type { Answers } from './api.ts';
import { atomType } from './atom.ts';
import { type BadgeKind, badge, badgeKinds } from './badges.ts';
import type { Caller } from './client.ts';
import { base, type Endpoint, type EndpointName, endpointNames, endpoints } from './endpoints.ts';
import { createInclusionEvents } from './events.ts';
import { answerError, answerUnknown } from './failures.ts';
import { moduleFeed, newestFeed, searchFeed } from './feeds.ts';
import { openApi } from './openapi.ts';
import { fromQuery } from './query.ts';
import type { Inclusion } from './schemas/inclusion.ts';
import type { Module } from './schemas/module.ts';
import { countRequests } from './stats.ts';

export interface AppDeps {
  config: Pick<Config, 'PUBLIC_URL' | 'RATE_LIMIT' | 'TRUSTED_PROXIES'>;
  answers: Answers;
  registry: Registry;
  log: Logger;
  now: () => Date;
}

/** A go.sum of the greatest projects has some hundred kilobytes; JSON adds escapes. */
const bodyLimit = 2 << 20;
/** Seconds that badges and feeds may be kept. */
const badgeAge = 300;
const feedAge = 60;
const documentAge = 3600;

/** The JSON API, badges and feeds over HTTP. Not listening yet. */
export async function createApp(deps: AppDeps): Promise<FastifyInstance> {
  const { config, answers, log, now } = deps;
  const limiter = createRateLimiter(config.RATE_LIMIT);
  const pages = config.PUBLIC_URL.href.replace(/\/+$/, '');
  const events = createInclusionEvents();
  const app = Fastify({
    bodyLimit,
    trustProxy: config.TRUSTED_PROXIES.length > 0 ? config.TRUSTED_PROXIES : false,
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 2048 },
  });
  await app.register(compress, { encodings: ['br', 'gzip'], threshold: 1024, brotliOptions: { params: { 1: 4 } } });
  countRequests(app, deps.registry, () => answers.keptBytes);

  app.addHook('onRequest', async request => {
    const wait = limiter.take(clientKey(request.ip));
    if (wait > 0) throw new Fault('rate-limited', 'too many requests; wait a moment', { retryAfter: wait });
    if (request.method !== 'GET' && request.method !== 'HEAD' && isForeign(request.headers, request.host)) {
      throw new Fault('refused', 'this was sent by a page of another site; only our own pages, and programs, may');
    }
  });
  app.addHook('onSend', async (_, reply) => {
    reply.headers({
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      Link: '</api/openapi.json>; rel="service-desc"',
    });
  });
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, log));
  app.setNotFoundHandler(answerUnknown);
  // `curl --data-binary @go.mod -H 'Content-Type: text/plain'` is what a shell can say.
  app.addContentTypeParser('text/plain', { parseAs: 'string' }, async (_: FastifyRequest, body: string | Buffer) => ({
    text: String(body),
  }));

  for (const name of endpointNames) addEndpoint(app, answers, name);

  const document = JSON.stringify(openApi());
  app.get('/api/openapi.json', (request, reply) => send(request, reply, 'application/json', document, documentAge));

  app.get<{ Querystring: Record<string, string> }>(
    `${base}/inclusion/events`,
    { compress: false, exposeHeadRoute: false },
    async (request, reply) => {
      const gone = new AbortController();
      const look = async () => (await answers.ask('inclusion', request.query, callerOf(request))).value as Inclusion;
      const states = events.follow(look, clientKey(request.ip), gone.signal);
      reply.raw.once('close', () => {
        gone.abort();
        void states.return(undefined);
      });
      const first = await states.next(); // while the status can still tell what is wrong
      return reply
        .headers({ 'Cache-Control': 'no-store', 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
        .send(Readable.from(withFirst(first, states)));
    },
  );
  app.addHook('preClose', async () => {
    events.close();
    // Connections that finish their last request during the close must not wait for another.
    const idle = setInterval(() => app.server.closeIdleConnections(), 50);
    app.server.once('close', () => clearInterval(idle));
  });

  app.get<{ Params: { '*': string }; Querystring: { show?: string } }>('/badge/*', async (request, reply) => {
    const module = without('.svg', request.params['*']);
    const { show = 'version' } = request.query;
    const kind = badgeKinds.find(kind => kind === show);
    if (kind === undefined) throw new Fault('invalid', `show must be one of ${badgeKinds.join(', ')}`);
    const ask = async () => (await answers.ask('module', { module }, callerOf(request))).value as Module;
    return send(request, reply, 'image/svg+xml; charset=utf-8', await badge(kind satisfies BadgeKind, ask), badgeAge);
  });

  app.get<{ Params: { '*': string }; Querystring: { q?: unknown } }>('/feeds/*', async (request, reply) => {
    const name = without('.atom', request.params['*']);
    const { q = '' } = request.query;
    if (typeof q !== 'string' || q.length > 200) throw new Fault('invalid', 'q must be at most 200 characters long');
    const addresses = { pages, self: request.url, now: now() };
    const text = await answers.keep(`feed ${request.url}`, feedAge, callerOf(request), view => {
      if (name === 'search') return searchFeed(view, q, addresses);
      if (name === 'newest') return newestFeed(view, addresses);
      return moduleFeed(view, name, addresses);
    });
    return send(request, reply, atomType, text, feedAge);
  });
  return app;
}

function addEndpoint(app: FastifyInstance, answers: Answers, name: EndpointName): void {
  const { method, path, fresh, request: schema }: Endpoint = endpoints[name];
  app.route({
    method,
    url: base + path,
    handler: async (request, reply) => {
      const asked = method === 'POST' ? request.body : fromQuery(schema, request.query as Record<string, unknown>);
      const { json, etag } = await answers.ask(name, asked, callerOf(request));
      return send(request, reply, 'application/json; charset=utf-8', json, fresh, etag);
    },
  });
}

async function* withFirst<T>(first: IteratorResult<T>, rest: AsyncIterable<T>): AsyncGenerator<T> {
  if (first.done !== true) yield first.value;
  yield* rest;
}

const callerOf = ({ headers, ip }: FastifyRequest): Caller => ({ authorization: headers.authorization, address: ip });

/** The path without its ending. Throws `not-found` when it has another one. */
function without(ending: string, path: string): string {
  if (!path.endsWith(ending)) throw new Fault('not-found', `there is nothing here but addresses that end in ${ending}`);
  return path.slice(0, -ending.length);
}

/** `age` in seconds; 0 is never kept. What a token has opened is kept by nobody else. */
function send(request: FastifyRequest, reply: FastifyReply, type: string, body: string, age: number, tag?: string) {
  const etag = tag ?? `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const isOpen = request.headers.authorization === undefined;
  reply.headers({
    'Cache-Control': age === 0 ? 'no-store' : `${isOpen ? 'public' : 'private'}, max-age=${age}`,
    Vary: 'Authorization',
    ...(age > 0 && { ETag: etag }),
  });
  const known = request.headers['if-none-match'];
  if (age > 0 && known !== undefined && (known.trim() === '*' || known.includes(etag))) return reply.code(304).send();
  return reply.type(type).send(body);
}
