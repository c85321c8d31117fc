import { Agent } from 'undici';
import { asFault, Fault, type FaultKind, statusOf } from '../errors.ts';
import { readAll } from '../storage/index.ts';
import type { AskOptions, IndexPage, IndexReader, Origin, VersionInfo } from './index.ts';

export interface HttpOriginOptions {
  /** The processor's internal address: ORIGIN_URL. */
  url: URL;
  /** Longest wait for an answer in ms; a processor that asks a version control system may take minutes. */
  timeout?: number;
}

const defaultTimeout = 5 * 60_000;
const answerLimit = 64 << 20;

/**
 * The origin port over HTTP, for services that run apart from the processor (processor/server.ts). Faults arrive as
 * they were thrown there; a processor that can't be reached is `unavailable`.
 */
export function createHttpOrigin({
  url,
  timeout = defaultTimeout,
}: HttpOriginOptions): Origin & IndexReader & { ready(): Promise<void>; close(): Promise<void> } {
  const agent = new Agent({ allowH2: false, headersTimeout: timeout, bodyTimeout: timeout, connectTimeout: 5_000 });
  const base = url.href.replace(/\/+$/, '');

  async function ask(path: string, parameters: Record<string, string>, options: AskOptions = {}): Promise<Buffer> {
    const fresh = options.fresh === true ? { fresh: 'true' } : {};
    const target = new URL(`${base}/${path}?${new URLSearchParams({ ...parameters, ...fresh })}`);
    const { statusCode, body } = await agent
      .request({
        origin: target.origin,
        path: target.pathname + target.search,
        method: 'GET',
        headers: { 'gocenter-hops': String(options.hops ?? 0) },
        signal: options.signal ?? null,
      })
      .catch(error => {
        throw unreachable(error, options.signal);
      });
    const bytes = await readAll(body, answerLimit, 'the answer of the processor').catch(error => {
      throw error instanceof Fault ? error : unreachable(error, options.signal);
    });
    if (statusCode !== 200) throw faultIn(bytes, statusCode);
    return bytes;
  }

  const json = async <T>(path: string, parameters: Record<string, string>, options?: AskOptions): Promise<T> => {
    try {
      return JSON.parse((await ask(path, parameters, options)).toString()) as T;
    } catch (error) {
      throw error instanceof SyntaxError ? new Fault('unavailable', 'the processor’s answer is not JSON') : error;
    }
  };

  return {
    list: (module, options) => json<string[]>('list', { module }, options),
    latest: (module, options) => json<VersionInfo>('latest', { module }, options),
    query: (module, query, options) => json<VersionInfo>('query', { module, query }, options),
    sumdb: (name, path, options) => ask('sumdb', { name, path }, options),
    index: (feed, { since, limit }, options) =>
      json<IndexPage>('index', { feed, since, limit: String(limit) }, options),
    /** Throws `unavailable` when the processor can't be reached. */
    async ready() {
      const { body } = await agent.request({ origin: url.origin, path: '/', method: 'GET' }).catch(error => {
        throw unreachable(error, undefined);
      });
      await body.dump();
    },
    close: () => agent.destroy(),
  };
}

function unreachable(error: unknown, signal: AbortSignal | undefined): Fault {
  if (signal?.aborted) return new Fault('unavailable', 'the request was given up', { cause: error });
  const { code = '' } = error as { code?: string };
  if (code.includes('TIMEOUT')) return new Fault('timed-out', 'the processor did not answer in time', { cause: error });
  return new Fault('unavailable', `the processor does not answer (${code || asFault(error).message})`, {
    cause: error,
  });
}

function faultIn(bytes: Buffer, status: number): Fault {
  try {
    const { kind, message, retryAfter } = JSON.parse(bytes.toString()) as Record<string, unknown>;
    if (typeof kind === 'string' && Object.hasOwn(statusOf, kind) && typeof message === 'string') {
      return new Fault(kind as FaultKind, message, typeof retryAfter === 'number' ? { retryAfter } : {});
    }
  } catch {
    // Something between us and the processor has answered.
  }
  return new Fault('unavailable', `the processor answers with status ${status}`);
}
