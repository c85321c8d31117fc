import { Gauge, type Registry } from 'prom-client';
import type { HotObject } from './hot.ts';
import type { Served } from './request-log.ts';

/** The proxy's numbers, counted on every request. */
export interface RequestStats {
  count(served: Served): void;
  /** A 200 from memory; `duration` in milliseconds. */
  countHot(object: HotObject, duration: number): void;
}

/** Upper bounds of the latency histogram, in seconds. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

interface Cell {
  labels: { kind: string; status: string; cache: string };
  requests: number;
  bytes: number;
  seconds: number;
  buckets: number[];
}

/**
 * Counts in plain cells and hands them to the registry when it is scraped: prom-client hashes the labels at every
 * observation, which costs more than the rest of a hot hit's bookkeeping.
 */
export function createRequestStats(registry: Registry, hotBytes: () => number): RequestStats {
  const cells = new Map<string, Cell>();
  const cellOf = (kind: string, status: number, cache: string): Cell => {
    const key = `${kind} ${status} ${cache}`;
    let cell = cells.get(key);
    if (cell === undefined) {
      const labels = { kind, status: String(status), cache };
      cell = { labels, requests: 0, bytes: 0, seconds: 0, buckets: new Array(bounds.length + 1).fill(0) };
      cells.set(key, cell);
    }
    return cell;
  };
  const hotCells = new Map<string, Cell>();

  function add(cell: Cell, bytes: number, duration: number): void {
    const seconds = duration / 1000;
    cell.requests += 1;
    cell.bytes += bytes;
    cell.seconds += seconds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1;
    cell.buckets[bucket] = (cell.buckets[bucket] ?? 0) + 1;
  }

  register(registry, cells, hotBytes);
  return {
    count: served => add(cellOf(served.kind, served.status, served.cache), served.bytes, served.duration),
    countHot(object, duration) {
      let cell = hotCells.get(object.kind);
      if (cell === undefined) {
        cell = cellOf(object.kind, 200, 'memory');
        hotCells.set(object.kind, cell);
      }
      add(cell, object.body.length, duration);
    },
  };
}

interface Value {
  metricName?: string;
  labels: Record<string, string>;
  value: number;
}

/** prom-client asks a registered metric only for its name and `get()`: see Registry.getMetricsAsString. */
function register(registry: Registry, cells: ReadonlyMap<string, Cell>, hotBytes: () => number): void {
  const add = (name: string, type: string, help: string, values: () => Value[]) => {
    const metric = { name, type, help, get: async () => ({ name, type, help, aggregator: 'sum', values: values() }) };
    registry.registerMetric(metric as unknown as Gauge);
  };
  const all = () => [...cells.values()];
  add('gocenter_requests_total', 'counter', 'Requests to the proxy.', () =>
    all().map(cell => ({ labels: cell.labels, value: cell.requests })),
  );
  add('gocenter_response_bytes_total', 'counter', 'Body bytes sent by the proxy.', () =>
    all().map(cell => ({ labels: cell.labels, value: cell.bytes })),
  );
  add('gocenter_request_duration_seconds', 'histogram', 'Time from a request to its answer handed over.', () =>
    all().flatMap(histogram),
  );
  add('gocenter_cache_hit_ratio', 'gauge', 'Share of version files served without a fetch, since the start.', () => [
    { labels: {}, value: hitRatio(all()) },
  ]);
  new Gauge({
    name: 'gocenter_hot_cache_bytes',
    help: 'Bytes held in the hot cache.',
    registers: [registry],
    collect() {
      this.set(hotBytes());
    },
  });
}

function histogram(cell: Cell): Value[] {
  const name = 'gocenter_request_duration_seconds';
  let sum = 0;
  const buckets = cell.buckets.map((count, index) => {
    sum += count;
    const le = bounds[index] === undefined ? '+Inf' : String(bounds[index]);
    return { metricName: `${name}_bucket`, labels: { ...cell.labels, le }, value: sum };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: cell.labels, value: cell.seconds },
    { metricName: `${name}_count`, labels: cell.labels, value: cell.requests },
  ];
}

function hitRatio(cells: readonly Cell[]): number {
  const served = cells.filter(({ labels }) => ['info', 'mod', 'zip'].includes(labels.kind) && labels.cache !== 'none');
  const total = served.reduce((sum, cell) => sum + cell.requests, 0);
  const fetched = served
    .filter(({ labels }) => labels.cache === 'fetched')
    .reduce((sum, cell) => sum + cell.requests, 0);
  return total === 0 ? 1 : (total - fetched) / total;
}
