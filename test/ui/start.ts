import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { Registry } from 'prom-client';
import { rebuild } from '../../services/catalogue/rebuild.ts';
import { readConfig } from '../../services/config.ts';
import { createUi, passToApp } from '../../services/ui/index.ts';
import type { Api } from '../../services/ui-backend/client.ts';
import { fillStores } from '../catalogue/world.ts';
import { type StartOptions, startUiBackend } from '../ui-backend/start.ts';
import type { FixtureModule } from '../upstream/index.ts';

export interface PageOptions extends StartOptions {
  modules?: readonly FixtureModule[];
  /** Answers in place of the API's. */
  answers?: Partial<Api>;
}

/** The pages before the whole of ui-backend; `modules` are published and indexed beside the facts that are given. */
export async function startPages(options: PageOptions = {}) {
  const backend = await startUiBackend(options);
  const { api, catalogue, published, records } = backend;
  if (options.modules !== undefined) {
    await fillStores({ published, records }, options.modules);
    await rebuild({ stores: { published, records }, catalogue });
    await catalogue.put(options.facts ?? []);
    await catalogue.setVulnerabilities(options.vulnerabilities ?? []);
    backend.changed();
  }
  await backend.app.ready();
  const logged: { err?: { message: string; stack: string } }[] = [];
  const app = await createUi({
    config: readConfig({ UPSTREAM: 'off', SUMDB: 'off', RATE_LIMIT: '0', ...options.environment }),
    api: { ...api, ...options.answers },
    passOn: passToApp(backend.app),
    registry: new Registry(),
    log: pino({ level: 'error' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
  });
  return {
    ...backend,
    app,
    logged,
    /** A page by GET. */
    async get(url: string, headers: Record<string, string> = {}) {
      const { statusCode: status, body, headers: answered } = await app.inject({ url, headers });
      return { status, body, headers: answered };
    },
    async listen(): Promise<string> {
      await app.listen({ port: 0, host: '127.0.0.1' });
      return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    },
    async close() {
      await app.close();
      await backend.close();
    },
  };
}

export type Pages = Awaited<ReturnType<typeof startPages>>;
