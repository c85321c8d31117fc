import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import { Fault } from '../errors.ts';
import type { Assets } from './assets.ts';

const year = 31_536_000;
const dayLong = 86_400;

/** Stylesheet, scripts and pictures, and the small files that browsers and crawlers look for. */
export function addFiles(app: FastifyInstance, assets: Assets, config: Pick<Config, 'PUBLIC_URL'>): void {
  app.get<{ Params: { hash: string; name: string } }>(
    '/assets/:hash/:name',
    { compress: false },
    async ({ params, headers }, reply) => {
      const asset = assets.get(params.name);
      if (asset === undefined) throw new Fault('not-found', 'there is no such file');
      const accepted = String(headers['accept-encoding'] ?? '');
      const encoding = (['br', 'gzip'] as const).find(name => new RegExp(`\\b${name}\\b`).test(accepted));
      // Another hash is of another release: right for now, but not for ever.
      const age = params.hash === assets.hash ? `public, max-age=${year}, immutable` : 'no-cache';
      reply.headers({
        'Cache-Control': age,
        Vary: 'Accept-Encoding',
        ...(encoding && { 'Content-Encoding': encoding }),
      });
      return reply.type(asset.type).send(asset.bodies[encoding ?? 'identity']);
    },
  );
  app.get('/favicon.ico', async (_, reply) => reply.redirect(assets.link('favicon.svg')));
  app.get('/robots.txt', async (_, reply) =>
    reply
      .header('Cache-Control', `public, max-age=${dayLong}`)
      .type('text/plain; charset=utf-8')
      .send(
        'User-agent: *\nDisallow: /compare\nDisallow: /search\nDisallow: /inclusions\nDisallow: /watch\nDisallow: /api/\n',
      ),
  );
  const pages = config.PUBLIC_URL.href.replace(/\/+$/, '').replaceAll('&', '&amp;');
  app.get('/opensearch.xml', async (_, reply) =>
    reply
      .header('Cache-Control', `public, max-age=${dayLong}`)
      .type('application/opensearchdescription+xml')
      .send(`<?xml version="1.0" encoding="UTF-8"?>
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
  <ShortName>GoCenter</ShortName>
  <Description>Go modules</Description>
  <Url type="text/html" template="${pages}/search?q={searchTerms}"/>
</OpenSearchDescription>
`),
  );
}
