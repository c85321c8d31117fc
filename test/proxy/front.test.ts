import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startProxy } from './helper.ts';

/** The front answers plain hot requests before the HTTP parser; a client must not be able to tell. */

const path = '/a.example/m/@v/v1.0.0';
const request = (target: string, ...headers: string[]) =>
  `GET ${target} HTTP/1.1\r\n${['Host: x', ...headers].join('\r\n')}\r\n\r\n`;

let proxy: Awaited<ReturnType<typeof startProxy>>;
beforeAll(async () => {
  proxy = await startProxy();
  await proxy.publish('a.example/m', 'v1.0.0', Buffer.alloc(100_000, 'z'));
  for (const extension of ['info', 'mod', 'zip']) await (await proxy.get(`${path}.${extension}`)).arrayBuffer();
});
afterAll(() => proxy.close());

/** A connection on which requests are written one after the other, and answers read whole. */
function open(port = proxy.port) {
  const socket: Socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', chunk => {
    received += chunk.toString('latin1');
  });
  const ended = new Promise<void>(resolve => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  return {
    socket,
    ended,
    send: (text: string) => void socket.write(text, 'latin1'),
    /** The next whole answer. */
    async answer() {
      const length = () => {
        const end = received.indexOf('\r\n\r\n');
        if (end < 0) return undefined;
        const body = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, end))?.[1] ?? 0);
        return received.length >= end + 4 + body ? { end, body } : undefined;
      };
      await vi.waitFor(() => expect(length()).toBeDefined(), { timeout: 5000, interval: 2 });
      const { end, body } = length() ?? { end: 0, body: 0 };
      const head = received.slice(0, end);
      const text = received.slice(end + 4, end + 4 + body);
      received = received.slice(end + 4 + body);
      return { status: Number(head.slice(9, 12)), head, body: text };
    },
  };
}

const named = (head: string) =>
  head
    .split('\r\n')
    .slice(1)
    .map(line => line.toLowerCase())
    .filter(line => !line.startsWith('date: '))
    .sort();

describe('a hot object asked for plainly', () => {
  it.each(['info', 'mod', 'zip'])('has the same answer as from the HTTP server: .%s', async extension => {
    const connection = open();
    connection.send(request(`${path}.${extension}`));
    const front = await connection.answer();
    connection.send(request(`${path}.${extension}`, 'If-None-Match: "other"'));
    const server = await connection.answer();
    expect(front.status).toBe(200);
    expect(front.body).toBe(server.body);
    expect(named(front.head)).toEqual(named(server.head));
    expect(Math.abs(Date.parse(/date: (.*)/i.exec(front.head)?.[1] ?? '') - Date.now())).toBeLessThan(5000);
    connection.socket.destroy();
  });

  it.each(['', 'Connection: keep-alive', 'connection:Keep-Alive '])('never costs the HTTP parser: %j', async header => {
    let parsed = 0;
    const count = () => void parsed++;
    proxy.server.on('request', count);
    const connection = open();
    connection.send(request(`${path}.info`, ...(header === '' ? [] : [header])));
    expect((await connection.answer()).status).toBe(200);
    proxy.server.off('request', count);
    expect(parsed).toBe(0);
    connection.socket.destroy();
  });

  it('is answered again and again on one connection, logged and counted each time', async () => {
    const connection = open();
    const before = proxy.lines.length;
    for (let i = 0; i < 20; i++) {
      connection.send(request(`${path}.info`, 'User-Agent: Go-http-client/1.1', 'Accept-Encoding: gzip'));
      expect((await connection.answer()).status).toBe(200);
    }
    expect(proxy.lines.slice(before)).toHaveLength(20);
    expect(proxy.lines.at(-1)).toMatchObject({ kind: 'info', status: 200, cache: 'memory' });
    connection.socket.destroy();
  });
});

describe('what is not plain goes to the HTTP server, on the same connection', () => {
  const others: [string, string, number][] = [
    ['a range', request(`${path}.zip`, 'Range: bytes=0-1'), 206],
    ['a condition', request(`${path}.zip`, 'If-None-Match: *'), 304],
    ['a wrong token', request(`${path}.zip`, 'Authorization: Basic eDp5'), 401],
    ['a missing version', request('/cached-only/a.example/m/@v/v1.9.9.zip'), 404],
    ['a repository that loops', request(`${path}.zip`, 'GoCenter-Hops: 9'), 508],
    ['no Host', `GET ${path}.zip HTTP/1.1\r\nAccept: */*\r\n\r\n`, 400],
    ['Host twice', request(`${path}.zip`, 'Host: y'), 400],
    ['HEAD', request(`${path}.zip`).replace('GET', 'HEAD'), 200],
    ['a header that is folded', request(`${path}.zip`, 'X: a', ' b'), 400],
    ['a header with a NUL', request(`${path}.zip`, 'X: a\0b'), 400],
    ['a body that is announced', `${request(`${path}.zip`, 'Content-Length: 2')}ab`, 200],
  ];
  it.each(others)('%s', async (_, text, status) => {
    const connection = open();
    connection.send(request(`${path}.mod`));
    expect((await connection.answer()).status).toBe(200);
    connection.send(text);
    const answer = text.startsWith('HEAD') ? await headOnly(connection) : (await connection.answer()).status;
    expect(answer).toBe(status);
    connection.socket.destroy();
  });

  async function headOnly(connection: ReturnType<typeof open>): Promise<number> {
    const [chunk] = (await new Promise<Buffer[]>(resolve =>
      connection.socket.once('data', data => resolve([data])),
    )) as [Buffer];
    return Number(chunk.toString('latin1').slice(9, 12));
  }

  it('two requests in one piece are both answered, in order', async () => {
    const connection = open();
    connection.send(request(`${path}.mod`) + request(`${path}.info`));
    expect((await connection.answer()).body).toBe('module a.example/m\n');
    expect((await connection.answer()).body).toContain('v1.0.0');
    connection.socket.destroy();
  });

  it('a request in many pieces is answered', async () => {
    const connection = open();
    for (const character of request(`${path}.mod`)) connection.send(character);
    expect((await connection.answer()).body).toBe('module a.example/m\n');
    connection.socket.destroy();
  });

  it('Connection: close is honoured', async () => {
    const connection = open();
    connection.send(request(`${path}.mod`, 'Connection: close'));
    expect((await connection.answer()).head).toMatch(/connection: close/i);
    await connection.ended;
  });
});

