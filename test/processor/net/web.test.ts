import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createGuard } from '../../../services/processor/net/guard.ts';
import { createLimiter } from '../../../services/processor/net/limiter.ts';
import { createWeb, type Trace, type Web } from '../../../services/processor/net/web.ts';
import { faultOf, startServer, type TestServer, until } from '../world.ts';

let server: TestServer;
let web: Web;
let counts: string[] = [];

beforeAll(async () => {
  server = await startServer();
  web = createWeb({
    guard: createGuard({ allow: ['127.0.0.1'] }),
    limiter: createLimiter({ rate: 1000, concurrency: 2, maxWait: 5000 }),
    count: (_host, outcome) => counts.push(outcome),
    userAgent: 'test',
    silence: 200,
  });
});

afterEach(() => {
  counts = [];
});

afterAll(async () => {
  await web.close();
  await server.close();
});

const request = { what: 'the origin', limit: 1000, longest: 5000 };
const url = (path: string) => new URL(path, server.url);

test('a body larger than the limit fails while it is read, whatever length is said', async () => {
  server.answers.set('/large', (_request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(Buffer.alloc(400)), 1);
    response.on('close', () => clearInterval(timer));
  });
  expect(await faultOf(web.read(url('/large'), request))).toMatchObject({
    kind: 'bad-origin',
    message: 'the origin answers with more than 1000 bytes',
  });
  await until(() => counts.includes('bad-origin'));
});

test('a body of the very limit is read', async () => {
  server.answers.set('/exact', Buffer.alloc(1000));
  expect(await web.read(url('/exact'), request)).toHaveLength(1000);
  expect(counts).toEqual(['ok']);
});

test('a head without a body that comes is timed out', async () => {
  server.answers.set('/silent', (_request, response) =>
    response.writeHead(200, { 'content-length': 10 }).flushHeaders(),
  );
  expect((await faultOf(web.read(url('/silent'), request))).kind).toBe('timed-out');
});

test('a body that drips for ever is ended after the longest time', async () => {
  server.answers.set('/drip', (_request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('.'), 20);
    response.on('close', () => clearInterval(timer));
  });
  expect((await faultOf(web.read(url('/drip'), { ...request, longest: 150 }))).kind).toBe('timed-out');
});

test('a request that is given up ends, and gives its place to others', async () => {
  server.answers.set('/never', () => {});
  const stop = new AbortController();
  const given = [1, 2].map(() => faultOf(web.read(url('/never'), { ...request, signal: stop.signal })));
  await until(() => server.count('/never') === 2);
  stop.abort();
  for (const fault of await Promise.all(given)) expect(fault.kind).toBe('unavailable');
  server.answers.set('/now', 'x');
  expect(await web.read(url('/now'), request)).toHaveLength(1);
});

test('a stream that nobody reads to its end is closed and counted as such', async () => {
  server.answers.set('/stream', (_request, response) => response.writeHead(200).write('x'));
  const stream = await web.open(url('/stream'), request);
  stream.on('error', () => {}).destroy();
  await until(() => counts.includes('unavailable'));
});

test('429 holds back all requests to the host as long as it says, 503 does not', async () => {
  const paused = createWeb({
    guard: createGuard({ allow: ['127.0.0.1'] }),
    limiter: createLimiter({ rate: 1000, concurrency: 2, maxWait: 5000 }),
    count: () => {},
    userAgent: 'test',
    silence: 200,
  });
  try {
    for (const status of [503, 429]) {
      server.answers.set(`/${status}`, (_request, response) =>
        response.writeHead(status, { 'retry-after': '60' }).end(),
      );
    }
    server.answers.set('/fine', 'x');
    expect(await faultOf(paused.read(url('/503'), request))).toMatchObject({ kind: 'unavailable', retryAfter: 60 });
    expect(await paused.read(url('/fine'), request)).toHaveLength(1);
    expect(await faultOf(paused.read(url('/429'), request))).toMatchObject({ kind: 'unavailable', retryAfter: 60 });
    expect(await faultOf(paused.read(url('/fine'), request))).toMatchObject({ kind: 'unavailable', retryAfter: 60 });
    expect(server.count('/fine')).toBe(1);
  } finally {
    await paused.close();
  }
});

test('nobody at the port is unavailable', async () => {
  const gone = await startServer();
  await gone.close();
  expect((await faultOf(web.read(new URL(gone.url), request))).kind).toBe('unavailable');
});

test('the trace has the address without credentials or query', async () => {
  const traces: Trace[] = [];
  const secret = new URL('/exact?token=secret', server.url.replace('//', '//user:pass@'));
  await faultOf(web.read(secret, { ...request, trace: entry => traces.push(entry) }));
  expect(traces).toEqual([
    {
      url: `${server.url}/exact`,
      status: 404,
      ms: expect.any(Number),
      bytes: 0,
      error: expect.stringMatching(/^not-found/),
    },
  ]);
});
