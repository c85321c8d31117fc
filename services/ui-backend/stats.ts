import type { FastifyInstance } from 'fastify';
import { Gauge, Histogram, type Registry } from 'prom-client';

/** Counts every request by its route, which is a pattern: never a module or an address. */
export function countRequests(app: FastifyInstance, registry: Registry, keptBytes: () => number): void {
  const duration = new Histogram({
    name: 'gocenter_api_request_duration_seconds',
    help: 'Time from a request to the API, for a badge or a feed to its answer handed over.',
    labelNames: ['route', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  new Gauge({
    name: 'gocenter_api_kept_bytes',
    help: 'Bytes of hot answers held by the API.',
    registers: [registry],
    collect() {
      this.set(keptBytes());
    },
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    // A stream lasts as long as what it tells of.
    if (!route.endsWith('/events')) {
      duration.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
    }
  });
}
