import { request } from 'node:http';
import { type AddressInfo, createServer, connect as open, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEgress, type Egress, type Lookup, type Passage } from '../../services/processor/egress.ts';
import { createGuard } from '../../services/processor/net/guard.ts';
import { createLimiter } from '../../services/processor/net/limiter.ts';
import { until } from './world.ts';

let echo: Server;
let echoPort: number;
let egress: Egress;
let passage: Passage;
let looked: string[] = [];
let counts: string[] = [];

/** Every name is on the echo server, but some say that they are elsewhere. */
const lookup: Lookup = async (host, port) => {
  looked.push(`${host}:${port}`);
  if (host === 'metadata.example') return [{ address: '169.254.169.254', port }];
  if (host === 'nowhere.example') throw new Error('ENOTFOUND');
  return [{ address: '127.0.0.1', port: echoPort }];
};

beforeEach(async () => {
  looked = [];
  counts = [];
  echo = createServer(socket => socket.on('error', () => {}).pipe(socket));
  await new Promise<void>(resolve => echo.listen(0, '127.0.0.1', resolve));
  echoPort = (echo.address() as AddressInfo).port;
  egress = createEgress({
    guard: createGuard({ allow: ['listed.example', 'other.example:8443'], lookup }),
    limiter: createLimiter({ rate: 1000, concurrency: 1, maxWait: 1000 }),
    count: (host, outcome) => counts.push(`${host} ${outcome}`),
    silence: 300,
  });
  passage = await egress.open();
});

afterEach(async () => {
  passage.close();
  await egress.close();
  echo.close();
});

/** What CONNECT is answered with. */
function connect(target: string, url = passage.url): Promise<{ status: number; words: string; socket: Socket }> {
  const { hostname, port, username, password } = new URL(url);
  const headers =
    username === ''
      ? {}
      : { 'proxy-authorization': `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  return new Promise((resolve, reject) => {
    request({ host: hostname, port, method: 'CONNECT', path: target, headers })
      .on('connect', (response, socket) => {
        socket.on('error', () => {});
        resolve({ status: response.statusCode ?? 0, words: response.statusMessage ?? '', socket });
      })
      .on('error', reject)
      .end();
  });
}

describe('the way out', () => {
  test('leads to a listed host, to the address that was looked up once', async () => {
    const { status, socket } = await connect('listed.example:443');
    expect(status).toBe(200);
    const echoed = new Promise(resolve => socket.once('data', resolve));
    socket.write('hello');
    expect(String(await echoed)).toBe('hello');
    socket.destroy();
    expect(looked).toEqual(['listed.example:443']);
    expect(counts).toEqual(['listed.example ok']);
    expect(passage.fault()).toBeUndefined();
  });

  test.each([
    ['private.example:443', 'private'],
    ['metadata.example:443', 'private'],
    ['127.0.0.1:443', 'private'],
    ['[::1]:443', 'private'],
    ['[::ffff:169.254.169.254]:443', 'private'],
    ['private.example:80', 'port 80'],
    ['other.example:443', 'private'],
    ['listed.example', 'host and a port'],
    ['listed.example:443@evil.example:443', 'host and a port'],
  ])('to %s is refused', async (target, words) => {
    const answer = await connect(target);
    expect(answer.status).toBe(403);
    expect(answer.words).toContain(words);
    expect(passage.fault()?.kind).toBe('refused');
  });

  test('leads to other ports of listed hosts only', async () => {
    expect((await connect('listed.example:8443')).status).toBe(200);
    expect((await connect('other.example:8443')).status).toBe(200);
  });

  test('says what it can’t reach', async () => {
    expect((await connect('nowhere.example:443')).status).toBe(502);
    expect(passage.fault()?.kind).toBe('unavailable');
    expect(counts).toEqual(['nowhere.example unavailable']);
  });

  test('is closed to whoever has no secret, another one, or one that is no longer good', async () => {
    const wrong = new URL(passage.url);
    wrong.password = 'x'.repeat(48);
    const none = new URL(passage.url);
    none.username = none.password = '';
    const old = await egress.open();
    old.close();
    for (const url of [wrong.href, none.href, old.url])
      expect((await connect('listed.example:443', url)).status).toBe(407);
    expect(looked).toEqual([]);
  });

  test('is for CONNECT only: plain http is refused', async () => {
    const { hostname, port, username, password } = new URL(passage.url);
    const headers = { 'proxy-authorization': `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
    const status = await new Promise(resolve => {
      request({ host: hostname, port, path: 'http://listed.example/', headers }, response => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(status).toBe(403);
    expect(passage.fault()?.kind).toBe('refused');
  });

  test('ends a connection that is silent', async () => {
    const { socket } = await connect('listed.example:443');
    await new Promise(resolve => socket.once('close', resolve));
    expect(passage.fault()?.kind).toBe('timed-out');
  });

  test('ends every connection of a child with its passage, and no other’s', async () => {
    const other = await egress.open();
    const mine = await connect('listed.example:443');
    const theirs = await connect('listed.example:443', other.url);
    passage.close();
    await new Promise(resolve => mine.socket.once('close', resolve));
    expect(theirs.socket.destroyed).toBe(false);
    other.close();
  });

  test('has a bound on connections of one child', async () => {
    for (let i = 0; i < 32; i++) await connect('listed.example:443');
    expect((await connect('listed.example:443')).status).toBe(502);
  });

  test('tells a refusal before any other fault', async () => {
    await connect('nowhere.example:443');
    await connect('metadata.example:443');
    expect(passage.fault()?.kind).toBe('refused');
  });

  test('keeps no connection that it has turned away', async () => {
    const { hostname, port } = new URL(passage.url);
    const socket = open({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.write('CONNECT listed.example:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise(resolve => socket.once('data', resolve));
    await egress.close();
    socket.destroy();
  });

  test('is closed with its tunnels', async () => {
    const { socket } = await connect('listed.example:443');
    await egress.close();
    await until(() => socket.destroyed);
  });
});
