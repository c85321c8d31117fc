import { beforeAll, describe, expect, it } from 'vitest';
import { clusterMetrics } from '../../../infra/observability/cluster-metrics.ts';
import { dashboards } from '../../../infra/observability/dashboards.ts';
import { Observability } from '../../../infra/observability/index.ts';
import { cloudRuleGroups, ruleGroups } from '../../../infra/observability/rules.ts';
import { Uptime } from '../../../infra/observability/uptime.ts';
import { type Declared, declare, ofType } from '../cloud/declare.ts';
import { stageOf } from '../stage-files.ts';
import { find, type KubernetesObject, kubernetesObjects } from '../workloads/objects.ts';
import { usesOf } from './promql.ts';

const stage = stageOf('prod');
const runbooks = 'https://docs.example/alerts.md';

describe('Observability', () => {
  let objects: KubernetesObject[];
  beforeAll(async () => {
    const build = () => void new Observability('o', { stage, namespace: 'gocenter', runbooks });
    objects = kubernetesObjects(await declare(build));
  });

  it('has its rules see the metrics of its namespace, and those of the cloud where only they are seen', () => {
    const rules = find(objects, 'Rules', 'gocenter');
    expect([rules.metadata.namespace, rules.spec.groups]).toEqual(['gocenter', ruleGroups(runbooks)]);
    expect(find(objects, 'GlobalRules', 'gocenter').spec.groups).toEqual(cloudRuleGroups(runbooks));
  });

  it('names Cloud Monitoring’s metrics in no rule of a namespace, which would not see them', () => {
    for (const { expr } of ruleGroups(runbooks).flatMap(({ rules }) => rules)) {
      expect(usesOf(expr).filter(({ metric }) => clusterMetrics[metric] === 'uptime')).toEqual([]);
    }
  });

  it('configures managed Alertmanager where it looks', () => {
    const { metadata, stringData } = find(objects, 'Secret', 'alertmanager');
    expect(metadata.namespace).toBe('gmp-public');
    expect(JSON.parse(stringData['alertmanager.yaml']).route.receiver).toBe('notifier');
  });

  it('gives a Grafana’s sidecar each dashboard whole', () => {
    const found = objects.filter(({ metadata }) => metadata.labels?.grafana_dashboard === '1');
    expect(
      found.flatMap(({ data }) => Object.values(data as Record<string, string>).map(text => JSON.parse(text))),
    ).toEqual(JSON.parse(JSON.stringify(Object.values(dashboards))));
  });
});

describe('Uptime', () => {
  let declared: Declared[];
  beforeAll(async () => {
    declared = await declare(() => void new Uptime('u', stage));
  });

  it('looks at both hosts from outside, certificate included', () => {
    const checks = ofType(declared, 'gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig');
    expect(checks.map(({ inputs }) => inputs)).toMatchObject(
      [stage.dns.page, stage.dns.proxy].map(host => ({
        httpCheck: { port: 443, useSsl: true, validateSsl: true },
        monitoredResource: { labels: { host } },
      })),
    );
  });

  it('tells by e-mail, and not by the notifier, that nothing is reached or that the notifier is gone', () => {
    const policies = ofType(declared, 'gcp:monitoring/alertPolicy:AlertPolicy').map(
      ({ inputs }) => inputs as KubernetesObject,
    );
    expect(policies).toHaveLength(2);
    const [channel] = ofType(declared, 'gcp:monitoring/notificationChannel:NotificationChannel');
    expect(channel?.inputs).toMatchObject({ type: 'email', labels: { email_address: stage.alerts.email } });
    for (const { notificationChannels, conditions } of policies) {
      expect(notificationChannels).toEqual([channel?.name]);
      for (const { metric } of usesOf(conditions[0].conditionPrometheusQueryLanguage.query)) {
        expect(Object.keys(clusterMetrics)).toContain(metric);
      }
    }
  });
});
