import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lookup } from '../../services/processor/egress.ts';
import { createAuthority } from './authority.ts';
import { gitBackend } from './cgi.ts';
import { type Commit, createRepository } from './repositories.ts';

export { hasOpenssl } from './authority.ts';
export { hasGit } from './repositories.ts';

export interface DirectOriginOptions {
  /** Host names of the server, all on the same loopback port. */
  hosts: readonly string[];
  /** Repositories, by the path where git finds them: `<host>/<name>`. */
  repositories: Readonly<Record<string, readonly Commit[]>>;
  /** What `https://<import path>?go-get=1` says, by import path prefix: the content of go-import. */
  imports: Readonly<Record<string, string>>;
  /** Answers that come before all else, by `<host>/<path>` without the query. */
  answers?: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>;
}

export interface DirectOrigin {
  /** PEM file of the authority that signed the server's certificate, as in ORIGIN_CA_FILE. */
  caFile: string;
  /** Resolves the hosts to the server's loopback port, and any other name to nothing. */
  lookup: Lookup;
  /** `<host>/<path>?<query>` of every request, in the order of arrival. */
  requests: string[];
  close(): Promise<void>;
}

/** What `direct` meets in the world: import paths with go-import pages, and git repositories, by HTTPS on loopback. */
export async function startDirectOrigin(options: DirectOriginOptions): Promise<DirectOrigin> {
  const { hosts, repositories, imports, answers = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'direct-origin-'));
  const { caFile, cert, key } = createAuthority(folder, hosts);
  for (const [name, commits] of Object.entries(repositories)) createRepository(join(folder, 'git'), name, commits);
  const requests: string[] = [];

  const server = createServer({ cert, key }, (request, response) => {
    const host = request.headers.host ?? '';
    const url = new URL(request.url ?? '/', `https://${host}`);
    const path = host + url.pathname;
    requests.push(path + url.search);
    const answer = answers[path];
    if (answer !== undefined) return answer(request, response);
    if (url.searchParams.get('go-get') === '1') return goImport(path, response);
    // Repositories lie in a folder for each host.
    request.url = `/${path}${url.search}`;
    gitBackend(join(folder, 'git'), request, response);
  });

  function goImport(path: string, response: ServerResponse): void {
    const prefix = Object.keys(imports).find(prefix => path === prefix || path.startsWith(`${prefix}/`));
    if (prefix === undefined) {
      response.writeHead(404).end('nothing here');
      return;
    }
    const meta = `<meta name="go-import" content="${prefix} ${imports[prefix]}">`;
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<html><head>${meta}</head></html>`);
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    caFile,
    requests,
    async lookup(host) {
      if (!hosts.includes(host)) throw new Error(`no such host ${host}`);
      return [{ address: '127.0.0.1', port }];
    },
    close: () =>
      new Promise(resolve => {
        rmSync(folder, { recursive: true, force: true });
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
