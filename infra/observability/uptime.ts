import { AlertPolicy } from '@pulumi/gcp/monitoring/alertPolicy.js';
import { NotificationChannel } from '@pulumi/gcp/monitoring/notificationChannel.js';
import { UptimeCheckConfig } from '@pulumi/gcp/monitoring/uptimeCheckConfig.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Stage } from '../stage.ts';
import { namespaceName } from '../workloads/names.ts';

/**
 * Google's look from outside at both hosts, once a minute, which also measures what is left of their certificates; and an
 * e-mail when the hosts don't answer or the notifier, which tells of every other alert, is gone.
 */
export class Uptime extends ComponentResource {
  /** Notification channel of the e-mail address. */
  readonly channel: Output<string>;

  constructor(name: string, stage: Stage, options?: ComponentResourceOptions) {
    super('gocenter:observability:Uptime', name, {}, options);
    const parent = { parent: this };
    const labels = { owner: stage.owner, stage: stage.name };

    const email = new NotificationChannel(
      `${name}-email`,
      {
        displayName: `GoCenter ${stage.name}`,
        type: 'email',
        labels: { email_address: stage.alerts.email },
        userLabels: labels,
      },
      parent,
    );
    this.channel = email.id;
    // What is cheap and tells that the store is there; one that asks for tokens answers 401.
    const paths = { page: '/', proxy: '/index?limit=1' } as const;
    for (const [host, path] of Object.entries(paths) as [keyof typeof paths, string][]) {
      new UptimeCheckConfig(
        `${name}-${host}`,
        {
          displayName: `GoCenter ${stage.name}: ${host}`,
          period: '60s',
          timeout: '10s',
          httpCheck: {
            path,
            port: 443,
            useSsl: true,
            validateSsl: true,
            acceptedResponseStatusCodes: [{ statusClass: 'STATUS_CLASS_2XX' }, { statusValue: 401 }],
          },
          monitoredResource: { type: 'uptime_url', labels: { project_id: stage.project, host: stage.dns[host] } },
          userLabels: labels,
        },
        parent,
      );
    }
    const alert = (id: string, displayName: string, query: string, duration: string, advice: string) =>
      new AlertPolicy(
        `${name}-${id}`,
        {
          displayName: `GoCenter ${stage.name}: ${displayName}`,
          combiner: 'OR',
          severity: 'CRITICAL',
          conditions: [
            { displayName, conditionPrometheusQueryLanguage: { query, duration, evaluationInterval: '60s' } },
          ],
          documentation: { mimeType: 'text/markdown', content: advice },
          notificationChannels: [email.name],
          userLabels: labels,
        },
        parent,
      );
    alert(
      'unreachable',
      'not reachable from outside',
      'avg by (host) (monitoring_googleapis_com:uptime_check_check_passed) < 0.5',
      '180s',
      'Most of Google’s locations get no good answer. See docs/runbooks/alerts.md, "Unreachable".',
    );
    alert(
      'silent',
      'alerts reach nobody',
      `absent(up{job="notifier",namespace="${namespaceName}"} == 1)`,
      '600s',
      'The notifier, which passes on all other alerts, is not there. See docs/runbooks/alerts.md, "NotifierAbsent".',
    );
    this.registerOutputs({});
  }
}
