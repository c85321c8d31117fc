import { urlOf } from '../workloads/services.ts';

/**
 * Of managed Alertmanager: every alert to the notifier, which knows the chat. Grouped, so that one cause is one message;
 * what pages is told again after an hour, a ticket once a day. A page silences the ticket of the same promise.
 */
export function alertmanagerConfig(namespace: string) {
  const [scheme, host] = urlOf('notifier').split('//') as [string, string];
  const [service, port] = host.split(':') as [string, string];
  const url = `${scheme}//${service}.${namespace}.svc.cluster.local:${port}/hooks/alerts`;
  return {
    route: {
      receiver: 'notifier',
      group_by: ['alertname', 'subscription'],
      group_wait: '30s',
      group_interval: '5m',
      repeat_interval: '24h',
      routes: [{ receiver: 'notifier', matchers: ['severity="page"'], repeat_interval: '1h' }],
    },
    receivers: [{ name: 'notifier', webhook_configs: [{ url, send_resolved: true, max_alerts: 50 }] }],
    inhibit_rules: [
      {
        source_matchers: ['alertname=~".+BurnFast"'],
        target_matchers: ['alertname=~".+BurnSlow"'],
      },
    ],
  };
}
