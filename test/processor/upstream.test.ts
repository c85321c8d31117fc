import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readLog, readOutcome } from '../../services/records/index.ts';
import { readObject } from '../../services/storage/index.ts';
import {
  createWorld,
  faultOf,
  key,
  module,
  serveModule,
  startServer,
  type TestServer,
  textOf,
  until,
  version,
  type World,
  zip,
} from './world.ts';

let server: TestServer;
let world: World;

beforeEach(async () => {
  server = await startServer();
  world = await createWorld({ UPSTREAM: server.url });
  serveModule(server);
});

afterEach(async () => {
  await world.close();
  await server.close();
});

/** Answers that are wrong in a way of their own, each as the kind that it becomes. */
const wrong: [name: string, kind: string, (response: ServerResponse) => void][] = [
  ['never answers', 'timed-out', () => {}],
  ['falls silent within the body', 'timed-out', response => response.writeHead(200).write('{')],
  ['closes the connection', 'unavailable', response => response.destroy()],
  ['answers 500', 'unavailable', response => response.writeHead(500).end()],
  ['answers 429', 'unavailable', response => response.writeHead(429).end()],
  ['answers 504', 'timed-out', response => response.writeHead(504).end()],
  ['answers 508', 'loop', response => response.writeHead(508).end()],
  ['answers 204', 'bad-origin', response => response.writeHead(204).end()],
  ['answers 418', 'bad-origin', response => response.writeHead(418).end()],
  ['closes before the length that it says', 'bad-origin', cutShort],
  ['closes a chunked body without its end', 'bad-origin', response => response.write('{"', () => response.destroy())],
  ['sends more than it says', 'bad-origin', response => sendRaw(response, 'Content-Length: 3\r\n\r\n{"Version"}')],
  ['is not HTTP', 'bad-origin', response => response.socket?.end('SSH-2.0-OpenSSH_9.9\r\n')],
  ['compresses unasked', 'bad-origin', response => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x')],
  [
    'says a length of 600 MiB',
    'bad-origin',
    response => response.writeHead(200, { 'content-length': 600 << 20 }).write('x'),
  ],
];

function cutShort(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 5000 });
  response.write('{"Version"', () => response.destroy());
}

function sendRaw(response: ServerResponse, rest: string): void {
  response.socket?.end(`HTTP/1.1 200 OK\r\n${rest}`);
}

describe.each(['info', 'mod', 'zip'])('an upstream that for the %s', extension => {
  // Statuses and silence are the same for all three. What follows a body of the length that it says is no part of it.
  const once = /^answers|^sends more|^never|silent/;
  const cases = extension === 'info' ? wrong : wrong.filter(([name]) => !once.test(name));
  test.each(cases)('%s is %s, and nothing is committed', async (_name, kind, answer) => {
    server.answers.set(`/${key}.${extension}`, (_request, response) => answer(response));
    const failed = world.request();
    if (kind === 'loop') await failed;
    else expect((await faultOf(failed)).kind).toBe(kind);
    expect((await readOutcome(world.records, module, version))?.kind).toBe(kind);
    expect(await world.quarantine.stat(`${key}.info`)).toBeUndefined();
    expect(world.messages).toEqual([]);
  });
});

