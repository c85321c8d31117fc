import replyFrom from '@fastify/reply-from';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type FaultKind, statusOf } from '../errors.ts';
import { isForeign } from '../foreign.ts';
import type { ErrorAnswer } from '../ui-backend/schemas/common.ts';

/** Adds the addresses of the API to the pages' server, so that there is one address for both. */
export type PassOn = (app: FastifyInstance) => void;

const addresses = ['/api/*', '/badge/*', '/feeds/*'];

/** To an API in this process, which answers on the same connection. */
export const passToApp =
  (api: FastifyInstance): PassOn =>
  app =>
    addRoutes(app, (request, reply) => {
      reply.hijack();
      // The API sets its own headers, its policy among them.
      for (const name of Object.keys(reply.raw.getHeaders())) reply.raw.removeHeader(name);
      api.routing(request.raw, reply.raw);
    });

/** To an API elsewhere, which is told whose request it is. */
export const passToUrl =
  (url: URL): PassOn =>
  app =>
    void app.register(async scope => {
      const prefix = url.pathname.replace(/\/+$/, '');
      await scope.register(replyFrom, { base: url.origin, undici: { connections: 64 } });
      addRoutes(scope, (request, reply) => {
        reply.from(prefix + request.url, {
          rewriteRequestHeaders: (_, { origin, ...headers }) => ({
            ...headers,
            'x-forwarded-for': request.ip,
            // The API has another host: of our own pages it needs no proof.
            ...(isForeign(request.headers, request.host) && { origin }),
          }),
          onError: (_, { error }) => answerUnreachable(reply, error),
        });
      });
    });

/** As the API itself would say it. */
function answerUnreachable(reply: FastifyReply, { message }: Error): void {
  const kind: FaultKind = /timeout/i.test(message) ? 'timed-out' : 'unavailable';
  const error = {
    kind,
    message: kind === 'timed-out' ? 'the API does not answer in time' : 'the API can’t be reached',
  };
  reply
    .code(statusOf[kind])
    .headers({ 'Cache-Control': 'no-store', 'Retry-After': '10' })
    .type('application/json; charset=utf-8')
    .send({ error } satisfies ErrorAnswer);
}

function addRoutes(app: FastifyInstance, handler: (request: FastifyRequest, reply: FastifyReply) => void): void {
  void app.register(async scope => {
    // Bodies are the API's to read: they stay the streams that they are.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    for (const url of addresses) scope.all(url, { compress: false }, (request, reply) => void handler(request, reply));
  });
}
