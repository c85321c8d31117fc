import { Counter, Gauge, type Registry } from 'prom-client';

export function createNotifierMetrics(registry: Registry) {
  const registers = [registry];
  return {
    deliveries: new Counter({
      name: 'gocenter_notifications_total',
      help: 'Attempts to deliver by kind (slack, webhook) and outcome (delivered, retried, failed: given up).',
      labelNames: ['kind', 'outcome'] as const,
      registers,
    }),
    pending: new Gauge({
      name: 'gocenter_notifications_pending',
      help: 'Notifications that wait to be delivered, as the replica that delivers last saw them.',
      registers,
    }),
    hooks: new Counter({
      name: 'gocenter_hooks_total',
      help: 'Requests to the notifier’s hooks by source and outcome (accepted, ignored, or a fault kind).',
      labelNames: ['source', 'outcome'] as const,
      registers,
    }),
  };
}

export type NotifierMetrics = ReturnType<typeof createNotifierMetrics>;
