import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { asFault, Fault, statusOf } from '../errors.ts';
import type { AskOptions, IndexReader, Origin } from '../origin/index.ts';

/**
 * The processor's internal HTTP server: the questions of the origin port, for services that run apart. Their
 * client is origin/http.ts. Answers are JSON, of `/sumdb` bytes; faults are `{kind, message, retryAfter}` with their
 * status. Listening is the caller's.
 *
 *     GET /list?module=…    /latest?module=…    /query?module=…&query=…    /sumdb?name=…&path=…
 *         /index?feed=…&since=…&limit=…         and `fresh=true` with each of the first three
 */
export function createOriginServer({ origin, log }: { origin: Origin & IndexReader; log: Logger }): Server {
  const questions: Record<string, (of: (name: string) => string, options: AskOptions) => Promise<unknown>> = {
    '/list': (of, options) => origin.list(of('module'), options),
    '/latest': (of, options) => origin.latest(of('module'), options),
    '/query': (of, options) => origin.query(of('module'), of('query'), options),
    '/sumdb': (of, options) => origin.sumdb(of('name'), of('path'), options),
    '/index': (of, options) => origin.index(of('feed'), { since: of('since'), limit: Number(of('limit')) }, options),
  };

  async function answer(request: IncomingMessage, signal: AbortSignal): Promise<unknown> {
    const url = new URL(request.url ?? '/', 'http://processor');
    const question = Object.hasOwn(questions, url.pathname) ? questions[url.pathname] : undefined;
    if (question === undefined || request.method !== 'GET')
      throw new Fault('invalid', 'this is no question to an origin');
    const hops = Number(request.headers['gocenter-hops'] ?? 0);
    if (!Number.isInteger(hops) || hops < 0 || hops > 100)
      throw new Fault('invalid', 'GoCenter-Hops is no small number');
    const of = (name: string) => {
      const value = url.searchParams.get(name);
      if (value === null) throw new Fault('invalid', `the question has no ${name}`);
      return value;
    };
    return question(of, { signal, hops, fresh: url.searchParams.get('fresh') === 'true' });
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      const result = await answer(request, gone.signal);
      if (Buffer.isBuffer(result)) send(response, 200, 'application/octet-stream', result);
      else send(response, 200, 'application/json', Buffer.from(JSON.stringify(result)));
    } catch (error) {
      const { kind, message, retryAfter } = asFault(error);
      if (kind === 'internal') log.error({ err: error }, `the origin server failed: ${message}`);
      const body = JSON.stringify({ kind, message, ...(retryAfter !== undefined && { retryAfter }) });
      send(response, statusOf[kind], 'application/json', Buffer.from(body));
    }
  }

  return createServer({ requestTimeout: 30_000 }, (request, response) => {
    void handle(request, response);
  });
}

function send(response: ServerResponse, status: number, type: string, body: Buffer): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body);
}
