import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Node, Pod } from '../../services/notifier/kubernetes/objects.ts';

const kinds = { pods: '/api/v1/pods', jobs: '/apis/batch/v1/jobs', nodes: '/api/v1/nodes' } as const;
type Kind = keyof typeof kinds;

/** As much of the Kubernetes API as is used: lists in pages, watches, logs; it asks for the token. */
export async function startKubernetes() {
  const folder = await mkdtemp(join(tmpdir(), 'gocenter-account-'));
  await writeFile(join(folder, 'token'), 'the token of the account\n');
  const objects: Record<Kind, Map<string, Pod | Job | Node>> = { pods: new Map(), jobs: new Map(), nodes: new Map() };
  const watching = new Set<{ kind: Kind; response: ServerResponse }>();
  const lists: string[] = [];
  const logs = new Map<string, string>();
  let version = 100;

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const json = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.headers.authorization !== 'Bearer the token of the account') {
      return json(401, { kind: 'Status', message: 'Unauthorized' });
    }
    const kind = (Object.keys(kinds) as Kind[]).find(name => kinds[name] === url.pathname);
    if (kind === undefined) {
      const log = logs.get(`${url.pathname}${url.searchParams.get('previous') === 'true' ? ' previous' : ''}`);
      if (log === undefined) return json(404, { kind: 'Status', message: 'not found' });
      return response.writeHead(200, { 'content-type': 'text/plain' }).end(log);
    }
    if (url.searchParams.get('watch') === 'true') {
      if (Number(url.searchParams.get('resourceVersion')) < 100) return json(410, { message: 'too old' });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      const watch = { kind, response };
      watching.add(watch);
      return response.on('close', () => watching.delete(watch));
    }
    lists.push(kind);
    const all = [...objects[kind].values()];
    const from = Number(url.searchParams.get('continue') ?? 0);
    const to = from + Number(url.searchParams.get('limit'));
    const metadata = { resourceVersion: String(version), ...(to < all.length && { continue: String(to) }) };
    return json(200, { items: all.slice(from, to), metadata });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const tell = (kind: Kind, type: string, object: Pod | Job | Node) => {
    version += 1;
    const { metadata } = object;
    const event = { type, object: { ...object, metadata: { ...metadata, resourceVersion: String(version) } } };
    for (const watch of watching) if (watch.kind === kind) watch.response.write(`${JSON.stringify(event)}\n`);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    account: folder,
    lists,
    /** Paths, with ` previous` for the log of the container before. */
    logs,
    set(kind: Kind, object: Pod | Job | Node) {
      const { uid } = object.metadata;
      const type = objects[kind].has(uid) ? 'MODIFIED' : 'ADDED';
      objects[kind].set(uid, object);
      tell(kind, type, object);
    },
    remove(kind: Kind, object: Pod | Job | Node) {
      objects[kind].delete(object.metadata.uid);
      tell(kind, 'DELETED', object);
    },
    watches: () => watching.size,
    /** Ends every watch, as the server does from time to time. */
    endWatches() {
      for (const { response } of watching) response.end();
      watching.clear();
    },
    async close() {
      await new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function pod(name: string, status: Pod['status'], more: Partial<Pod['metadata']> = {}): Pod {
  const [owner = name] = name.split('-');
  return {
    metadata: {
      uid: `uid-${name}`,
      name,
      namespace: 'gocenter',
      labels: { 'pod-template-hash': 'abc' },
      ownerReferences: [{ kind: 'ReplicaSet', name: `${owner}-abc`, controller: true }],
      creationTimestamp: '2026-11-20T10:00:00Z',
      ...more,
    },
    status: status ?? {},
  };
}
