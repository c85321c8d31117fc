import compress from '@fastify/compress';
import formbody from '@fastify/formbody';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../config.ts';
import { Fault } from '../errors.ts';
import { clientKey, createRateLimiter } from '../proxy/rate.ts';
import type { Api } from '../ui-backend/client.ts';
import { loadAssets } from './assets.ts';
import { addFiles } from './files.ts';
import { addForms, refuseForeignForms } from './forms.ts';
import type { PassOn } from './pass-on.ts';
import type { ReadmeRenderer } from './readme/index.ts';
import { addPages } from './routes.ts';
import { countRequests } from './stats.ts';

export interface AppDeps {
  config: Pick<Config, 'PROXY_PUBLIC_URL' | 'PUBLIC_URL' | 'RATE_LIMIT' | 'TRUSTED_PROXIES'>;
  api: Api;
  /** Takes what belongs to the API: its endpoints, badges, feeds. */
  passOn: PassOn;
  readmes: ReadmeRenderer;
  registry: Registry;
  log: Logger;
}

/** Pages load from here and from nowhere else, run nothing that stands in them, and are shown in no other page. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A form with a go.sum of 512 KiB, escaped as forms do it. */
const bodyLimit = 2 << 20;

/** The pages over HTTP. Not listening yet. */
export async function createApp(deps: AppDeps): Promise<FastifyInstance> {
  const { config } = deps;
  const limiter = createRateLimiter(config.RATE_LIMIT);
  const assets = await loadAssets();
  const app = Fastify({
    bodyLimit,
    trustProxy: config.TRUSTED_PROXIES.length > 0 ? config.TRUSTED_PROXIES : false,
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 2048, ignoreDuplicateSlashes: true },
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'Content-Security-Policy': policy,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
    });
    const wait = limiter.take(clientKey(request.ip));
    if (wait > 0) throw new Fault('rate-limited', 'too many requests; wait a moment', { retryAfter: wait });
    refuseForeignForms(request);
  });
  countRequests(app, deps.registry, () => deps.readmes.keptBytes);
  deps.passOn(app);
  await app.register(compress, { encodings: ['br', 'gzip'], threshold: 1024, brotliOptions: { params: { 1: 4 } } });
  await app.register(formbody);
  await app.register(multipart, { limits: { fields: 4, files: 1, fieldSize: bodyLimit, fileSize: bodyLimit } });
  addFiles(app, assets, config);
  const site = addPages(app, { ...deps, assets });
  addForms(app, site);
  app.addHook('onClose', () => deps.readmes.close());
  return app;
}
