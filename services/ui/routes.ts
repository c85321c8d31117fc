import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { asFault, Fault } from '../errors.ts';
import type { Api } from '../ui-backend/client.ts';
import type { Assets } from './assets.ts';
import { answerFailure, faultOf } from './failures.ts';
import { moduleLink } from './links.ts';
import { addressOf, moduleWith } from './module-address.ts';
import { type Page, renderPage, type Theme } from './page.ts';
import { apiPage } from './pages/api.ts';
import { comparePage } from './pages/compare.ts';
import { doctorPage } from './pages/doctor.ts';
import { homePage } from './pages/home.ts';
import { includePage, inclusionPage } from './pages/include.ts';
import { modulePage } from './pages/module/index.ts';
import { searchPage } from './pages/search.ts';
import { statusPage } from './pages/status.ts';
import { watchedPage, watchPage } from './pages/watch.ts';
import type { ReadmeRenderer } from './readme/index.ts';
import type { Visit } from './visit.ts';

export interface Site {
  visit(request: FastifyRequest): Visit;
  /** Answers with a page; `no-store` where it is the answer to a form. */
  show(request: FastifyRequest, reply: FastifyReply, page: Page, store?: 'no-store'): FastifyReply;
}

export interface SiteDeps {
  config: Pick<Config, 'PROXY_PUBLIC_URL' | 'PUBLIC_URL'>;
  api: Api;
  readmes: ReadmeRenderer;
  assets: Assets;
  log: Logger;
}

/** The pages that are asked for with GET, and what stands for those that fail. */
export function addPages(app: FastifyInstance, deps: SiteDeps): Site {
  const site = createSite(deps);
  const page = (url: string, make: (visit: Visit, request: FastifyRequest) => Promise<Page> | Page) =>
    app.get(url, async (request, reply) => site.show(request, reply, await make(site.visit(request), request)));

  page('/', homePage);
  page('/search', searchPage);
  page('/compare', comparePage);
  page('/doctor', visit => doctorPage(visit));
  page('/include', visit => includePage(visit));
  page('/inclusions/:id', (visit, { params }) => inclusionPage(visit, (params as { id: string }).id));
  page('/watch', visit => watchPage(visit));
  page('/watches/:id', async ({ api, caller }, { params }) =>
    watchedPage(await api.watched({ id: (params as { id: string }).id }, caller)),
  );
  page('/status', statusPage);
  page('/api', apiPage);

  app.get<{ Params: { '*': string } }>('/*', async (request, reply) => {
    const { module, version } = addressOf(request.params['*']);
    const visit = site.visit(request);
    if (version === 'latest') return reply.redirect(moduleLink(module));
    try {
      return site.show(request, reply, await modulePage(visit, module, version));
    } catch (error) {
      if (asFault(error).kind !== 'not-found' || version !== undefined) throw error;
      const holder = await moduleWith(visit, module);
      if (holder === undefined) throw error;
      return reply.redirect(moduleLink(holder, undefined, 'packages'));
    }
  });

  app.setNotFoundHandler(() => {
    throw new Fault('not-found', 'there is no such page');
  });
  app.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error);
    if (fault.kind === 'internal') deps.log.error({ err: fault.cause ?? fault, path: request.url }, 'page failed');
    return answerFailure(site, fault, request, reply);
  });
  return site;
}

function createSite({ config, api, readmes, assets }: SiteDeps): Site {
  const withoutSlash = (url: URL) => url.href.replace(/\/+$/, '');
  const proxyUrl = withoutSlash(config.PROXY_PUBLIC_URL);
  const pagesUrl = withoutSlash(config.PUBLIC_URL);
  return {
    visit: request => ({
      api,
      caller: { authorization: request.headers.authorization, address: request.ip },
      query: new URLSearchParams(request.url.split('?').slice(1).join('?')),
      proxyUrl,
      pagesUrl,
      readmes,
    }),
    show(request, reply, page, store) {
      const { status = 200 } = page;
      const body = renderPage(page, { assets, theme: themeOf(request) });
      reply.code(status).type('text/html; charset=utf-8').header('Vary', 'Authorization, Cookie');
      if (status !== 200 || store !== undefined) return reply.header('Cache-Control', 'no-store').send(body);
      const etag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      reply.headers({ 'Cache-Control': 'private, no-cache', ETag: etag });
      if (request.headers['if-none-match']?.includes(etag)) return reply.code(304).send();
      return reply.send(body);
    },
  };
}

const themeOf = ({ headers }: FastifyRequest): Theme =>
  /(?:^|;\s*)theme=(light|dark)(?:;|$)/.exec(headers.cookie ?? '')?.[1] as Theme;
