import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { readConfig } from '../../services/config.ts';
import { asFault, type Fault } from '../../services/errors.ts';
import type { Handler } from '../../services/messaging/index.ts';
import type { Message } from '../../services/messaging/topics.ts';
import { createMetrics } from '../../services/metrics.ts';
import { createProcessor, type ProcessorDeps } from '../../services/processor/index.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import { readObject, type Storage } from '../../services/storage/index.ts';

/** What a test server answers on a path: a status, a body, a function, or nothing at all (404). */
export type Answer = number | string | Buffer | ((request: IncomingMessage, response: ServerResponse) => void);

export interface TestServer {
  url: string;
  port: number;
  answers: Map<string, Answer>;
  /** Paths in the order of arrival. */
  requests: string[];
  /** Headers of the last request. */
  headers(): IncomingMessage['headers'];
  count(path: string): number;
  /** Connections open now. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

/** An HTTP server on loopback that answers what it is told. */
export async function startServer(): Promise<TestServer> {
  const answers = new Map<string, Answer>();
  const requests: string[] = [];
  let headers: IncomingMessage['headers'] = {};
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    requests.push(path);
    headers = request.headers;
    const answer = answers.get(path) ?? 404;
    if (typeof answer === 'function') answer(request, response);
    else if (typeof answer === 'number') response.writeHead(answer).end(`by order of the test: ${answer}\n`);
    else response.writeHead(200).end(answer);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    answers,
    requests,
    headers: () => headers,
    count: path => requests.filter(request => request === path).length,
    connections: () =>
      new Promise((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n)))),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const module = 'example.com/Some/mod';
export const version = 'v1.2.3';
export const key = 'example.com/!some/mod/@v/v1.2.3';
export const time = '2024-05-06T07:08:09Z';
/** No real zip, but one that ends as a zip does. */
export const zip = Buffer.concat([Buffer.alloc(300_000, 'zip '), Buffer.from('PK\x05\x06'), Buffer.alloc(18)]);

/** Makes a server an upstream that has the module. */
export function serveModule(server: TestServer, base = ''): void {
  server.answers.set(`${base}/${key}.info`, JSON.stringify({ Version: version, Time: time, Foreign: 1 }));
  server.answers.set(`${base}/${key}.mod`, `module ${module}\n`);
  server.answers.set(`${base}/${key}.zip`, zip);
}

/** A processor on real stores in a temporary folder, with messages that the test hands over itself. */
export async function createWorld(environment: Record<string, string>, deps: Partial<ProcessorDeps> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'processor-test-'));
  const [published, quarantine, records] = await Promise.all(
    ['published', 'quarantine', 'records'].map(name => createFileStorage({ root: join(folder, name) })),
  );
  if (!published || !quarantine || !records) throw new Error('no stores');
  const config = readConfig({ SUMDB: 'off', ORIGIN_TIMEOUT: '200ms', ...environment });
  const metrics = createMetrics();
  const messages: Message<'module.fetched'>[] = [];
  let handler: Handler<Message<'module.requested'>> | undefined;
  let closed = false;
  const processor = createProcessor({
    config,
    messaging: {
      async publish(_topic, message) {
        messages.push(message as Message<'module.fetched'>);
      },
      subscribe(_subscription, given) {
        handler = given as unknown as Handler<Message<'module.requested'>>;
        return {
          async close() {
            closed = true;
          },
        };
      },
    },
    published,
    quarantine,
    records,
    metrics,
    log: pino({ level: 'silent' }),
    firstDelay: 10,
    ...deps,
  });
  processor.start();
  return {
    folder,
    published,
    quarantine,
    records,
    messages,
    metrics,
    processor,
    subscriberClosed: () => closed,
    /** Hands a message over as messaging does. */
    async request(
      message: Partial<Message<'module.requested'>> = {},
      signal = new AbortController().signal,
      lastAttempt = false,
    ) {
      const full = { v: 1, module, version, by: 'proxy', requestedAt: time, ...message } as const;
      const delivery = { id: '1', attempt: 1, lastAttempt, publishedAt: new Date(), signal };
      await handler?.(full, delivery);
    },
    async close() {
      await processor.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type World = Awaited<ReturnType<typeof createWorld>>;

export const textOf = async (storage: Storage, name: string) => (await readObject(storage, name, 1 << 24))?.toString();

/** The fault that a promise is rejected with. */
export async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  try {
    await promise;
  } catch (error) {
    return asFault(error);
  }
  throw new Error('it did not fail');
}

/** Looks until `look` finds something; fails after two seconds. */
export async function until<T>(look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = performance.now() + 2000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error('it did not come about in time');
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
