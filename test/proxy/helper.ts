import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type Config, readConfig } from '../../services/config.ts';
import { Fault } from '../../services/errors.ts';
import { createSqliteMessaging } from '../../services/messaging/sqlite.ts';
import { createMetrics } from '../../services/metrics.ts';
import type { Origin } from '../../services/origin/index.ts';
import type { Token } from '../../services/proxy/access.ts';
import { createProxy } from '../../services/proxy/index.ts';
import { versionKey } from '../../services/records/index.ts';
import { createFileStorage } from '../../services/storage/files.ts';

/** A proxy on real embedded backends and a scripted origin, with its request log kept in memory. */
export async function startProxy(options: StartOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gocenter-proxy-'));
  const published = await createFileStorage({ root: join(folder, 'published') });
  const records = await createFileStorage({ root: join(folder, 'records') });
  const messaging = await createSqliteMessaging({
    file: join(folder, 'messages.sqlite'),
    maxAttempts: 5,
    lease: 30_000,
  });
  const metrics = createMetrics();
  const lines: Record<string, unknown>[] = [];
  const config: Config = {
    ...readConfig({ UPSTREAM: 'off', SUMDB: 'sum.golang.org', RATE_LIMIT: '0' }),
    ...options.config,
  };
  const proxy = createProxy({
    config,
    tokens: options.tokens ?? [],
    published,
    records,
    messaging,
    origin: { ...silentOrigin, ...options.origin },
    metrics,
    log: pino({ level: 'silent' }),
    requestLines: { write: line => lines.push(JSON.parse(line)) },
  });
  await new Promise<void>(resolve => proxy.server.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.server.address() as AddressInfo;

  return {
    server: proxy.server,
    port,
    url: `http://127.0.0.1:${port}`,
    published,
    records,
    messaging,
    metrics,
    lines,
    /** Publishes a version the way the validator does: zip, mod, info. */
    async publish(module: string, version: string, zip: Uint8Array = Buffer.from('zip bytes')) {
      const key = versionKey(module, version);
      const info = JSON.stringify({ Version: version, Time: '2026-01-02T03:04:05Z' });
      await published.put(`${key}.zip`, zip, { ifAbsent: true });
      await published.put(`${key}.mod`, Buffer.from(`module ${module}\n`), { ifAbsent: true });
      await published.put(`${key}.info`, Buffer.from(info), { ifAbsent: true });
    },
    get: (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init),
    async close() {
      await proxy.close(0);
      await messaging.close();
      await rm(folder, { recursive: true });
    },
  };
}

export interface StartOptions {
  config?: Partial<Config>;
  tokens?: Token[];
  origin?: Partial<Origin>;
}

const silence = async (): Promise<never> => {
  throw new Fault('unavailable', 'the origin does not answer');
};

const silentOrigin: Origin = { list: silence, latest: silence, query: silence, sumdb: silence };

/** An origin that knows nothing of any module. */
export const emptyOrigin: Partial<Origin> = {
  list: async module => {
    throw new Fault('not-found', `no origin knows ${module}`);
  },
};
