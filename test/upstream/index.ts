import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAnswers, plain } from './answers.ts';
import { send, type UpstreamFault } from './faults.ts';
import type { FixtureModule } from './module.ts';
import { type PassedSumdb, sumdbAnswer } from './sumdb.ts';

export type { UpstreamFault } from './faults.ts';
export { loadFixtures, loadProgram, programOutput, writeFiles } from './fixtures.ts';
export { type FixtureModule, goModOf, infoOf, moduleZip, noise, syntheticModule, zipBomb } from './module.ts';

/** Which requests a fault is for: a path (without its query string), a pattern of it, or any test of it. */
export type Matcher = string | RegExp | ((path: string) => boolean);

export interface UpstreamOptions {
  /** Versions of a module are given oldest first: the last release is `@latest`. */
  modules: readonly FixtureModule[];
  faults?: readonly (readonly [Matcher, UpstreamFault])[];
  sumdb?: PassedSumdb;
  /** Default: a free one. */
  port?: number;
}

export interface Upstream {
  /** As in `GOPROXY`, without a slash at the end. */
  url: string;
  requests: RequestLog;
  add(...modules: readonly FixtureModule[]): void;
  /** From now on, `times` times at most; of several faults that match, the newest counts. Returns its removal. */
  setFault(matcher: Matcher, fault: UpstreamFault, times?: number): () => void;
  clearFaults(): void;
  /** Closes the port and every connection, so that new ones are refused; `up` opens the same port again. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export interface RequestLog {
  /** In the order of arrival, those with a fault included. */
  log: { method: string; path: string; at: number }[];
  /** How many came, of those that match when a matcher is given. */
  count(matcher?: Matcher): number;
  clear(): void;
}

/** A GOPROXY on loopback that serves fixtures, and does it wrong when told to. */
export async function startUpstream(options: UpstreamOptions): Promise<Upstream> {
  const answers = createAnswers();
  const log: RequestLog['log'] = [];
  let faults: { matcher: Matcher; fault: UpstreamFault; left: number }[] = [];

  const add: Upstream['add'] = (...modules) => modules.forEach(answers.add);
  const setFault: Upstream['setFault'] = (matcher, fault, times = Number.POSITIVE_INFINITY) => {
    const entry = { matcher, fault, left: times };
    faults.unshift(entry);
    return () => {
      faults = faults.filter(other => other !== entry);
    };
  };
  add(...options.modules);
  for (const [matcher, fault] of options.faults ?? []) setFault(matcher, fault);

  function takeFault(path: string): UpstreamFault | undefined {
    const entry = faults.find(({ matcher, left }) => left > 0 && matches(matcher, path));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    return entry.fault;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURI((request.url ?? '/').replace(/\?.*/, ''));
    log.push({ method: request.method ?? '', path, at: performance.now() });
    const fault = takeFault(path);
    if (fault?.kind === 'status') {
      const body = Buffer.from(fault.body ?? `${fault.status} by order of the test\n`);
      return send(response, { status: fault.status, headers: { ...plain, ...fault.headers }, body });
    }
    const answer = (options.sumdb && (await sumdbAnswer(options.sumdb, path))) ?? (await answers.answer(path, fault));
    await send(response, answer, fault);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(error => response.destroy(error));
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  const down = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    requests: {
      log,
      count: (matcher = /^/) => log.filter(({ path }) => matches(matcher, path)).length,
      clear: () => log.splice(0),
    },
    add,
    setFault,
    clearFaults: () => faults.splice(0),
    down,
    up: () => listen(port),
    close: down,
  };
}

function matches(matcher: Matcher, path: string): boolean {
  if (typeof matcher === 'string') return matcher === path;
  return matcher instanceof RegExp ? matcher.test(path) : matcher(path);
}
