import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { asFault, Fault, statusOf } from '../../errors.ts';
import { matchPrefixPatterns } from '../../gomod/pattern.ts';
import type { Storage } from '../../storage/index.ts';
import type { Asked, Asker, Target } from '../ask.ts';
import type { Repositories } from '../repositories.ts';
import type { DiscoveryStats } from '../stats.ts';
import { publishedVersions } from '../tags.ts';
import { readEvent, type TagEvent } from './events.ts';
import type { HookSecrets } from './secrets.ts';
import { parseTag, versionsOf } from './tag.ts';
import { findSecret, type HookSecret, type Provider, providers } from './verify.ts';

export interface HooksDeps {
  secrets: HookSecrets;
  asker: Pick<Asker, 'announce'>;
  published: Storage;
  repositories: Pick<Repositories, 'modulesOf'>;
  /** Told which modules have a new tag: what is cached of them is out of date. */
  tagged: (modules: readonly string[]) => void;
  stats: DiscoveryStats;
  log: Logger;
}

interface Answer {
  message: string;
  versions: (Target & { state: Asked | 'refused' })[];
}

/** A push of many commits along with its tag has some hundred kilobytes. */
const bodyLimit = 4 << 20;
/** Bodies in memory at once. */
const maxUnderWay = 32;

/**
 * The webhooks of code hosts: `POST /hooks/<provider>`. Nothing of a request is read before its signature is verified.
 * 202 with what became of each version that the tag may be, 200 when there is nothing to do, else one line that says why.
 * A repeat, or one that comes late or out of order, asks for nothing that is here or on its way.
 */
export function createHooks(deps: HooksDeps): FastifyInstance {
  const { secrets, asker, published, repositories, tagged, stats, log } = deps;
  const app = Fastify({ bodyLimit, requestTimeout: 30_000, forceCloseConnections: 'idle' });
  let underWay = 0;

  // The signature is of the bytes as they came.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_: unknown, body: string | Buffer) => body);
  app.addHook('onRequest', async () => {
    if (underWay >= maxUnderWay) throw new Fault('unavailable', 'too many webhooks at once', { retryAfter: 2 });
  });
  app.addHook('onSend', async (_, reply) => {
    reply.headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
  });
  app.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error);
    const provider = providers.find(name => request.url.split('?')[0] === `/hooks/${name}`);
    if (provider !== undefined) stats.hook(provider, outcomeOf(fault));
    const level = fault.kind === 'internal' ? 'error' : 'warn';
    log[level]({ path: request.url.slice(0, 200), kind: fault.kind, err: fault.cause }, `webhook: ${fault.message}`);
    const text = fault.kind === 'internal' ? 'a defect of the server; its log says more' : fault.message;
    if (fault.retryAfter !== undefined) reply.header('Retry-After', Math.ceil(fault.retryAfter));
    return reply.code(statusOf[fault.kind]).type('text/plain; charset=utf-8').send(`${fault.kind}: ${text}\n`);
  });
  app.setNotFoundHandler(request => {
    const names = providers.map(name => `/hooks/${name}`);
    if (names.includes(request.url.split('?')[0] ?? '')) throw new Fault('method', 'a webhook is sent by POST');
    throw new Fault('not-found', `there is nothing here but ${names.join(', ')}`);
  });

  for (const provider of providers) {
    app.post(`/hooks/${provider}`, async (request, reply) => {
      underWay += 1;
      try {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const secret = findSecret(provider, secrets[provider], request.headers, body);
        if (secret === undefined) throw unsigned(provider);
        const event = readEvent(provider, request.headers, body);
        const answer = 'ignored' in event ? { message: event.ignored, versions: [] } : await announce(event, secret);
        const asked = answer.versions.some(({ state }) => state === 'asked');
        stats.hook(provider, asked ? 'asked' : answer.versions.length > 0 ? 'nothing-new' : 'ignored');
        log.info({ provider, secret: secret.name, ...('ignored' in event ? {} : event), ...answer }, 'webhook');
        return reply.code(asked ? 202 : 200).send(answer satisfies Answer);
      } finally {
        underWay -= 1;
      }
    });
  }

  function unsigned(provider: Provider): Fault {
    if (secrets[provider].length === 0) {
      return new Fault('unauthorized', `no webhook of ${provider} is accepted: HOOK_SECRETS_FILE has no secret for it`);
    }
    return new Fault('unauthorized', 'the signature is missing or wrong: is the secret of the webhook the one here?');
  }

  async function announce({ repository, tag }: TagEvent, secret: HookSecret): Promise<Answer> {
    const parsed = parseTag(tag);
    if (parsed === undefined) return { message: `the tag ${tag} is no version such as v1.2.3`, versions: [] };
    const known = await repositories.modulesOf(repository);
    const kept = await publishedVersions(published, repository).catch(() => []);
    const versions: Answer['versions'] = [];
    for (const target of versionsOf(repository, parsed, known, kept)) {
      const { modules } = secret;
      const mayName = modules === undefined || matchPrefixPatterns(modules.join(','), target.module);
      versions.push({ ...target, state: mayName ? await asker.announce(target) : 'refused' });
    }
    if (versions.every(({ state }) => state === 'refused')) {
      throw new Fault('refused', `the secret ${secret.name} is not for modules of ${repository}`);
    }
    tagged(versions.flatMap(({ module, state }) => (state === 'asked' ? [module] : [])));
    return { message: `the tag ${tag} of ${repository}`, versions };
  }

  return app;
}

function outcomeOf({ kind }: Fault) {
  if (kind === 'unauthorized') return 'unsigned';
  if (kind === 'refused') return 'refused';
  return kind === 'invalid' || kind === 'method' || kind === 'not-found' ? 'invalid' : 'failed';
}

/** fastify's own errors, of requests that it can't read, have sentences that are made to be shown. */
function faultOf(error: unknown): Fault {
  const {
    statusCode = 500,
    code = '',
    message = '',
  } = error as { statusCode?: number; code?: string; message?: string };
  if (code.startsWith('FST_ERR_') && statusCode >= 400 && statusCode < 500) {
    return new Fault(statusCode === 413 ? 'too-large' : 'invalid', message);
  }
  return asFault(error);
}
