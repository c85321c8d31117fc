import * as k8s from '@pulumi/kubernetes';
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';
import type { Stage } from '../stage.ts';
import { labels } from '../workloads/labels.ts';
import { namespaceName } from '../workloads/names.ts';
import { alertmanagerConfig } from './alertmanager.ts';
import { dashboards } from './dashboards.ts';
import { cloudRuleGroups, ruleGroups } from './rules.ts';

export interface ObservabilityArgs {
  stage: Stage;
  /** Of the services: their rules see its metrics only. */
  namespace: Input<string>;
  /** Where docs/runbooks/alerts.md is read: what an alert's link leads to. */
  runbooks: string;
}

const monitoring = 'monitoring.googleapis.com/v1';

/**
 * Rules, alerts and their way to the notifier, in managed Prometheus; dashboards as ConfigMaps, which the sidecar of any
 * Grafana takes in by their label.
 */
export class Observability extends ComponentResource {
  /** Names of the dashboards' ConfigMaps. */
  readonly dashboards: readonly string[];

  constructor(name: string, args: ObservabilityArgs, options?: ComponentResourceOptions) {
    super('gocenter:observability:Observability', name, {}, options);
    const { stage, namespace, runbooks } = args;
    const common = labels('gocenter', 'observability', stage.owner, stage.name);
    const parent = { parent: this };

    new k8s.apiextensions.CustomResource(
      `${name}-rules`,
      {
        apiVersion: monitoring,
        kind: 'Rules',
        metadata: { name: 'gocenter', namespace, labels: common },
        spec: { groups: ruleGroups(runbooks) },
      },
      parent,
    );
    new k8s.apiextensions.CustomResource(
      `${name}-cloud-rules`,
      {
        // Only these see metrics of Cloud Monitoring itself.
        apiVersion: monitoring,
        kind: 'GlobalRules',
        metadata: { name: 'gocenter', labels: common },
        spec: { groups: cloudRuleGroups(runbooks) },
      },
      parent,
    );
    new k8s.core.v1.Secret(
      `${name}-alertmanager`,
      {
        // Name, namespace and key are managed Alertmanager's own. There is nothing secret in it. JSON is YAML.
        metadata: { name: 'alertmanager', namespace: 'gmp-public', labels: common },
        stringData: { 'alertmanager.yaml': JSON.stringify(alertmanagerConfig(namespaceName), undefined, 2) },
      },
      parent,
    );
    this.dashboards = Object.entries(dashboards).map(([concern, dashboard]) => {
      const object = `dashboard-${concern}`;
      new k8s.core.v1.ConfigMap(
        `${name}-${object}`,
        {
          metadata: {
            name: object,
            namespace,
            labels: { ...common, grafana_dashboard: '1' },
            annotations: { grafana_folder: 'GoCenter' },
          },
          data: { [`gocenter-${concern}.json`]: JSON.stringify(dashboard) },
        },
        parent,
      );
      return object;
    });
    this.registerOutputs({ dashboards: this.dashboards });
  }
}
