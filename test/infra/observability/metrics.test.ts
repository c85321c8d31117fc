import { describe, expect, it } from 'vitest';
import { clusterMetrics } from '../../../infra/observability/cluster-metrics.ts';
import { dashboards } from '../../../infra/observability/dashboards.ts';
import { isAlert } from '../../../infra/observability/prometheus.ts';
import { cloudRuleGroups, ruleGroups } from '../../../infra/observability/rules.ts';
import { queueQueries, requestQuery } from '../../../infra/workloads/queries.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { createRequestStats } from '../../../services/proxy/stats.ts';
import { usesOf } from './promql.ts';

interface Panel {
  id?: number;
  title?: string;
  description?: string;
  targets?: { expr: string; legendFormat: string }[];
  fieldConfig?: { defaults: { unit?: string } };
}
const panelsOf = (dashboard: object): Panel[] => (dashboard as { panels: Panel[] }).panels;

/** Labels that Prometheus adds to all that it scrapes. */
const scraped = ['namespace', 'job', 'instance', 'cluster', 'location', 'project_id', 'pod', 'node', 'le'];

/** What the services expose, by name, with its labels. */
async function exposed(): Promise<Map<string, string[]>> {
  const { registry } = createMetrics();
  const stats = createRequestStats(registry, () => 0);
  stats.count({ kind: 'zip', module: '', version: '', status: 200, bytes: 1, cache: 'store', duration: 1 });
  const found = new Map<string, string[]>();
  for (const { name, type, values } of await registry.getMetricsAsJSON()) {
    const metric = registry.getSingleMetric(name) as { labelNames?: string[] } | undefined;
    const labels = metric?.labelNames ?? Object.keys(values[0]?.labels ?? {});
    const suffixes = String(type) === 'histogram' ? ['_bucket', '_count', '_sum'] : [''];
    for (const suffix of suffixes) found.set(`${name}${suffix}`, labels);
  }
  return found;
}

const rules = [...ruleGroups('docs'), ...cloudRuleGroups('docs')].flatMap(group => group.rules);
const recorded = rules.flatMap(rule => (isAlert(rule) ? [] : [rule.record]));

const expressions: [where: string, expr: string][] = [
  ...rules.map(rule => [isAlert(rule) ? rule.alert : rule.record, rule.expr] as [string, string]),
  ...Object.entries(dashboards).flatMap(([id, dashboard]) =>
    panelsOf(dashboard).flatMap(panel =>
      (panel.targets ?? []).map(({ expr }) => [`${id}: ${panel.title}`, expr] as [string, string]),
    ),
  ),
  ['autoscaler of the proxy', requestQuery()],
  ...Object.values(queueQueries('processor')).map(query => ['autoscaler of a queue', query] as [string, string]),
];

describe('every metric that a rule, a panel or an autoscaler names', () => {
  it.each(expressions)('exists, with the labels asked for: %s', async (_, expr) => {
    const services = await exposed();
    const uses = usesOf(expr);
    expect(uses).not.toEqual([]);
    for (const { metric, labels } of uses) {
      const own = services.get(metric);
      expect(own !== undefined || metric in clusterMetrics || recorded.includes(metric), metric).toBe(true);
      if (own)
        expect(
          labels.filter(label => ![...own, ...scraped].includes(label)),
          metric,
        ).toEqual([]);
    }
  });

  it('is found whatever the expression looks like', () => {
    const expr =
      'sum by (le, x) (rate(a_total{b="c{",d!~"e"}[5m])) / (f:g:h offset 15m > 0.05) unless on () max(i) or vector(0)';
    expect(usesOf(expr.replace('c{', 'c'))).toEqual([
      { metric: 'a_total', labels: ['b', 'd'] },
      { metric: 'f:g:h', labels: [] },
      { metric: 'i', labels: [] },
    ]);
  });
});

describe('the dashboards', () => {
  it.each(Object.entries(dashboards))(
    '%s says of each panel what it shows, in which unit and what to make of it',
    (_, dashboard) => {
      for (const panel of panelsOf(dashboard)) {
        expect(panel.title).toBeTruthy();
        expect(panel.description).toMatch(/\.$/);
        expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
        expect(panel.targets?.length).toBeGreaterThan(0);
      }
    },
  );

  it('have addresses of their own that never change', () => {
    expect(Object.values(dashboards).map(({ uid }) => uid)).toEqual([
      'gocenter-traffic',
      'gocenter-queue',
      'gocenter-fetches',
      'gocenter-catalogue',
      'gocenter-cluster',
    ]);
  });
});
