import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import { asFault } from './errors.ts';
import { within } from './within.ts';

/** A dependency that readiness depends on: resolves when it works, throws what is wrong. */
export type Check = () => Promise<void>;

/** Longest wait for one dependency, in milliseconds; a prober gives up soon after. */
const checkTimeout = 2000;

/**
 * The admin port. `/healthz`: the process runs. `/readyz`: 200 when every dependency works and nothing is draining, else
 * 503 with the reason of each that fails. `/metrics`: for Prometheus.
 */
export function createAdmin(deps: {
  checks: Readonly<Record<string, Check>>;
  /** Told of in the same answer, but no reason to send clients elsewhere: what is published can be served without. */
  concerns: Readonly<Record<string, Check>>;
  registry: Registry;
  /** Called before each scrape, to refresh what is measured by asking. */
  collect: () => Promise<void>;
  draining: () => boolean;
}): Server {
  return createServer(async (req, res) => {
    const send = (status: number, type: string, body: string) => {
      res.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
      res.end(req.method === 'HEAD' ? undefined : body);
    };
    try {
      const path = req.url?.split('?')[0];
      if (path === '/healthz') return send(200, 'text/plain; charset=utf-8', 'ok\n');
      if (path === '/readyz') {
        const states = await readiness(deps.checks, deps.draining());
        const ready = Object.values(states).every(state => state === 'ok');
        const all = { ready, ...states, ...(await readiness(deps.concerns, false)) };
        return send(ready ? 200 : 503, 'application/json', `${JSON.stringify(all, null, 2)}\n`);
      }
      if (path === '/metrics') {
        await deps.collect();
        return send(200, deps.registry.contentType, await deps.registry.metrics());
      }
      return send(404, 'text/plain; charset=utf-8', 'not found: here are /healthz, /readyz and /metrics\n');
    } catch (error) {
      return send(500, 'text/plain; charset=utf-8', `internal error: ${asFault(error).message}\n`);
    }
  });
}

async function readiness(checks: Readonly<Record<string, Check>>, draining: boolean): Promise<Record<string, string>> {
  const states = Object.entries(checks).map(async ([name, check]) => [name, await stateOf(check)] as const);
  const found = Object.fromEntries(await Promise.all(states));
  return draining ? { process: 'is shutting down', ...found } : found;
}

async function stateOf(check: Check): Promise<string> {
  try {
    await within(checkTimeout, check(), () => new Error(`does not answer within ${checkTimeout / 1000} s`));
    return 'ok';
  } catch (error) {
    return asFault(error).message;
  }
}
