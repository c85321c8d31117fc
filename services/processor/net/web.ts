import { type Readable, Transform } from 'node:stream';
import { createSecureContext, getCACertificates } from 'node:tls';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { asFault, Fault } from '../../errors.ts';
import { readAll } from '../../storage/index.ts';
import type { CountFetch } from '../counts.ts';
import { connectChecked } from './connect.ts';
import { statusFault, wireFault } from './failure.ts';
import type { Guard } from './guard.ts';
import type { Limiter, Release } from './limiter.ts';

/** GET requests to origins: guarded, limited, counted, with redirects followed by hand. */
export interface Web {
  /** The body of a 200 answer, read to its end. Throws the fault that anything else means. */
  read(url: URL, request: WebRequest): Promise<Buffer>;

  /**
   * The same as a stream, once the answer's head is there. It fails with a Fault when the body is cut short, silent or
   * larger than the limit, and must be read or destroyed.
   */
  open(url: URL, request: WebRequest): Promise<Readable>;

  close(): Promise<void>;
}

export interface WebRequest {
  /** Names the origin in errors, without credentials. */
  what: string;
  /** Most bytes of a body. */
  limit: number;
  /** Longest time of the whole request in ms; silence is bounded besides. */
  longest: number;
  hops?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Told once, at the end, how the request went. */
  trace?: ((entry: Trace) => void) | undefined;
}

/** One request, for the processing log. */
export interface Trace {
  url: string;
  status?: number;
  ms: number;
  bytes: number;
  error?: string;
}

export interface WebOptions {
  guard: Guard;
  limiter: Limiter;
  count: CountFetch;
  userAgent: string;
  /** Longest silence in ms. */
  silence: number;
  /** PEM of authorities trusted besides Node's. */
  ca?: string | undefined;
}

const maxRedirects = 5;
const errorTextLimit = 4096;

