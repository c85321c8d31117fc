import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { namespaceName } from '../workloads/names.ts';
import { badRatio, downloads, publishing } from './objectives.ts';
import { dashboard, graph, number, type Query } from './panels.ts';

const ours = `namespace="${namespaceName}"`;
const quantiles = (metric: string, by = ''): Query[] =>
  [0.5, 0.95, 0.99].map(q => [
    `histogram_quantile(${q}, sum by (le${by}) (rate(${metric}_bucket{${ours}}[5m])))`,
    `p${q * 100}${by && ` {{${by.slice(2)}}}`}`,
  ]);
const rate = (metric: string, by: string, more = ''): string => `sum by (${by}) (rate(${metric}{${ours}${more}}[5m]))`;

/** One a concern: what users get, what waits, what comes in, what is kept, and what all of it runs on. */
export const dashboards: Readonly<Record<'traffic' | 'queue' | 'fetches' | 'catalogue' | 'cluster', Dashboard>> = {
  traffic: dashboard('traffic', 'traffic', 'What go commands ask the proxy for, and what they get.', [
    number('Requests', 'All pods together.', 'reqps', `sum(rate(gocenter_requests_total{${ours}}[5m]))`),
    number('5xx over an hour', 'The promise is 0.1 % over 30 days.', 'percentunit', badRatio(downloads, '1h')),
    number(
      'Served without a fetch',
      'Of info, mod and zip, over the last hour.',
      'percentunit',
      `1 - sum(rate(gocenter_requests_total{${ours},kind=~"info|mod|zip",cache="fetched"}[1h])) / ` +
        `sum(rate(gocenter_requests_total{${ours},kind=~"info|mod|zip",cache!="none"}[1h]))`,
    ),
    number(
      'Bytes',
      'Bodies sent by the proxy; what the edge sends is not among them.',
      'Bps',
      `sum(rate(gocenter_response_bytes_total{${ours}}[5m]))`,
    ),
    graph('Requests by kind', 'Zips are downloads, the rest is resolution.', 'reqps', [
      rate('gocenter_requests_total', 'kind'),
      '{{kind}}',
    ]),
    graph('Requests by status', '404 is normal: go asks for every prefix of a path.', 'reqps', [
      rate('gocenter_requests_total', 'status'),
      '{{status}}',
    ]),
    graph(
      'Latency',
      'From a request to its answer handed over. Misses wait for a fetch.',
      's',
      ...quantiles('gocenter_request_duration_seconds'),
    ),
    graph('Where answers come from', 'memory, store, fetched just now, or none.', 'reqps', [
      rate('gocenter_requests_total', 'cache'),
      '{{cache}}',
    ]),
    graph('Hot cache', 'Memory that holds hot objects, by pod; bounded by HOT_CACHE_BYTES.', 'bytes', [
      `gocenter_hot_cache_bytes{${ours}}`,
      '{{pod}}',
    ]),
    graph('Cache hits', 'Since the start of each pod.', 'percentunit', [
      `gocenter_cache_hit_ratio{${ours}}`,
      '{{pod}}',
    ]),
  ]),

  queue: dashboard('queue', 'queue', 'What waits, how long, and what was given up.', [
    number('Waiting', 'All subscriptions.', 'short', `sum(max by (subscription) (gocenter_queue_depth{${ours}}))`),
    number(
      'Oldest',
      'Autoscaling aims at 10 s, the alert is at 5 minutes.',
      's',
      `max(gocenter_queue_oldest_age_seconds{${ours}})`,
    ),
    number(
      'Dead letters',
      'Nobody tries these again until they are replayed.',
      'short',
      `sum(max by (subscription) (gocenter_dead_letters{${ours}}))`,
    ),
    number(
      'Later than 30 s',
      'Share of an hour’s versions; the promise is 5 % over 30 days.',
      'percentunit',
      badRatio(publishing, '1h'),
    ),
    graph('Depth', 'Messages waiting or being handled.', 'short', [
      `max by (subscription) (gocenter_queue_depth{${ours}})`,
      '{{subscription}}',
    ]),
    graph('Age of the oldest', 'A line that rises with the clock is a queue that stands still.', 's', [
      `max by (subscription) (gocenter_queue_oldest_age_seconds{${ours}})`,
      '{{subscription}}',
    ]),
    graph(
      'Request to published',
      'As a client of the proxy waits for it.',
      's',
      ...quantiles('gocenter_request_to_published_seconds'),
    ),
    graph('Pods', 'As the autoscalers have it.', 'short', [
      `max by (horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_current_replicas{${ours}})`,
      '{{horizontalpodautoscaler}}',
    ]),
  ]),

  fetches: dashboard('fetches', 'fetches', 'What is asked of origins, and what becomes of it.', [
    graph('Requests to origins', 'By host; hosts that are not configured count as other.', 'reqps', [
      rate('gocenter_fetches_total', 'host'),
      '{{host}}',
    ]),
    graph('Outcomes', 'ok, or the kind of fault.', 'reqps', [rate('gocenter_fetches_total', 'outcome'), '{{outcome}}']),
    graph('Failing', 'Share of a host’s requests that say nothing about the version.', 'percentunit', [
      `sum by (host) (rate(gocenter_fetches_total{${ours},outcome!~"ok|not-found|gone"}[15m])) / sum by (host) (rate(gocenter_fetches_total{${ours}}[15m]))`,
      '{{host}}',
    ]),
    graph('Alarms', 'Changed bytes, forged or forked checksum database. Each is to be looked at.', 'short', [
      `sum by (reason) (increase(gocenter_alarms_total{${ours}}[1h]))`,
      '{{reason}}',
    ]),
  ]),

  catalogue: dashboard('catalogue', 'catalogue', 'What gets into the repository, and what is kept out.', [
    number(
      'Published today',
      'Versions, over 24 hours.',
      'short',
      `sum(increase(gocenter_verdicts_total{${ours},verdict="published"}[1d]))`,
    ),
    number(
      'Rejected today',
      'Versions, over 24 hours.',
      'short',
      `sum(increase(gocenter_verdicts_total{${ours},verdict="rejected"}[1d]))`,
    ),
    graph('Verdicts', 'Versions checked.', 'short', [
      `sum by (verdict) (increase(gocenter_verdicts_total{${ours}}[1h]))`,
      '{{verdict}}',
    ]),
    graph('Rejections by rule', 'What a rule keeps out.', 'short', [
      `sum by (rule) (increase(gocenter_verdicts_total{${ours},verdict="rejected"}[1h]))`,
      '{{rule}}',
    ]),
  ]),

  cluster: dashboard('cluster', 'cluster', 'What the services run on.', [
    graph('CPU', 'Used, by service.', 'cores', [
      `sum by (container) (rate(container_cpu_usage_seconds_total{${ours},container!=""}[5m]))`,
      '{{container}}',
    ]),
    graph('CPU throttled', 'Share of periods; above a quarter the limit is too small.', 'percentunit', [
      `sum by (container) (rate(container_cpu_cfs_throttled_periods_total{${ours}}[5m])) / sum by (container) (rate(container_cpu_cfs_periods_total{${ours}}[5m]))`,
      '{{container}}',
    ]),
    graph('Memory', 'The largest pod of each service; its limit is the end of it.', 'bytes', [
      `max by (container) (container_memory_working_set_bytes{${ours},container!=""})`,
      '{{container}}',
    ]),
    graph(
      'Pods that should be there',
      'And how many are available.',
      'short',
      [`max by (deployment) (kube_deployment_spec_replicas{${ours}})`, '{{deployment}} wanted'],
      [`max by (deployment) (kube_deployment_status_replicas_available{${ours}})`, '{{deployment}} available'],
    ),
    graph('Containers that wait', 'CrashLoopBackOff, ImagePullBackOff and the like.', 'short', [
      `sum by (container, reason) (kube_pod_container_status_waiting_reason{${ours}})`,
      '{{container}} {{reason}}',
    ]),
    graph('Scraped', 'Pods that Prometheus sees.', 'short', [`sum by (job) (up{${ours}})`, '{{job}}']),
    number(
      'Certificate',
      'Of the host whose certificate ends first.',
      'd',
      'min(monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires)',
    ),
  ]),
};
