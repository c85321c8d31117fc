import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { readConfig } from '../../services/config.ts';
import type { HookSecrets } from '../../services/discovery/hooks/secrets.ts';
import { noHookSecrets } from '../../services/discovery/hooks/secrets.ts';
import { versionKey } from '../../services/records/index.ts';
import { type Running, run, type ServiceName } from '../../services/run.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import { type FixtureModule, startUpstream } from '../upstream/index.ts';

/** A small module with these requirements. */
export const moduleOf = (path: string, version: string, requires: readonly string[] = []): FixtureModule => ({
  path,
  version,
  time: '2026-01-02T03:04:05Z',
  files: {
    'go.mod': `module ${path}\n\ngo 1.22\n${requires.map(one => `\nrequire ${one.replace('@', ' ')}\n`).join('')}`,
    'code.go': 'package code\n',
  },
});

/** Every service needed for a version to be published, in this process, with discovery and a local upstream. */
export async function openWorld(
  modules: readonly FixtureModule[],
  settings: Readonly<Record<string, string>> = {},
  hookSecrets: HookSecrets = noHookSecrets,
) {
  const folder = await mkdtemp(join(tmpdir(), 'gocenter-discovery-'));
  const upstream = await startUpstream({ modules });
  const published = await createFileStorage({ root: join(folder, 'published') });
  const records = await createFileStorage({ root: join(folder, 'records') });
  let more: Readonly<Record<string, string>> = {};
  const all = ['proxy', 'processor', 'validator', 'discovery'] as const;
  const start = (services: readonly ServiceName[] = all) =>
    run({
      config: readConfig({
        ...{ DATA_DIR: folder, UPSTREAM: upstream.url, SUMDB: 'off', HOST: '127.0.0.1', INDEX_INTERVAL: '1s' },
        ...{ PORT: '0', ADMIN_PORT: '0', ORIGIN_PORT: '0', DISCOVERY_PORT: '0', DISCOVERY_RATE: '1000' },
        ...settings,
        ...more,
      }),
      services,
      tokens: [],
      hookSecrets,
      log: pino({ level: 'silent' }),
      requestLog: undefined,
      path: process.env.PATH,
    });
  let running = await start();
  const others: Running[] = [];
  const isPublished = async (module: string, version: string) =>
    (await published.stat(`${versionKey(module, version)}.info`)) !== undefined;
  return {
    upstream,
    published,
    records,
    isPublished,
    proxy: () => `http://127.0.0.1:${running.ports.proxy}`,
    /** Another proxy on the same stores, as in a process of its own. Its address. */
    async anotherProxy() {
      more = { ...more, ORIGIN_URL: `http://127.0.0.1:${running.ports.origin}` };
      const other = await start(['proxy']);
      others.push(other);
      return `http://127.0.0.1:${other.ports.proxy}`;
    },
    hooks: () => `http://127.0.0.1:${running.ports.hooks}`,
    admin: () => `http://127.0.0.1:${running.ports.admin}`,
    untilPublished: (module: string, version: string) =>
      until(`${module}@${version}`, () => isPublished(module, version)),
    /** Nothing is on its way any more. */
    async settled() {
      const queues = /^gocenter_queue_depth\{subscription="(?:processor|validator|discovery\.published)"\} (\d+)$/gm;
      await until('all queues are empty', async () => {
        const text = await (await fetch(`http://127.0.0.1:${running.ports.admin}/metrics`)).text();
        return [...text.matchAll(queues)].every(([, depth]) => depth === '0');
      });
    },
    async restart(changed: Readonly<Record<string, string>> = {}) {
      more = changed;
      await running.close();
      running = await start();
    },
    async close() {
      for (const other of others) await other.close();
      await running.close();
      await upstream.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** Looks until it is true, for 10 s at most. */
export async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within 10 s: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** An `/index` on loopback; `since` is inclusive and `limit` is kept to. */
export async function startIndex(entries: { module: string; version: string; time: string }[] = []) {
  const asked: URLSearchParams[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://index');
    asked.push(searchParams);
    const since = searchParams.get('since') ?? '';
    const lines = entries
      .filter(({ time }) => Date.parse(time) >= Date.parse(since))
      .slice(0, Number(searchParams.get('limit')))
      .map(({ module, version, time }) => `${JSON.stringify({ Path: module, Version: version, Timestamp: time })}\n`);
    response.writeHead(status).end(lines.join(''));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    entries,
    asked,
    answerWith(code: number) {
      status = code;
    },
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const hmac = (secret: string, body: string) => createHmac('sha256', secret).update(body).digest('hex');
