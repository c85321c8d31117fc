import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * The metrics of the services: names, labels and units; those of the proxy's requests are in proxy/stats.ts, where every
 * nanosecond counts. Labels never hold a module or a client's address.
 */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    /** Has the proxy's own count scraped. */
    downloadLinesDropped: (read: () => number) =>
      new Gauge({
        name: 'gocenter_download_lines_dropped',
        help: 'Lines of the download log that could not be kept since the start.',
        registers,
        collect() {
          this.set(read());
        },
      }),
    fetches: new Counter({
      name: 'gocenter_fetches_total',
      help: 'Requests to origins by host and outcome (ok, or a fault kind).',
      labelNames: ['host', 'outcome'] as const,
      registers,
    }),
    publishSeconds: new Histogram({
      name: 'gocenter_request_to_published_seconds',
      help: 'Time from the first request for a version to its publishing.',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
      registers,
    }),
    verdicts: new Counter({
      name: 'gocenter_verdicts_total',
      help: 'Versions published, or rejected by a rule.',
      labelNames: ['verdict', 'rule'] as const,
      registers,
    }),
    alarms: new Counter({
      name: 'gocenter_alarms_total',
      help: 'Security events: changed bytes, forged or forked checksum database.',
      labelNames: ['reason'] as const,
      registers,
    }),
    queueDepth: new Gauge({
      name: 'gocenter_queue_depth',
      help: 'Messages waiting or being handled.',
      labelNames: ['subscription'] as const,
      registers,
    }),
    queueAge: new Gauge({
      name: 'gocenter_queue_oldest_age_seconds',
      help: 'Age of the oldest message that waits.',
      labelNames: ['subscription'] as const,
      registers,
    }),
    queueDead: new Gauge({
      name: 'gocenter_dead_letters',
      help: 'Dead letters kept.',
      labelNames: ['subscription'] as const,
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
