import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { asFault, Fault, statusOf } from '../errors.ts';
import { base, endpointNames, endpoints } from './endpoints.ts';
import type { ErrorAnswer } from './schemas/common.ts';

/** Answers `{error: {kind, message}}` with the kind's status. What is internal keeps its text to the log. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  const fault = faultOf(error);
  const { kind, rule, retryAfter } = fault;
  if (kind === 'internal') log.error({ err: fault.cause ?? fault, path: request.url }, 'request failed');
  const status = statusOf[kind];
  reply.headers({
    'Cache-Control': 'no-store',
    ...(status === 401 && { 'WWW-Authenticate': 'Basic realm="GoCenter", charset="UTF-8"' }),
    ...((status === 429 || status === 503 || status === 504) && {
      'Retry-After': String(Math.max(1, Math.ceil(retryAfter ?? 10))),
    }),
  });
  const text = kind === 'internal' ? 'this is a defect of the server; its log says more' : fault.message;
  const message = rule === undefined || text.startsWith(`${rule}: `) ? text : `${rule}: ${text}`;
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send({ error: { kind, message } } satisfies ErrorAnswer);
}

/** fastify's own errors, of requests that it can't read, have sentences that are made to be shown. */
function faultOf(error: unknown): Fault {
  const {
    statusCode = 500,
    code = '',
    message = '',
  } = error as { statusCode?: number; code?: string; message?: string };
  const isOfRequest = code.startsWith('FST_ERR_') && statusCode >= 400 && statusCode < 500;
  const isJson = error instanceof SyntaxError && statusCode === 400;
  if (isOfRequest || isJson) return new Fault(statusCode === 413 ? 'too-large' : 'invalid', message, { cause: error });
  return asFault(error);
}

export function answerUnknown(request: FastifyRequest, _reply: FastifyReply): never {
  const [path = ''] = request.url.split('?');
  const methods = endpointNames
    .filter(name => base + endpoints[name].path === path)
    .map(name => endpoints[name].method);
  if (methods.length > 0) {
    throw new Fault('method', `${path} takes ${[...new Set(methods)].join(' and ')}, not ${request.method}`);
  }
  throw new Fault('not-found', 'there is no such address; /api/openapi.json tells of all');
}