export function createWeb({ guard, limiter, count, userAgent, silence, ca }: WebOptions): Web {
  const trusted =
    ca === undefined ? {} : { secureContext: createSecureContext({ ca: [...getCACertificates('default'), ca] }) };
  const secure = buildConnector({ allowH2: false, timeout: silence, ...trusted });
  const agent = new Agent({
    connect: (options, done) => {
      const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
      connectChecked(guard, options.hostname, port, silence).then(
        socket =>
          options.protocol === 'https:' ? secure({ ...options, httpSocket: socket }, done) : done(null, socket),
        error => done(error, null),
      );
    },
    allowH2: false,
    headersTimeout: silence,
    bodyTimeout: silence,
    maxHeaderSize: 32_768,
  });

  async function open(start: URL, request: WebRequest): Promise<Readable> {
    const report = reporter(start, request);
    let release: Release | undefined;
    try {
      let url = start;
      for (let redirects = 0; ; redirects++) {
        release = await limiter.acquire(url.host, request.signal);
        const answer = await send(url, request, url.origin === start.origin ? start : undefined);
        report.status = answer.statusCode;
        const location = redirectOf(answer);
        if (location === undefined) return await body(answer, url, request, report, release);
        await answer.body.dump({ limit: errorTextLimit });
        release();
        if (redirects >= maxRedirects)
          throw new Fault('bad-origin', `${request.what} redirects more than ${maxRedirects} times`);
        url = redirectTarget(url, location, request.what);
      }
    } catch (error) {
      release?.();
      const fault = abortedBy(request.signal) ?? wireFault(error, request.what, false);
      report.end(fault);
      throw fault;
    }
  }

  function send(url: URL, request: WebRequest, credentials: URL | undefined): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = { 'user-agent': userAgent };
    if (request.hops !== undefined) headers['gocenter-hops'] = String(request.hops + 1);
    // Credentials go to the host that they were given for, and not along with a redirect to another.
    if (credentials !== undefined && (credentials.username !== '' || credentials.password !== '')) {
      const pair = `${decodeURIComponent(credentials.username)}:${decodeURIComponent(credentials.password)}`;
      headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    }
    const deadline = AbortSignal.timeout(request.longest);
    const signal = request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline]);
    return agent.request({ origin: url.origin, path: url.pathname + url.search, method: 'GET', headers, signal });
  }

  async function body(
    answer: Dispatcher.ResponseData,
    url: URL,
    request: WebRequest,
    report: Report,
    release: Release,
  ): Promise<Readable> {
    const { what, limit } = request;
    if (answer.statusCode !== 200) {
      const text = await textOf(answer.body);
      const fault = statusFault(answer.statusCode, what, text, headerOf(answer, 'retry-after'));
      // 503 may be about this one answer; 429 is about us.
      if (answer.statusCode === 429) limiter.pause(url.host, (fault.retryAfter ?? 1) * 1000);
      throw fault;
    }
    const encoding = headerOf(answer, 'content-encoding') ?? 'identity';
    const declared = Number(headerOf(answer, 'content-length') ?? 0);
    if (encoding !== 'identity' || declared > limit) {
      answer.body.on('error', () => {}).destroy();
      const why =
        declared > limit ? `a body of ${declared} bytes, more than ${limit}` : `the encoding ${encoding}, unasked`;
      throw new Fault('bad-origin', `${what} answers with ${why}`);
    }
    const limited = new Transform({
      readableHighWaterMark: 1 << 18,
      transform(chunk: Buffer, _encoding, done) {
        report.bytes += chunk.length;
        if (report.bytes > limit) done(new Fault('bad-origin', `${what} answers with more than ${limit} bytes`));
        else done(null, chunk);
      },
    });
    const fail = (error: unknown) => limited.destroy(abortedBy(request.signal) ?? wireFault(error, what, true));
    answer.body
      .on('error', fail)
      .on('close', () => answer.body.readableEnded || fail(new Error('closed')))
      .pipe(limited)
      .on('close', () => {
        answer.body.destroy();
        release();
        const unread = limited.readableEnded ? undefined : new Fault('unavailable', 'it was not read to its end');
        report.end(limited.errored ? asFault(limited.errored) : unread);
      });
    return limited;
  }

  function reporter(url: URL, request: WebRequest): Report {
    const started = performance.now();
    let ended = false;
    return {
      bytes: 0,
      status: undefined,
      end(fault) {
        if (ended) return;
        ended = true;
        count(url.host, fault?.kind ?? 'ok');
        request.trace?.({
          url: `${url.origin}${url.pathname}`,
          ...(this.status !== undefined && { status: this.status }),
          ms: Math.round(performance.now() - started),
          bytes: this.bytes,
          ...(fault !== undefined && { error: `${fault.kind}: ${fault.message}` }),
        });
      },
    };
  }

  return {
    open,
    async read(url, request) {
      return readAll(await open(url, request), request.limit, request.what);
    },
    close: () => agent.destroy(),
  };
}

interface Report {
  bytes: number;
  status: number | undefined;
  end(fault: Fault | undefined): void;
}

/** The caller's reason, when it is the caller who has given up. */
function abortedBy(signal: AbortSignal | undefined): Fault | undefined {
  if (!signal?.aborted) return undefined;
  return signal.reason instanceof Fault ? signal.reason : new Fault('unavailable', 'the request was given up');
}

function redirectOf(answer: Dispatcher.ResponseData): string | undefined {
  const redirects = [301, 302, 303, 307, 308].includes(answer.statusCode);
  return redirects ? headerOf(answer, 'location') : undefined;
}

/** Private targets are refused when they are connected to; see guard.ts. */
function redirectTarget(from: URL, location: string, what: string): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (target === undefined || (target.protocol !== 'https:' && target.protocol !== 'http:')) {
    throw new Fault('bad-origin', `${what} redirects to something that is not an http address`);
  }
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw new Fault('refused', `${what} redirects from https to plain http, which is refused`);
  }
  return target;
}

function headerOf(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The beginning of a body, as text; an error on the way just ends it. */
async function textOf(body: Readable): Promise<string> {
  let text = '';
  try {
    for await (const chunk of body) {
      text += String(chunk);
      if (text.length >= errorTextLimit) break;
    }
  } catch {
    return text;
  }
  return text;
}
