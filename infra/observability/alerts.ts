import { serviceNames } from '../services.ts';
import { badRatio, burns, eventRate, type Objective, objectives } from './objectives.ts';
import type { AlertingRule, Severity } from './prometheus.ts';

/** An alert without its runbook's address, which depends on where the documentation is read. */
export interface Alert {
  name: string;
  expr: string;
  /** How long it must be so. */
  for: string;
  severity: Severity;
  summary: string;
  description: string;
}

const seconds: Record<string, number> = { '1h': 3600, '6h': 21_600, '1d': 86_400, '3d': 259_200 };

/** The two windows of one severity in one alert: whoever is woken wants to be woken once. */
function burnAlert(objective: Objective, severity: Severity): Alert {
  const { name, promise, target, atLeast } = objective;
  const budget = 1 - target;
  const conditions = burns
    .filter(burn => burn.severity === severity)
    .map(({ rate, long, short }) => {
      const limit = Number((rate * budget).toPrecision(6));
      const enough = `${eventRate(objective, long)} * ${seconds[long]} >= ${atLeast}`;
      return `(${badRatio(objective, long)} > ${limit} and ${badRatio(objective, short)} > ${limit} and ${enough})`;
    });
  const title = name[0]?.toUpperCase() + name.slice(1);
  return {
    name: `${title}Burn${severity === 'page' ? 'Fast' : 'Slow'}`,
    expr: conditions.join(' or '),
    for: severity === 'page' ? '2m' : '15m',
    severity,
    summary: `The error budget of ${name} burns ${severity === 'page' ? 'fast' : 'slowly but surely'}`,
    description: `{{ $value | humanizePercentage }} of the events broke the promise that ${promise} (${target * 100} % in 30 days).`,
  };
}

const present: Alert[] = serviceNames.map(service => ({
  name: `${service
    .split('-')
    .map(word => word[0]?.toUpperCase() + word.slice(1))
    .join('')}Absent`,
  expr: `absent(up{job="${service}"} == 1)`,
  for: '5m',
  severity: 'page',
  summary: `No pod of ${service} is seen by Prometheus`,
  description: `For five minutes none of ${service}'s pods could be scraped: none runs, or its metrics are lost.`,
}));

/** Rules on the metrics of this namespace. */
export const alerts: readonly Alert[] = [
  ...objectives.flatMap(objective => [burnAlert(objective, 'page'), burnAlert(objective, 'ticket')]),
  ...present,
  {
    name: 'QueueOld',
    expr: 'max by (subscription) (gocenter_queue_oldest_age_seconds) > 300',
    for: '5m',
    severity: 'page',
    summary: 'Messages of {{ $labels.subscription }} wait for minutes',
    description: 'The oldest has waited {{ $value | humanizeDuration }}; autoscaling should have caught up by now.',
  },
  {
    name: 'DeadLetters',
    expr: 'max by (subscription) (gocenter_dead_letters) > 0',
    for: '5m',
    severity: 'ticket',
    summary: '{{ $labels.subscription }} has given up messages',
    description: '{{ $value }} dead letters are kept; nobody tries them again until they are replayed.',
  },
  {
    name: 'SecurityAlarm',
    // A counter that appears with its first alarm has not increased yet.
    expr:
      'sum by (reason) (increase(gocenter_alarms_total[15m])) > 0 or ' +
      '(sum by (reason) (gocenter_alarms_total) unless sum by (reason) (gocenter_alarms_total offset 15m))',
    for: '0m',
    severity: 'page',
    summary: 'Alarm: {{ $labels.reason }}',
    description: 'Content or checksums are not what they were. Users are served what was published first.',
  },
  {
    name: 'OriginFailing',
    expr:
      'sum by (host) (rate(gocenter_fetches_total{outcome!~"ok|not-found|gone"}[15m])) / ' +
      '(sum by (host) (rate(gocenter_fetches_total[15m])) > 0.05) > 0.5',
    for: '15m',
    severity: 'ticket',
    summary: 'More than half of the requests to {{ $labels.host }} fail',
    description: '{{ $value | humanizePercentage }} failed over 15 minutes. What is published is served all the same.',
  },
  {
    name: 'CrashLoop',
    expr: 'max by (pod, container) (kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}) > 0',
    for: '5m',
    severity: 'page',
    summary: '{{ $labels.container }} of {{ $labels.pod }} crashes at every start',
    description: 'It has been restarted again and again for five minutes.',
  },
  {
    name: 'PodsMissing',
    expr:
      'max by (deployment) (kube_deployment_spec_replicas) - ' +
      'max by (deployment) (kube_deployment_status_replicas_available) > 0',
    for: '15m',
    severity: 'ticket',
    summary: '{{ $labels.deployment }} has {{ $value }} pods fewer than it should',
    description: 'For 15 minutes: no room on the nodes, quota, an image that can’t be pulled, or never ready.',
  },
  {
    name: 'AutoscalerAtMaximum',
    expr:
      'max by (horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_current_replicas) >= ' +
      'max by (horizontalpodautoscaler) (kube_horizontalpodautoscaler_spec_max_replicas)',
    for: '30m',
    severity: 'ticket',
    summary: '{{ $labels.horizontalpodautoscaler }} can’t grow any further',
    description: 'It has run with its maximum of {{ $value }} pods for half an hour.',
  },
];

/** Rules on Cloud Monitoring's own metrics, which belong to no namespace. */
export const cloudAlerts: readonly Alert[] = [
  {
    name: 'CertificateExpires',
    expr: 'min by (host) (monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires) < 14',
    for: '1h',
    severity: 'page',
    summary: 'The certificate of {{ $labels.host }} expires soon',
    description: 'It is valid for {{ $value }} more days; it should have been renewed at 30.',
  },
];

/** `runbooks` is the address of docs/runbooks/alerts.md; each alert has a section of its name there. */
export function alertingRule(alert: Alert, runbooks: string): AlertingRule {
  return {
    alert: alert.name,
    expr: alert.expr,
    for: alert.for,
    labels: { severity: alert.severity },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: `${runbooks}#${alert.name.toLowerCase()}`,
    },
  };
}
