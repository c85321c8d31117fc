import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import proxyAddr from '@fastify/proxy-addr';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { asFault, type Fault, statusOf } from '../errors.ts';
import type { Messaging } from '../messaging/index.ts';
import type { Metrics } from '../metrics.ts';
import type { Origin } from '../origin/index.ts';
import { withPatience } from '../origin/patience.ts';
import type { Storage } from '../storage/index.ts';
import { parseSumdb } from '../sumdb/key.ts';
import { createAccess, type Reader, type Token } from './access.ts';
import { errorHeaders, errorText, textType } from './answers.ts';
import { createChecksums } from './checksums.ts';
import { answerFeed } from './feed.ts';
import { createFront } from './front.ts';
import { createHotCache } from './hot.ts';
import { answerMalformed, checkRequest, createAheadLimit, hopsOf, refuseConnect } from './http.ts';
import { createLists } from './lists.ts';
import { createNews } from './news.ts';
import { createObjects } from './objects.ts';
import { clientKey, createRateLimiter } from './rate.ts';
import { type ParsedRequest, parseRequest } from './request.ts';
import { type CacheOutcome, createRequestLog, type Served } from './request-log.ts';
import { type Resource, respond } from './respond.ts';
import { createShortWay } from './short-way.ts';
import { createRequestStats } from './stats.ts';
import { countryHeader, createVisitors } from './visitor.ts';
import { createWaiter } from './waiter.ts';

export interface ProxyDeps {
  config: Pick<
    Config,
    | 'FETCH_TIMEOUT'
    | 'HOT_CACHE_BYTES'
    | 'LIST_TTL'
    | 'PRIVATE_MODULES'
    | 'RATE_LIMIT'
    | 'REQUIRE_TOKEN'
    | 'SUMDB'
    | 'TRUSTED_PROXIES'
  >;
  tokens: readonly Token[];
  published: Storage;
  records: Storage;
  messaging: Messaging;
  origin: Origin;
  metrics: Metrics;
  log: Logger;
  /** Takes the request log's lines; undefined writes none. */
  requestLines: { write(line: string): unknown } | undefined;
}

export interface Proxy {
  /** Not listening yet. */
  server: Server;
  /** A version of the module was published by this process: nothing older is told of it from now on. */
  published(module: string): void;
  /** Stops accepting, lets the requests in flight finish, cuts short those that wait for a fetch after `grace` ms. */
  close(grace: number): Promise<void>;
}

const maxConnections = 20_000;

/** Whether the client asks for what is here only. */
const withoutFetching = (req: IncomingMessage) =>
  /(^|,\s*)true\b/i.test(String(req.headers['disable-module-fetch'] ?? ''));

