import type { FastifyInstance, FastifyRequest } from 'fastify';
import { asFault, Fault, statusOf } from '../errors.ts';
import { isForeign } from '../foreign.ts';
import { doctorPage } from './pages/doctor.ts';
import { includePage } from './pages/include.ts';
import { endedPage, type TriedWatch, watchedEvents, watchedPage, watchPage } from './pages/watch.ts';
import type { Site } from './routes.ts';
import { given } from './visit.ts';

const year = 31_536_000;

/** What people send: a file to be examined, a module to be included or watched, the theme that they like. */
export function addForms(app: FastifyInstance, site: Site): void {
  app.post('/doctor', async (request, reply) => {
    const text = await doctorText(request);
    return site.show(request, reply, await doctorPage(site.visit(request), text), 'no-store');
  });

  app.post('/include', async (request, reply) => {
    const { module, version } = includedModule(fieldsOf(request));
    const visit = site.visit(request);
    try {
      const { id } = await visit.api.include(given({ module, version: version || undefined }), visit.caller);
      return reply.redirect(`/inclusions/${id}`, 303);
    } catch (error) {
      const { kind, message } = asFault(error);
      if (kind === 'internal' || kind === 'unauthorized') throw error;
      const page = await includePage(visit, { module, version, status: statusOf[kind], fault: message });
      return site.show(request, reply, page, 'no-store');
    }
  });

  app.post('/watch', async (request, reply) => {
    const wanted = wantedWatch(fieldsOf(request));
    const visit = site.visit(request);
    const { module, q, webhook, slack, events } = wanted;
    try {
      const asked = given({
        ...{ module: module || undefined, q: q || undefined, webhook: webhook || undefined, slack: slack || undefined },
        events: [...events],
      });
      const { watch, secret } = await visit.api.watch(asked, visit.caller);
      return site.show(request, reply, watchedPage(watch, secret), 'no-store');
    } catch (error) {
      const { kind, message } = asFault(error);
      if (kind === 'internal' || kind === 'unauthorized') throw error;
      return site.show(
        request,
        reply,
        watchPage(visit, { ...wanted, status: statusOf[kind], fault: message }),
        'no-store',
      );
    }
  });

  app.post<{ Params: { id: string } }>('/watches/:id/end', async (request, reply) => {
    const { api, caller } = site.visit(request);
    const { ended } = await api.unwatch({ id: request.params.id }, caller);
    return site.show(request, reply, endedPage(ended), 'no-store');
  });

  app.post('/theme', async (request, reply) => {
    const { theme } = fieldsOf(request);
    if (theme !== 'light' && theme !== 'dark') throw new Fault('invalid', 'theme must be light or dark');
    return reply
      .header('Set-Cookie', `theme=${theme}; Path=/; Max-Age=${year}; SameSite=Lax`)
      .redirect(pathOf(request.headers.referer), 303);
  });
}

/** Other sites must not have their visitors' browsers send our forms. The API sees to itself. */
export function refuseForeignForms(request: FastifyRequest): void {
  if (request.method !== 'POST' || request.url.startsWith('/api/')) return;
  if (isForeign(request.headers, request.host))
    throw new Fault('refused', 'this form was sent by another site; use the one on our page');
}

type Fields = Partial<Record<string, string>>;

/** Of a form that is sent without files. A field that comes twice counts as not given. */
function fieldsOf({ body }: FastifyRequest): Fields {
  const pairs = Object.entries((body ?? {}) as Record<string, unknown>);
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

/** The file if one was given, else the text. */
async function doctorText(request: FastifyRequest): Promise<string> {
  if (!request.isMultipart()) return fieldsOf(request).text ?? '';
  let text = '';
  let file = '';
  for await (const part of request.parts()) {
    if (part.type === 'file') file = (await part.toBuffer()).toString();
    else if (part.fieldname === 'text') text = String(part.value);
  }
  return (file || text).replaceAll('\r\n', '\n');
}

/** What people paste: an address of a page, a module with its version. */
function includedModule({ module = '', version = '' }: Fields): { module: string; version: string } {
  const [path = '', named = ''] = module
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/^go get (?:-u )?/, '')
    .replace(/(?:\.git|\/)+$/, '')
    .split('@');
  return { module: path, version: version.trim() || named };
}

const wantedWatch = (fields: Fields): Omit<TriedWatch, 'status' | 'fault'> => ({
  module: fields.module?.trim() ?? '',
  q: fields.q?.trim() ?? '',
  webhook: fields.webhook?.trim() ?? '',
  slack: fields.slack?.trim() ?? '',
  events: watchedEvents.filter(event => fields[event] !== undefined),
});

/** Back to our own page that the form stood on; never to another host. */
function pathOf(referer: string | undefined): string {
  if (referer === undefined || !URL.canParse(referer)) return '/';
  const { pathname, search } = new URL(referer);
  return `/${pathname.replace(/^[/\\]+/, '')}${search}`;
}
