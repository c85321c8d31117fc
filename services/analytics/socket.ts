import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { relative } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { asFault, Fault, type FaultKind } from '../errors.ts';
import type { Analytics } from './index.ts';

/**
 * The analytics of a process that has the database open, for commands on the same machine: HTTP on a socket beside the
 * database, which only the same user may open. A POST of `{ method, parameters }` is answered with `{ value }` or
 * `{ fault, kind }`.
 */
const methods = ['ask', 'exportParquet', 'ready'] as const satisfies readonly (keyof Analytics)[];

interface Asked {
  method: (typeof methods)[number];
  parameters: unknown[];
}
type Answered = { value?: unknown } | { fault: string; kind: FaultKind };

/** Bytes of a question; its lists are bounded to much less. */
const largest = 16 << 20;
const connections = 16;
/** Longest wait for an answer, in milliseconds: an export of everything takes minutes. */
const patience = { ask: 60_000, exportParquet: 3_600_000, ready: 10_000 };

/** The path from here or from the root, whichever is shorter: the system takes 107 bytes. */
function addressOf(path: string): string {
  const here = relative('.', path);
  const shorter = Buffer.byteLength(here) < Buffer.byteLength(path) ? here : path;
  if (Buffer.byteLength(shorter) <= 107) return shorter;
  throw new Fault(
    'invalid',
    `${path} is too long for a socket, which has 107 bytes at most: choose a shorter DATA_DIR`,
  );
}

/**
 * Answers on the socket at `path` until it is closed. Only for whoever has the database open: a socket that is there was
 * left by a process that is gone. Throws `invalid` for a path that is too long.
 */
export async function serveAnalytics(
  analytics: Pick<Analytics, (typeof methods)[number]>,
  path: string,
): Promise<{ close(): Promise<void> }> {
  const address = addressOf(path);
  await rm(address, { force: true });
  const server = createServer((request, response) => void answer(analytics, request, response));
  server.maxConnections = connections;
  // The mask until the socket is there, so that it is nobody else's for a moment either.
  const mask = process.umask(0o177);
  try {
    server.listen(address);
  } finally {
    process.umask(mask);
  }
  await once(server, 'listening');
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  analytics: Pick<Analytics, (typeof methods)[number]>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let answered: Answered;
  try {
    if (Number(request.headers['content-length'] ?? Infinity) > largest) throw new Fault('invalid', 'that is too much');
    const { method, parameters } = (await json(request)) as Asked;
    if (!methods.includes(method)) throw new Fault('invalid', `there is no method ${method}`);
    answered = { value: await (analytics[method] as (...all: unknown[]) => Promise<unknown>)(...parameters) };
  } catch (error) {
    const { message, kind } = asFault(error);
    answered = { fault: message, kind };
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answered));
}

/** Whether this was thrown because nobody answers at the socket, or whoever did has ended meanwhile. */
export function isGone(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET';
}

/** The analytics that answer at `path`; undefined when nobody does. Throws `refused` when the socket is another user's. */
export async function connectAnalytics(path: string): Promise<Analytics | undefined> {
  const address = addressOf(path);
  const call = (method: Asked['method'], ...parameters: unknown[]) => send(address, { method, parameters });
  try {
    await call('ready');
  } catch (error) {
    if (isGone(error)) return undefined;
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'EACCES')
      throw new Fault('refused', `${path} is another user’s: run this as the user of the services`);
    throw error;
  }
  return {
    ask: (question, parameters) => call('ask', question, parameters) as never,
    exportParquet: (target, days, options = {}) => call('exportParquet', target, days, options) as Promise<void>,
    ready: () => call('ready') as Promise<void>,
    close: async () => {},
  };
}

/** Throws the fault that is answered, `timed-out` when nothing is, `unavailable` with the cause when nobody can be. */
async function send(socketPath: string, asked: Asked): Promise<unknown> {
  const body = JSON.stringify(asked);
  const signal = AbortSignal.timeout(patience[asked.method]);
  const headers = { 'content-length': Buffer.byteLength(body) };
  let answered: Answered;
  try {
    const asking = request({ socketPath, method: 'POST', headers, signal, agent: false });
    asking.end(body);
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    answered = JSON.parse(await text(response)) as Answered;
  } catch (cause) {
    if (signal.aborted) throw new Fault('timed-out', 'the analytics of the running services do not answer', { cause });
    throw new Fault('unavailable', `the analytics of the running services fail: ${(cause as Error).message}`, {
      cause,
    });
  }
  if ('fault' in answered) throw new Fault(answered.kind, answered.fault);
  return answered.value;
}