/** The service that the go command talks to. Go Modules Reference, "GOPROXY protocol". */
export function createProxy(deps: ProxyDeps): Proxy {
  const { config, published, records, messaging, metrics, log } = deps;
  const origin = withPatience(deps.origin, config.FETCH_TIMEOUT);
  const access = createAccess({
    tokens: deps.tokens,
    requireToken: config.REQUIRE_TOKEN,
    privateModules: config.PRIVATE_MODULES,
  });
  const hot = createHotCache(config.HOT_CACHE_BYTES);
  const waiter = createWaiter({ published, records, messaging, timeout: config.FETCH_TIMEOUT });
  const news = createNews({ records, hot });
  const objects = createObjects({ published, records, hot, waiter, access, news });
  const lists = createLists({ published, origin, hot, access, news, ttl: config.LIST_TTL });
  const checksums = createChecksums({ origin, records, access, name: parseSumdb(config.SUMDB)?.name });
  const limiter = createRateLimiter(config.RATE_LIMIT);
  const requestLog = createRequestLog(deps.requestLines);
  const stats = createRequestStats(metrics.registry, () => hot.bytes);
  const trusted = proxyAddr.compile(config.TRUSTED_PROXIES);
  let closing = false;

  /** The client's address decides about the rate and nothing else; it is kept nowhere. */
  const addresses = new WeakMap<Socket, string>();
  const client = (req: Pick<IncomingMessage, 'socket' | 'headers'>) => {
    if (config.TRUSTED_PROXIES.length > 0) return clientKey(proxyAddr(req as IncomingMessage, trusted) ?? '');
    let key = addresses.get(req.socket);
    if (key === undefined) {
      key = clientKey(req.socket.remoteAddress ?? '');
      addresses.set(req.socket, key);
    }
    return key;
  };

  const visitors = createVisitors(config.TRUSTED_PROXIES.length > 0);
  const visitor = ({ headers }: IncomingMessage, ci?: boolean) =>
    visitors.describe(headers['user-agent'], headers[countryHeader]?.toString(), ci);

  const shortWay = createShortWay({ hot, limiter, requestLog, stats, client, visitor, access });

  async function find(parsed: ParsedRequest, req: IncomingMessage, reader: Reader, signal: AbortSignal) {
    const { request } = parsed;
    const cachedOnly = parsed.cachedOnly || withoutFetching(req);
    const options = { cachedOnly, hops: hopsOf(req), signal };
    switch (request.kind) {
      case 'index':
        return { resource: await answerFeed(records, request.parameters, reader), cache: 'none' as const };
      case 'sumdb':
        return { resource: await checksums.answer(request.name, request.path, options), cache: 'none' as const };
      case 'list':
      case 'latest':
        access.authorise(reader, request.module);
        return await lists[request.kind](request.module, options);
      case 'query':
        access.authorise(reader, request.module);
        return await lists.query(request.module, request.query, options);
      default:
        access.authorise(reader, request.module);
        return await objects.find(request, options);
    }
  }

  async function longWay(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const started = performance.now();
    const asked = { kind: 'other', module: '', version: '', visitor: visitor(req) } as const;
    const served: Served = { ...asked, status: 0, bytes: 0, cache: 'none', duration: 0 };
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    let found: { resource: Resource; cache: CacheOutcome } | undefined;
    try {
      checkRequest(req, res, limiter.take(client(req)));
      const parsed = parseRequest(req.url ?? '');
      served.kind = parsed.request.kind;
      if ('module' in parsed.request) served.module = parsed.request.module;
      if ('version' in parsed.request) served.version = parsed.request.version;
      const reader = access.identify(req.headers.authorization);
      if (reader.ci) served.visitor = visitor(req, true);
      found = await find(parsed, req, reader, gone.signal);
      if (withoutFetching(req) && /^(?:list|latest|query)$/.test(parsed.request.kind)) {
        // A shared cache would hand it to those who do want what the origin has.
        found = { ...found, resource: { ...found.resource, cacheControl: 'no-store' } };
      }
      served.cache = found.cache;
      if (closing) res.setHeader('Connection', 'close');
      served.bytes = await respond(req, res, found.resource);
      served.status = res.statusCode;
    } catch (error) {
      served.status = fail(asFault(error), req, res, served);
    }
    served.duration = performance.now() - started;
    requestLog.write(served);
    stats.count(served);
  }

  /** Answers with the fault, or cuts the connection when the answer has begun. Returns the status for the log. */
  function fail(fault: Fault, req: IncomingMessage, res: ServerResponse, served: Served): number {
    if (fault.kind === 'internal' && !res.destroyed)
      log.error({ err: fault.cause ?? fault, path: req.url }, 'request failed');
    if (res.headersSent || res.destroyed) {
      res.destroy();
      return 499; // as nginx logs a client that has gone, or an answer that broke off
    }
    const text = errorText(fault);
    const cachedOnly = req.url?.startsWith('/cached-only/') || withoutFetching(req); // may be published the next moment
    const cacheable = !cachedOnly && !access.isPrivate(served.module);
    const status = statusOf[fault.kind];
    res.writeHead(status, [
      ...errorHeaders(fault, served.kind, cacheable),
      'Content-Length',
      String(Buffer.byteLength(text)),
    ]);
    res.end(req.method === 'HEAD' ? undefined : text);
    served.bytes = req.method === 'HEAD' ? 0 : Buffer.byteLength(text);
    return status;
  }

  const tooFarAhead = createAheadLimit();
  const server = createServer(
    {
      keepAliveTimeout: 65_000,
      headersTimeout: 30_000,
      requestTimeout: 60_000,
      maxHeaderSize: 16_384,
      requireHostHeader: false,
      optimizeEmptyRequests: true,
    },
    (req, res) => {
      if (tooFarAhead(req, res)) return;
      if (!closing && shortWay(req, res)) return;
      void longWay(req, res);
    },
  );
  server.maxConnections = maxConnections;
  server.timeout = config.FETCH_TIMEOUT + 60_000; // a client that takes no bytes for this long is cut off
  server.on('clientError', answerMalformed);
  server.on('connect', refuseConnect);
  server.on('checkExpectation', (_req, res: ServerResponse) => {
    const text = 'bad request: no expectation but 100-continue is met here\n';
    res.writeHead(417, ['Content-Type', textType, 'Content-Length', String(text.length), 'Connection', 'close']);
    res.end(text);
  });
  const front = createFront(server, {
    hot,
    limiter,
    requestLog,
    stats,
    access,
    client: (socket, forwardedFor) =>
      client({ socket, headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor } }),
    visitor: (userAgent, country) => visitors.describe(userAgent, country),
  });

  const sockets = new Set<Socket>();
  server.on('connection', socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  return {
    server,
    published: module => news.published(module),
    close(grace) {
      closing = true;
      news.close();
      front.close();
      const drain = setTimeout(() => waiter.drain(), grace);
      // Connections that finish their last request during the close must not wait for another. Node's HTTP server takes
      // one for idle whose answer is complete but not sent yet, and would cut it; so does its own `close`, at once.
      const idle = setInterval(() => {
        if (![...sockets].some(socket => socket.writableLength > 0)) server.closeIdleConnections();
      }, 50);
      return new Promise(resolve => {
        NetServer.prototype.close.call(server, () => {
          clearTimeout(drain);
          clearInterval(idle);
          resolve();
        });
      });
    },
  };
}