describe('an info', () => {
  const time = '2024-01-01T00:00:00Z';
  test.each([
    ['is empty', ''],
    ['is HTML', '<html>'],
    ['is a list', '[]'],
    ['is null', 'null'],
    ['has no version', JSON.stringify({ Time: time })],
    ['is of another version', JSON.stringify({ Version: 'v1.2.4', Time: time })],
    ['has a time that is no text', JSON.stringify({ Version: version, Time: 1 })],
    ['has a time that is no RFC 3339', JSON.stringify({ Version: version, Time: '2024-01-01' })],
    ['has a day that is not', JSON.stringify({ Version: version, Time: '2024-13-41T00:00:00Z' })],
    ['is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('that %s is bad-origin', async (_name, body) => {
    server.answers.set(`/${key}.info`, body);
    expect((await faultOf(world.request())).kind).toBe('bad-origin');
    expect(await readOutcome(world.records, module, version)).toMatchObject({ kind: 'bad-origin' });
  });

  test('without a time is published without one', async () => {
    server.answers.set(`/${key}.info`, JSON.stringify({ Version: version }));
    await world.request();
    expect(await readObject(world.quarantine, `${key}.info`, 1000)).toEqual(Buffer.from(`{"Version":"${version}"}\n`));
  });

  test('keeps the origin’s stable fields, and no others', async () => {
    const origin = {
      VCS: 'git',
      URL: 'https://example.com/x',
      Hash: 'abc',
      Ref: 'refs/tags/v1',
      TagSum: 't1:x',
      Subdir: 7,
    };
    server.answers.set(
      `/${key}.info`,
      JSON.stringify({ Origin: origin, Time: '2024-01-01T00:00:00.5+02:00', Version: version }),
    );
    await world.request();
    expect(JSON.parse((await textOf(world.quarantine, `${key}.info`)) ?? '')).toEqual({
      Version: version,
      Time: '2024-01-01T00:00:00.5+02:00',
      Origin: { VCS: 'git', URL: 'https://example.com/x', Hash: 'abc', Ref: 'refs/tags/v1' },
    });
  });
});

describe('redirects', () => {
  const to =
    (location: string, status = 302) =>
    (_request: unknown, response: ServerResponse) => {
      response.writeHead(status, { location }).end('moved');
    };

  test.each([301, 302, 303, 307, 308])('with %i are followed', async status => {
    server.answers.set(`/${key}.zip`, to('/elsewhere', status));
    server.answers.set('/elsewhere', zip);
    await world.request();
    expect(await textOf(world.quarantine, `${key}.zip`)).toBe(zip.toString());
  });

  test('beyond five are bad-origin', async () => {
    server.answers.set(`/${key}.info`, to(`/${key}.info`));
    expect((await faultOf(world.request())).kind).toBe('bad-origin');
    expect(server.count(`/${key}.info`)).toBe(3 * 6);
  });

  test('to what is not http are bad-origin', async () => {
    server.answers.set(`/${key}.info`, to('file:///etc/passwd'));
    expect((await faultOf(world.request())).kind).toBe('bad-origin');
  });

  test.each(['http://169.254.169.254/latest', 'http://localhost:1/', 'http://[::1]:1/', 'http://[::ffff:10.0.0.1]/'])(
    'to the private address %s are refused',
    async location => {
      server.answers.set(`/${key}.info`, to(location));
      await world.request();
      expect(await readOutcome(world.records, module, version)).toMatchObject({ kind: 'refused' });
    },
  );

  test('to another server on this host are refused, unless ALLOW_PRIVATE_ORIGINS lists the host', async () => {
    const other = await startServer();
    const open = await createWorld({ UPSTREAM: server.url, ALLOW_PRIVATE_ORIGINS: '127.0.0.1' });
    try {
      serveModule(other);
      server.answers.set(`/${key}.zip`, to(`${other.url}/${key}.zip`));
      await world.request();
      expect((await readOutcome(world.records, module, version))?.kind).toBe('refused');
      expect(other.requests).toEqual([]);
      await open.request();
      expect(open.messages).toHaveLength(1);
    } finally {
      await open.close();
      await other.close();
    }
  });

  test('to another host take no credentials along', async () => {
    const other = await startServer();
    const open = await createWorld({
      UPSTREAM: server.url.replace('//', '//user:pass@'),
      ALLOW_PRIVATE_ORIGINS: `127.0.0.1:${other.port}`,
    });
    try {
      serveModule(other);
      server.answers.set(`/${key}.zip`, to(`${other.url}/${key}.zip`));
      await open.request();
      expect(open.messages).toHaveLength(1);
      expect(other.headers().authorization).toBeUndefined();
    } finally {
      await open.close();
      await other.close();
    }
  });
});

describe('what the origin says', () => {
  test('of an absence is told, on one line and without its prefix', async () => {
    server.answers.set(`/${key}.info`, (_request, response) => {
      response.writeHead(404).end('not found: unknown revision v1.2.3\x1b[31m\nmore\n');
    });
    await world.request();
    expect((await readOutcome(world.records, module, version))?.message).toBe('unknown revision v1.2.3[31m');
  });

  test('in HTML is not told', async () => {
    server.answers.set(`/${key}.info`, (_request, response) => response.writeHead(404).end('<html><script>'));
    await world.request();
    expect((await readOutcome(world.records, module, version))?.message).not.toContain('<');
  });
});

test('connections are used again, and closed with the processor', async () => {
  await world.published.put(`${key}.info`, Buffer.from('{}'));
  for (let i = 0; i < 3; i++) await world.request({ recheck: true });
  expect(server.requests).toHaveLength(9);
  expect(await server.connections()).toBeLessThanOrEqual(3);
  await world.processor.close();
  await until(async () => (await server.connections()) === 0);
});

test.each([
  ['within a body of no length', zip.subarray(0, 200_000)],
  ['at the very end', zip.subarray(0, -1)],
  ['and padded', Buffer.concat([zip, Buffer.from('!')])],
  ['to nothing', Buffer.alloc(0)],
])('a zip that is cut short %s is tried again', async (_name, body) => {
  server.answers.set(`/${key}.zip`, (_request, response) => {
    serveModule(server);
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { connection: 'close' }).end(body);
  });
  await world.request();
  expect(server.count(`/${key}.zip`)).toBe(2);
  expect(await textOf(world.quarantine, `${key}.zip`)).toBe(zip.toString());
});

test('the body of a path with a base keeps the base', async () => {
  const based = await createWorld({ UPSTREAM: `${server.url}/go/proxy/` });
  try {
    serveModule(server, '/go/proxy');
    await based.request();
    expect(based.messages[0]?.origin).toBe(`${server.url}/go/proxy`);
  } finally {
    await based.close();
  }
});

test('`|` goes to the next origin at once, `,` stays with the one that fails', async () => {
  const second = await startServer();
  serveModule(second);
  server.answers.set(`/${key}.info`, 503);
  const pipe = await createWorld({ UPSTREAM: `${server.url}|${second.url}` });
  const comma = await createWorld({ UPSTREAM: `${server.url},${second.url}` });
  try {
    await pipe.request();
    expect(pipe.messages[0]?.origin).toBe(second.url);
    expect(server.requests).toHaveLength(1);
    const [run] = await readLog(pipe.records, module, version);
    expect(run?.entries[0]).toMatchObject({ message: 'failed', status: 503 });
    expect((await faultOf(comma.request())).kind).toBe('unavailable');
    server.answers.set(`/${key}.info`, 404);
    await comma.request();
    expect(comma.messages[0]?.origin).toBe(second.url);
  } finally {
    await pipe.close();
    await comma.close();
    await second.close();
  }
});