describe('connections', () => {
  it('that the client half-closes are closed', async () => {
    const connection = open();
    connection.send(request(`${path}.mod`));
    await connection.answer();
    connection.socket.end();
    await connection.ended;
  });

  it('that wait for a request are closed when the proxy closes, after what is being written', async () => {
    const here = await startProxy();
    await here.publish('a.example/m', 'v1.0.0', Buffer.alloc(4_000_000, 'z'));
    await (await here.get(`${path}.zip`)).arrayBuffer();
    const idle = open(here.port);
    const busy = open(here.port);
    idle.send(request(`${path}.zip`));
    await idle.answer();
    busy.send(request(`${path}.zip`));
    await vi.waitFor(() => expect(busy.socket.bytesRead).toBeGreaterThan(0), { timeout: 5000, interval: 1 });
    const closed = here.close();
    expect((await busy.answer()).body).toHaveLength(4_000_000);
    await Promise.all([closed, idle.ended, busy.ended]);
  });

  it('that send many requests ahead of their answers are cut, those that send some are not', async () => {
    const some = open();
    some.send(request(`${path}.mod`).repeat(50));
    for (let i = 0; i < 50; i++) expect((await some.answer()).status).toBe(200);
    const many = open();
    many.send(request(`${path}.mod`).repeat(500));
    await many.ended;
    some.send(request(`${path}.mod`));
    expect((await some.answer()).status).toBe(200);
    some.socket.destroy();
  });

  it('count for the client that a trusted proxy tells, each time it changes', async () => {
    const limited = await startProxy({ config: { RATE_LIMIT: 1, TRUSTED_PROXIES: ['127.0.0.1'] } });
    await limited.publish('a.example/m', 'v1.0.0');
    await limited.get(`${path}.mod`, { headers: { 'X-Forwarded-For': '192.0.2.9' } });
    const connection = open(limited.port);
    const statuses: number[] = [];
    for (const client of ['192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.1']) {
      connection.send(request(`${path}.mod`, `X-Forwarded-For: ${client}`));
      statuses.push((await connection.answer()).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    const twice = open(limited.port);
    for (const own of ['192.0.2.50', '192.0.2.51', '192.0.2.52']) {
      twice.send(request(`${path}.mod`, `X-Forwarded-For: ${own}`, 'X-Forwarded-For: 192.0.2.60'));
      statuses.push((await twice.answer()).status);
    }
    expect(statuses.slice(-3)).toEqual([200, 200, 429]);
    twice.socket.destroy();
    connection.socket.destroy();
    await limited.close();
  });
});

describe('a large answer, written in slices', () => {
  const large = '/a.example/large/@v/v1.0.0.zip';
  const body = Buffer.alloc(5_000_003);
  for (let i = 0; i < body.length; i++) body[i] = i % 251;
  beforeAll(async () => {
    await proxy.publish('a.example/large', 'v1.0.0', body);
    await (await proxy.get(large)).arrayBuffer();
  });

  it('is whole, and the next request on the connection is answered', async () => {
    const connection = open();
    connection.send(request(large));
    expect(Buffer.from((await connection.answer()).body, 'latin1').equals(body)).toBe(true);
    connection.send(request(`${path}.mod`));
    expect((await connection.answer()).status).toBe(200);
    connection.socket.destroy();
  });

  it.each([
    ['of the HTTP server', request(large, 'Range: bytes=0-9'), 206],
    ['of the front', request(`${path}.mod`), 200],
  ])('is not mixed with the answer %s to a request sent meanwhile', async (_, next, status) => {
    const connection = open();
    connection.socket.once('data', () => connection.send(next));
    connection.send(request(large));
    expect(Buffer.from((await connection.answer()).body, 'latin1').equals(body)).toBe(true);
    expect((await connection.answer()).status).toBe(status);
    connection.socket.destroy();
  });

  it('reaches a client that has ended its side', async () => {
    const connection = open();
    connection.socket.end(request(large));
    expect(Buffer.from((await connection.answer()).body, 'latin1').equals(body)).toBe(true);
    await connection.ended;
  });
});
