import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Access } from './access.ts';
import type { HotCache } from './hot.ts';
import { hostsOf } from './http.ts';
import type { RateLimiter } from './rate.ts';
import type { RequestLog } from './request-log.ts';
import type { RequestStats } from './stats.ts';

/**
 * The short way of a hot hit: one look-up by the raw address, then headers made beforehand and bytes from memory.
 * Everything else (conditions, ranges, tokens, private modules, other spellings) says false and takes the long way.
 */
export function createShortWay(deps: {
  hot: HotCache;
  access: Access;
  limiter: RateLimiter;
  requestLog: RequestLog;
  stats: RequestStats;
  client: (req: IncomingMessage) => string;
  visitor: (req: IncomingMessage) => string;
}): (req: IncomingMessage, res: ServerResponse) => boolean {
  const { hot, access, limiter, requestLog, stats, client, visitor } = deps;
  return (req, res) => {
    if (req.method !== 'GET' || req.url === undefined) return false;
    const object = hot.get(req.url);
    if (object === undefined || object.private || !access.open) return false;
    const { headers } = req;
    if (
      hostsOf(req) !== 1 ||
      headers['if-none-match'] !== undefined ||
      headers.range !== undefined ||
      headers['if-modified-since'] !== undefined ||
      headers['if-match'] !== undefined ||
      headers['if-unmodified-since'] !== undefined ||
      headers.authorization !== undefined ||
      headers['gocenter-hops'] !== undefined
    ) {
      return false;
    }
    const started = performance.now();
    if (limiter.take(client(req)) > 0) return false; // the long way asks again and refuses
    res.writeHead(200, object.headers);
    if (object.text === undefined) res.end(object.body);
    else res.end(object.text, 'latin1');
    const duration = performance.now() - started;
    requestLog.writeHot(object, duration, visitor(req));
    stats.countHot(object, duration);
    return true;
  };
}
