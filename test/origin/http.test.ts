import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { createHttpOrigin } from '../../services/origin/http.ts';
import type { AskOptions, IndexReader, Origin } from '../../services/origin/index.ts';
import { createOriginServer } from '../../services/processor/server.ts';
import { faultOf, until } from '../processor/world.ts';

/** An origin that says what it was asked, or fails as its module is named. */
const asked: { question: string; options: AskOptions | undefined }[] = [];
let aborted = 0;

function reply<T>(question: string, options: AskOptions | undefined, answer: T): Promise<T> {
  asked.push({ question, options });
  if (question.includes('never')) {
    return new Promise((_, reject) => {
      options?.signal?.addEventListener('abort', () => {
        aborted++;
        reject(new Fault('unavailable', 'the request was given up'));
      });
    });
  }
  if (question.includes('absent')) throw new Fault('not-found', 'it is not there: ü');
  if (question.includes('busy')) throw new Fault('unavailable', 'it is busy', { retryAfter: 7 });
  if (question.includes('forbidden')) throw new Fault('refused', 'it is forbidden');
  if (question.includes('broken')) throw new TypeError('undefined is not a function');
  return Promise.resolve(answer);
}

const inProcess: Origin & IndexReader = {
  list: async (module, options) => reply(`list ${module}`, options, ['v1.0.0', 'v1.1.0']),
  latest: async (module, options) =>
    reply(`latest ${module}`, options, { Version: 'v1.1.0', Time: '2024-01-01T00:00:00Z' }),
  query: async (module, query, options) =>
    reply(`query ${module} ${query}`, options, {
      Version: 'v1.1.0',
      Time: '2024-01-01T00:00:00Z',
      Origin: { VCS: 'git' },
    }),
  sumdb: async (name, path, options) => reply(`sumdb ${name} ${path}`, options, Buffer.from([0, 255, 10])),
  index: async (feed, { since, limit }, options) =>
    reply(`index ${feed} ${since} ${limit}`, options, {
      entries: [{ module: 'example.com/m', version: 'v1.0.0', time: '2024-01-01T00:00:00Z' }],
      more: true,
    }),
};

const server = createOriginServer({ origin: inProcess, log: pino({ level: 'silent' }) });
let overHttp: ReturnType<typeof createHttpOrigin>;

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  overHttp = createHttpOrigin({ url: new URL(`http://127.0.0.1:${port}/`) });
});

afterAll(async () => {
  await overHttp.close();
  server.closeAllConnections();
  server.close();
});

describe.each([
  ['in process', () => inProcess],
  ['over HTTP', () => overHttp],
])('an origin %s', (_name, originOf) => {
  test('answers the four questions', async () => {
    const origin = originOf();
    expect(await origin.list('example.com/M')).toEqual(['v1.0.0', 'v1.1.0']);
    expect(await origin.latest('example.com/M')).toEqual({ Version: 'v1.1.0', Time: '2024-01-01T00:00:00Z' });
    expect(await origin.query('example.com/M', 'a+b&c=d')).toMatchObject({ Origin: { VCS: 'git' } });
    const bytes = await origin.sumdb('sum.example.com', 'lookup/example.com/!m@v1.0.0');
    expect(Buffer.isBuffer(bytes)).toBe(true);
    expect([...bytes]).toEqual([0, 255, 10]);
    expect(asked.slice(-4).map(({ question }) => question)).toEqual([
      'list example.com/M',
      'latest example.com/M',
      'query example.com/M a+b&c=d',
      'sumdb sum.example.com lookup/example.com/!m@v1.0.0',
    ]);
  });

  test.each([
    ['absent', { kind: 'not-found', message: 'it is not there: ü', retryAfter: undefined }],
    ['busy', { kind: 'unavailable', message: 'it is busy', retryAfter: 7 }],
    ['forbidden', { kind: 'refused', message: 'it is forbidden', retryAfter: undefined }],
    ['broken', { kind: 'internal', message: 'undefined is not a function', retryAfter: undefined }],
  ])('throws the fault of what is %s', async (module, expected) => {
    const origin = originOf();
    for (const failed of [
      () => origin.list(module),
      () => origin.latest(module),
      () => origin.query(module, 'main'),
      () => origin.sumdb(module, 'latest'),
    ]) {
      expect(await faultOf(failed())).toMatchObject(expected);
    }
  });

  test('reads a page of an index', async () => {
    const page = await originOf().index('https://a.test/index', { since: '2024-01-01T00:00:00+01:00', limit: 7 });
    expect(page).toEqual({
      entries: [{ module: 'example.com/m', version: 'v1.0.0', time: '2024-01-01T00:00:00Z' }],
      more: true,
    });
    expect(asked.at(-1)?.question).toBe('index https://a.test/index 2024-01-01T00:00:00+01:00 7');
  });

  test('carries the wish for a fresh answer', async () => {
    await originOf().list('example.com/m', { fresh: true });
    expect(asked.at(-1)?.options?.fresh).toBe(true);
  });

  test('carries the hops', async () => {
    await originOf().list('example.com/m', { hops: 4 });
    expect(asked.at(-1)?.options?.hops).toBe(4);
  });

  test('tells whom it asks when the asker gives up', async () => {
    const before = aborted;
    const stop = new AbortController();
    const given = faultOf(originOf().list('never', { signal: stop.signal }));
    await until(() => asked.at(-1)?.question === 'list never');
    stop.abort();
    expect((await given).kind).toBe('unavailable');
    await until(() => aborted === before + 1);
  });
});

describe('over HTTP', () => {
  test('a processor that is not there is unavailable', async () => {
    const nobody = createHttpOrigin({ url: new URL('http://127.0.0.1:1') });
    expect((await faultOf(nobody.list('example.com/m'))).kind).toBe('unavailable');
    await nobody.close();
  });

  test('a processor that does not answer is timed out, and one that is another server unavailable', async () => {
    const other = createServer((request, response) => {
      if (request.url?.startsWith('/list')) return;
      response.writeHead(request.url?.startsWith('/latest') ? 200 : 404).end('<html>');
    });
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(other.address() as AddressInfo).port}`);
    const origin = createHttpOrigin({ url, timeout: 200 });
    expect((await faultOf(origin.list('example.com/m'))).kind).toBe('timed-out');
    expect((await faultOf(origin.latest('example.com/m'))).kind).toBe('unavailable');
    expect((await faultOf(origin.query('example.com/m', 'main'))).kind).toBe('unavailable');
    await origin.close();
    other.closeAllConnections();
    other.close();
  });

  test.each([
    ['GET', '/'],
    ['POST', '/list?module=example.com/m'],
    ['GET', '/list'],
    ['GET', '/query?module=example.com/m'],
    ['GET', '/constructor?module=x'],
  ])('%s %s is a bad request', async (method, path) => {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ kind: 'invalid' });
  });

  test.each(['-1', '101', '1.5', 'x'])('%s hops are a bad request', async hops => {
    const { port } = server.address() as AddressInfo;
    const headers = { 'gocenter-hops': hops };
    const response = await fetch(`http://127.0.0.1:${port}/list?module=example.com/m`, { headers });
    expect(response.status).toBe(400);
  });
});
