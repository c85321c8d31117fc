import type { FastifyReply, FastifyRequest } from 'fastify';
import { asFault, Fault, type FaultKind } from '../errors.ts';
import { addressOf } from './module-address.ts';
import { failurePage } from './pages/failure.ts';
import type { Site } from './routes.ts';

/** Fastify's own errors, of requests that it can't read, have sentences that are made to be shown. */
export function faultOf(error: unknown): Fault {
  const {
    statusCode = 500,
    code = '',
    message = '',
  } = error as Partial<Record<'code' | 'message', string>> & {
    statusCode?: number;
  };
  if (/^FST_/.test(code) && statusCode >= 400 && statusCode < 500) {
    const kinds: Record<number, FaultKind> = { 404: 'not-found', 413: 'too-large' };
    return new Fault(kinds[statusCode] ?? 'invalid', message, { cause: error });
  }
  return asFault(error);
}

export function answerFailure(site: Site, fault: Fault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { kind, retryAfter } = fault;
  if (kind === 'unauthorized') reply.header('WWW-Authenticate', 'Basic realm="GoCenter", charset="UTF-8"');
  if (kind === 'rate-limited' || kind === 'unavailable' || kind === 'timed-out') {
    reply.header('Retry-After', String(Math.max(1, Math.ceil(retryAfter ?? 10))));
  }
  return site.show(request, reply, failurePage(fault, askedModule(request)), 'no-store');
}

/** The module that the address names, where it can be one. */
function askedModule(request: FastifyRequest): { module?: string; version?: string | undefined } {
  const { '*': path } = (request.params ?? {}) as { '*'?: string };
  if (path === undefined) return {};
  try {
    return addressOf(path);
  } catch {
    return {};
  }
}
