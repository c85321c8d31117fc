import type { FastifyInstance } from 'fastify';
import { Gauge, Histogram, type Registry } from 'prom-client';

/** Counts every request by its route, which is a pattern: never a module or an address. */
export function countRequests(app: FastifyInstance, registry: Registry, keptBytes: () => number): void {
  const duration = new Histogram({
    name: 'gocenter_ui_request_duration_seconds',
    help: 'Time from a request for a page to its answer handed over.',
    labelNames: ['route', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  new Gauge({
    name: 'gocenter_ui_readme_bytes',
    help: 'Bytes of rendered READMEs held by the pages.',
    registers: [registry],
    collect() {
      this.set(keptBytes());
    },
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    // What is passed on is measured by the API.
    if (/^\/(api|badge|feeds)\/\*$/.test(route)) return;
    duration.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
}
