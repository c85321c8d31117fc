import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** A server of the loopback, reached by pods: what comes to a free port of `host` goes on to it. */
export interface Exposed {
  url: string;
  close(): void;
}

export async function expose(url: string, host: string): Promise<Exposed> {
  const { hostname, port } = new URL(url);
  const server = createServer(socket => {
    const onwards = connect(Number(port), hostname);
    socket.pipe(onwards).pipe(socket);
    socket.on('error', () => onwards.destroy());
    onwards.on('error', () => socket.destroy());
  });
  server.listen(0, host);
  await once(server, 'listening');
  const exposed = new URL(url);
  exposed.host = `${host}:${(server.address() as AddressInfo).port}`;
  return { url: exposed.href.replace(/\/$/, ''), close: () => server.close() };
}
