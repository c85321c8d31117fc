import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Compile } from 'typebox/schema';
import { expect } from 'vitest';
import type { VersionFacts, Vulnerability } from '../../services/catalogue/index.ts';
import { createSqliteCatalogue } from '../../services/catalogue/sqlite.ts';
import { readConfig } from '../../services/config.ts';
import { createSqliteMessaging } from '../../services/messaging/sqlite.ts';
import { createMetrics } from '../../services/metrics.ts';
import { createOutbox } from '../../services/notifier/outbox.ts';
import { createWatches } from '../../services/notifier/watches.ts';
import type { Origin } from '../../services/origin/index.ts';
import type { Token } from '../../services/proxy/access.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import type { DownloadCounts } from '../../services/ui-backend/answers/downloads.ts';
import { type Answer, type EndpointName, endpoints } from '../../services/ui-backend/endpoints.ts';
import { createUiBackend } from '../../services/ui-backend/index.ts';
import { ErrorAnswer } from '../../services/ui-backend/schemas/common.ts';

export interface StartOptions {
  facts?: readonly VersionFacts[];
  vulnerabilities?: readonly Vulnerability[];
  tokens?: readonly Token[];
  environment?: Record<string, string>;
  downloads?: DownloadCounts;
  origin?: Partial<Origin>;
  now?: () => Date;
}

export const noDownloads: DownloadCounts = {
  byDay: async () => [],
  byVersion: async () => [],
  byModule: async () => [],
  total: async () => ({ all: 0, people: 0 }),
};

/** The whole of ui-backend on the embedded backends, its catalogue filled with `facts`. */
export async function startUiBackend(options: StartOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gocenter-ui-backend-'));
  const published = await createFileStorage({ root: join(folder, 'published') });
  const records = await createFileStorage({ root: join(folder, 'records') });
  const messaging = await createSqliteMessaging({
    file: join(folder, 'messages.sqlite'),
    maxAttempts: 5,
    lease: 30_000,
  });
  const catalogue = await createSqliteCatalogue({ file: join(folder, 'catalogue.sqlite') });
  await catalogue.put(options.facts ?? []);
  await catalogue.setVulnerabilities(options.vulnerabilities ?? []);
  const metrics = createMetrics();
  const { now = () => new Date() } = options;
  const logged: unknown[] = [];
  const { api, app, changed } = await createUiBackend({
    config: readConfig({
      ...{ UPSTREAM: 'off', SUMDB: 'off', RATE_LIMIT: '0', VULNDB: folder },
      ...options.environment,
    }),
    tokens: options.tokens ?? [],
    catalogue,
    downloads: options.downloads ?? noDownloads,
    published,
    records,
    messaging,
    origin: options.origin as Origin,
    watches: createWatches({ records, now }),
    outbox: createOutbox({ records, now }),
    checks: () => ({ published: () => published.ready(), catalogue: () => catalogue.ready() }),
    hasProcessor: true,
    metrics,
    log: pino({ level: 'error' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
    ...(options.now && { now: options.now }),
  });

  return {
    api,
    app,
    changed,
    catalogue,
    published,
    records,
    messaging,
    metrics,
    logged,
    /** Asks over HTTP; the answer must be what the document says, to the last field. */
    async ask<N extends EndpointName>(name: N, request: Record<string, unknown> = {}, authorization?: string) {
      const { method, path } = endpoints[name];
      const headers = authorization === undefined ? {} : { authorization };
      const url = `/api/v1${path}`;
      const response =
        method !== 'POST'
          ? await app.inject({ method, url, headers, query: request as Record<string, string> })
          : await app.inject({ method, url, headers, payload: request });
      const body: unknown = response.json();
      const schema = Compile(response.statusCode === 200 ? endpoints[name].answer : ErrorAnswer);
      expect(schema.Check(body) ? [] : schema.Errors(body), `the answer of ${name}`).toEqual([]);
      return { status: response.statusCode, body: body as Answer<N>, headers: response.headers };
    },
    async close() {
      await app.close();
      await catalogue.close();
      await messaging.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Started = Awaited<ReturnType<typeof startUiBackend>>;
