import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';

/** What happens to a request: answered so, cut before it arrives, cut after the server has done it, or its answer cut short. */
export type HttpFault = { status: number } | 'cut' | 'unanswered' | { bytes: number };

export interface FaultyHttp extends AsyncDisposable {
  url: string;
  /** Decides on each request; undefined lets it pass. */
  fault: (request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>) => HttpFault | undefined;
  close(): Promise<void>;
}

/** An HTTP server in front of another one, that fails as it is told. Addresses in Location point to itself. */
export async function startFaultyHttp(target: string): Promise<FaultyHttp> {
  const server = createServer((req, res) => {
    const fault = proxy.fault(req);
    const cut = () => req.socket.destroy();
    if (fault === 'cut') {
      cut();
      return;
    }
    if (typeof fault === 'object' && 'status' in fault) {
      req.resume();
      res.writeHead(fault.status).end('injected');
      return;
    }
    const { host: _, ...headers } = req.headers;
    const passed = request(`${target}${req.url}`, { method: req.method, headers }, answer => {
      if (fault === 'unanswered') {
        answer.resume().on('end', cut);
        return;
      }
      const { location } = answer.headers;
      if (location !== undefined) answer.headers.location = location.replace(target, proxy.url);
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      if (fault === undefined) {
        answer.pipe(res);
        return;
      }
      let left = fault.bytes;
      answer.on('data', (chunk: Buffer) => {
        if (left <= 0) return;
        res.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) setImmediate(cut);
      });
      answer.on('end', () => res.end());
    });
    req.pipe(passed.on('error', cut));
    res.on('close', () => passed.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  const proxy: FaultyHttp = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => undefined,
    close,
    [Symbol.asyncDispose]: close,
  };
  return proxy;
}

export interface FaultyTcp extends AsyncDisposable {
  /** `host:port` */
  address: string;
  /** Cuts every connection; new ones are taken. */
  reset(): void;
  /** Cuts every connection and takes no new ones, until it is called with false. */
  refuse(refusing: boolean): void;
  close(): Promise<void>;
}

/** A relay of connections to `host:port`, which can be cut. */
export async function startFaultyTcp(target: string): Promise<FaultyTcp> {
  const [host = '', port = ''] = target.split(':');
  const open = new Set<Socket>();
  let refusing = false;
  const server = createTcpServer(near => {
    if (refusing) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one
        .on('error', () => {})
        .on('close', () => {
          open.delete(one);
          other.destroy();
        });
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const reset = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  const close = async () => {
    server.close();
    reset();
    await once(server, 'close');
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    reset,
    refuse(value) {
      refusing = value;
      if (value) reset();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
