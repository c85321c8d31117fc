import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** Stands for a Kubernetes Service: new connections go to the targets in turn, those that are open stay where they are. */
export interface Balancer {
  url: string;
  /** From now on; `http://host:port`. */
  setTargets(urls: readonly string[]): void;
  /** Connections to this target that have not sent anything yet. */
  silent(url: string): number;
  close(): Promise<void>;
}

export async function startBalancer(): Promise<Balancer> {
  let targets: URL[] = [];
  let next = 0;
  const open = new Set<{ destroy(): void }>();
  const silent = new Map<string, number>();
  const count = (host: string, more: number) => silent.set(host, (silent.get(host) ?? 0) + more);
  const server = createServer(near => {
    const target = targets[next++ % targets.length];
    if (target === undefined) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    open.add(near);
    count(target.host, 1);
    let isSilent = true;
    const noted = () => {
      if (isSilent) count(target.host, -1);
      isSilent = false;
    };
    near.once('data', noted).once('close', noted);
    near
      .on('error', () => {})
      .on('close', () => {
        open.delete(near);
        far.destroy();
      });
    far.on('error', () => {}).on('close', () => near.destroySoon());
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setTargets(urls) {
      targets = urls.map(url => new URL(url));
    },
    silent: url => silent.get(new URL(url).host) ?? 0,
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
