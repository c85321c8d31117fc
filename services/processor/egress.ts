import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asFault, Fault } from '../errors.ts';
import type { CountFetch } from './counts.ts';
import { connectChecked } from './net/connect.ts';
import type { Guard } from './net/guard.ts';
import type { Limiter } from './net/limiter.ts';

export type { Endpoint, Lookup } from './net/guard.ts';

/**
 * The only way out for the go command and git: an HTTP proxy on loopback that does CONNECT and nothing else, so plain
 * http gets no further than here. It resolves the name, connects to the very address that it checked, and opens port
 * 443 only, unless the operator listed the host.
 *
 * What this can't hold: Go never uses a proxy for `localhost` and loopback addresses (x/net/http/httpproxy), so a
 * page that redirects there, or names such an address as a `mod` server, makes the child send a GET to this machine's
 * own loopback. Module paths of that kind are refused before (direct.ts); nothing of value may listen on loopback of a
 * processor without asking for credentials.
 */
export interface Egress {
  /** A way out for one child; `close` cuts its connections. */
  open(): Promise<Passage>;
  close(): Promise<void>;
}

export interface Passage {
  /** As in HTTPS_PROXY, with a secret that only this child knows. */
  url: string;
  /** The first refusal or failure on the way out, in order of weight: refused before all else. */
  fault(): Fault | undefined;
  close(): void;
}

interface Child {
  secret: Buffer;
  sockets: Set<Duplex>;
  faults: Fault[];
}

/** Connections at once of one child; git and go need two or three. */
const maxTunnels = 32;
const maxFaults = 100;

export function createEgress(options: { guard: Guard; limiter: Limiter; count: CountFetch; silence: number }): Egress {
  const { guard, limiter, count, silence } = options;
  const children = new Map<string, Child>();
  const clients = new Set<Duplex>();
  const server = createServer((request, response) => {
    // Plain http arrives as a request with an absolute address.
    childOf(request)?.faults.push(new Fault('refused', 'plain http is refused: modules come by https only'));
    response.writeHead(403, 'plain http is refused').end();
  });
  server.on('connect', (request, client, head) => {
    clients.add(client);
    client.on('error', () => {}).on('close', () => clients.delete(client));
    const child = childOf(request);
    if (child === undefined) return turnAway(client, '407 this proxy is not for you');
    tunnel(child, request.url ?? '', client, head).catch(error => {
      const fault = asFault(error);
      child.sockets.delete(client);
      turnAway(client, `${fault.kind === 'refused' ? 403 : 502} ${fault.message}`);
    });
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  let listening: Promise<number> | undefined;

  const listen = () =>
    new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });

  function childOf(request: IncomingMessage): Child | undefined {
    const [scheme, pair = ''] = (request.headers['proxy-authorization'] ?? '').split(' ');
    const [id = '', secret = ''] = Buffer.from(pair, 'base64').toString().split(':');
    const child = scheme?.toLowerCase() === 'basic' ? children.get(id) : undefined;
    return child !== undefined && timingSafeEqual(digest(secret), child.secret) ? child : undefined;
  }

  async function tunnel(child: Child, target: string, client: Duplex, head: Buffer): Promise<void> {
    const [, host = '', port = ''] = /^(\[[0-9a-fA-F:.]+\]|[^:]+):(\d{1,5})$/.exec(target) ?? [];
    child.sockets.add(client);
    try {
      const origin = await reach(child, host, Number(port));
      count(host, 'ok');
      join(child, host, client, origin, head);
    } catch (error) {
      const fault = asFault(error);
      count(host, fault.kind);
      if (child.faults.length < maxFaults) child.faults.push(fault);
      throw fault;
    }
  }

  async function reach(child: Child, host: string, port: number): Promise<Socket> {
    if (host === '') throw new Fault('refused', 'the way out takes a host and a port only');
    if (port !== 443 && !guard.listed(host, port)) {
      throw new Fault('refused', `port ${port} of ${host} is refused: modules come by https on port 443`);
    }
    if (child.sockets.size > maxTunnels) throw new Fault('unavailable', 'one fetch has too many connections');
    // For the rate only: a tunnel may idle, so it must not hold one of the host's places.
    (await limiter.acquire(host))();
    return connectChecked(guard, host, port, silence);
  }

  function join(child: Child, host: string, client: Duplex, origin: Socket, head: Buffer): void {
    const end = () => {
      child.sockets.delete(client);
      client.destroy();
      origin.destroy();
    };
    origin.setTimeout(silence, () => {
      if (child.faults.length < maxFaults) child.faults.push(new Fault('timed-out', `${host} was silent for too long`));
      end();
    });
    origin.on('error', end).on('close', end);
    client.on('error', end).on('close', end);
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    if (head.length > 0) origin.write(head);
    origin.pipe(client);
    client.pipe(origin);
    if (client.destroyed) end();
  }

  return {
    async open() {
      listening ??= listen();
      const port = await listening.catch(error => {
        listening = undefined;
        throw new Fault('unavailable', 'the way out of go can’t be opened', { cause: error });
      });
      const id = randomBytes(8).toString('hex');
      const secret = randomBytes(24).toString('hex');
      const child: Child = { secret: digest(secret), sockets: new Set(), faults: [] };
      children.set(id, child);
      return {
        url: `http://${id}:${secret}@127.0.0.1:${port}`,
        fault: () => child.faults.find(({ kind }) => kind === 'refused') ?? child.faults[0],
        close() {
          children.delete(id);
          for (const socket of child.sockets) socket.destroy();
        },
      };
    },

    async close() {
      if (listening === undefined) return;
      await listening.catch(() => {});
      for (const client of clients) client.destroy();
      await new Promise(resolve => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

function turnAway(client: Duplex, status: string): void {
  const line = `HTTP/1.1 ${status.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)}`;
  // A client that keeps its half open must not keep the connection.
  client.end(`${line}\r\nProxy-Authenticate: Basic realm="egress"\r\nContent-Length: 0\r\n\r\n`, () =>
    client.destroy(),
  );
}

const digest = (text: string) => createHash('sha256').update(text).digest();
