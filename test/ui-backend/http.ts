import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { Registry } from 'prom-client';
import type { Catalogue } from '../../services/catalogue/index.ts';
import { readConfig } from '../../services/config.ts';
import { createAccess } from '../../services/proxy/access.ts';
import type { Handlers } from '../../services/ui-backend/answers/handlers.ts';
import { createAnswers } from '../../services/ui-backend/api.ts';
import { createApp } from '../../services/ui-backend/app.ts';

/** The HTTP side alone, with handlers that are scripted: those that a test does not give fail as defects. */
export async function httpOf(
  handlers: Partial<Handlers>,
  options: { environment?: Record<string, string>; now?: () => Date } = {},
) {
  const config = readConfig({ UPSTREAM: 'off', SUMDB: 'off', RATE_LIMIT: '0', ...options.environment });
  const registry = new Registry();
  const logged: { path?: string; err?: { message: string } }[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  const access = createAccess({ tokens: [], requireToken: config.REQUIRE_TOKEN, privateModules: [] });
  const answers = createAnswers({
    catalogue: {} as Catalogue,
    access,
    anyPrivate: false,
    handlers: handlers as Handlers,
    maxBytes: config.API_CACHE_BYTES,
  });
  const app: FastifyInstance = await createApp({
    config,
    answers,
    registry,
    log,
    now: options.now ?? (() => new Date()),
  });
  return { app, answers, registry, logged };
}
