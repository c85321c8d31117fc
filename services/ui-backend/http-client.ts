import { Agent, type Dispatcher } from 'undici';
import { asFault, Fault, type FaultKind, statusOf } from '../errors.ts';
import { readAll } from '../storage/index.ts';
import type { Api, Caller } from './client.ts';
import { base, type EndpointName, endpointNames, endpoints } from './endpoints.ts';

/** Longest wait for an answer, in ms. */
const timeout = 10_000;
const answerLimit = 16 << 20;

/**
 * The API over HTTP, for pages that run apart from ui-backend. Faults arrive as they were thrown there; an API that
 * can't be reached is `unavailable`.
 */
export function createHttpApi({ url }: { url: URL }): Api & { ready(): Promise<void>; close(): Promise<void> } {
  const agent = new Agent({ headersTimeout: timeout, bodyTimeout: timeout, connectTimeout: 5_000, connections: 64 });
  const prefix = url.pathname.replace(/\/+$/, '') + base;

  async function send(method: Dispatcher.HttpMethod, path: string, body: string | null, caller: Caller) {
    const { statusCode, body: answer } = await agent
      .request({
        origin: url.origin,
        path,
        method,
        headers: headersOf(body, caller),
        body,
        signal: caller.signal ?? null,
      })
      .catch(error => {
        throw unreachable(error, caller.signal);
      });
    const bytes = await readAll(answer, answerLimit, 'the answer of the API').catch(error => {
      throw error instanceof Fault ? error : unreachable(error, caller.signal);
    });
    if (statusCode !== 200) throw faultIn(bytes, statusCode);
    return bytes;
  }

  async function ask(name: EndpointName, request: Record<string, unknown>, caller: Caller = {}): Promise<unknown> {
    const { method, path } = endpoints[name];
    const bytes =
      method === 'POST'
        ? await send(method, prefix + path, JSON.stringify(request), caller)
        : await send(method, `${prefix}${path}${queryOf(request)}`, null, caller);
    try {
      return JSON.parse(bytes.toString());
    } catch {
      throw new Fault('unavailable', 'the answer of the API is not JSON');
    }
  }

  const methods = Object.fromEntries(
    endpointNames.map(name => [
      name,
      (request: Record<string, unknown>, caller?: Caller) => ask(name, request, caller),
    ]),
  );
  return {
    ...(methods as unknown as Api),
    /** Throws `unavailable` when the API can't be reached. */
    async ready() {
      await send('GET', `${prefix}/numbers`, null, {});
    },
    close: () => agent.destroy(),
  };
}

function headersOf(body: string | null, { authorization, address }: Caller): Record<string, string> {
  return {
    accept: 'application/json',
    ...(body !== null && { 'content-type': 'application/json' }),
    ...(authorization !== undefined && { authorization }),
    ...(address !== undefined && { 'x-forwarded-for': address }),
  };
}

function queryOf(request: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}

function unreachable(error: unknown, signal: AbortSignal | undefined): Fault {
  if (signal?.aborted) return new Fault('unavailable', 'the request was given up', { cause: error });
  const { code = '' } = error as { code?: string };
  if (code.includes('TIMEOUT')) return new Fault('timed-out', 'the API did not answer in time', { cause: error });
  return new Fault('unavailable', `the API does not answer (${code || asFault(error).message})`, { cause: error });
}

function faultIn(bytes: Buffer, status: number): Fault {
  try {
    const { error } = JSON.parse(bytes.toString()) as { error?: { kind?: unknown; message?: unknown } };
    const { kind, message } = error ?? {};
    if (typeof kind === 'string' && Object.hasOwn(statusOf, kind) && typeof message === 'string') {
      return new Fault(kind as FaultKind, message);
    }
  } catch {
    // Something between us and the API has answered.
  }
  return new Fault('unavailable', `the API answers with status ${status}`);
}
