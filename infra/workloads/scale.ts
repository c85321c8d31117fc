import * as k8s from '@pulumi/kubernetes';
import type { Input, Output, Resource } from '@pulumi/pulumi';
import type { Labels } from './labels.ts';

/**
 * How many pods. All want more at once when there is more to do, and fewer only after five minutes of less.
 * - `cpu`: an ordinary HorizontalPodAutoscaler.
 * - `requests`: CPU and requests a second; KEDA asks Prometheus, and makes the HorizontalPodAutoscaler.
 * - `queue`: messages that wait, and the age of the oldest, as the services measure them: Cloud Monitoring's own figures of
 *   Pub/Sub come minutes late.
 */
export type Scale = { min: number; max: number } & (
  | { on: 'cpu'; percent: number }
  | { on: 'requests'; percent: number; query: Input<string>; each: number }
  | { on: 'queue'; depth: Input<string>; each: number; age: Input<string>; oldest: number }
);

export interface ScaleContext {
  name: string;
  namespace: Input<string>;
  labels: Labels;
  /** Where Prometheus' query interface is, and the TriggerAuthentication that opens it. */
  prometheus: { url: Input<string>; authentication: Input<string> };
}

const window = 300;

/**
 * Up without waiting, by a half or four pods in 15 s; down by a tenth a minute, on the highest wish of five minutes.
 * When Prometheus does not answer, the HorizontalPodAutoscaler scales up on what it knows and never down: so no
 * `fallback`, which could only be a guess.
 */
const behavior = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Percent', value: 50, periodSeconds: 15 },
      { type: 'Pods', value: 4, periodSeconds: 15 },
    ],
  },
  scaleDown: {
    stabilizationWindowSeconds: window,
    selectPolicy: 'Max',
    policies: [
      { type: 'Percent', value: 10, periodSeconds: 60 },
      { type: 'Pods', value: 1, periodSeconds: 60 },
    ],
  },
};

/** The autoscaler of the Deployment of that name. */
export function autoscaler(resource: string, context: ScaleContext, scale: Scale, parent: Resource): Resource {
  const metadata = { name: context.name, namespace: context.namespace, labels: context.labels };
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: context.name };
  if (scale.on === 'cpu') {
    return new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      resource,
      {
        metadata,
        spec: {
          scaleTargetRef: target,
          minReplicas: scale.min,
          maxReplicas: scale.max,
          metrics: [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: scale.percent } },
            },
          ],
          behavior,
        },
      },
      { parent },
    );
  }
  const ask = (query: Input<string>, threshold: number, metricType: 'AverageValue' | 'Value') => ({
    type: 'prometheus',
    metricType,
    // No data is no reason to shrink: an error keeps what there is.
    metadata: { serverAddress: context.prometheus.url, query, threshold: String(threshold), ignoreNullValues: 'false' },
    authenticationRef: { name: context.prometheus.authentication, kind: 'ClusterTriggerAuthentication' },
  });
  const triggers =
    scale.on === 'requests'
      ? [
          { type: 'cpu', metricType: 'Utilization', metadata: { value: String(scale.percent) } },
          ask(scale.query, scale.each, 'AverageValue'),
        ]
      : // The age as a value: as long as it is above its target the number grows in proportion.
        [ask(scale.depth, scale.each, 'AverageValue'), ask(scale.age, scale.oldest, 'Value')];
  return new k8s.apiextensions.CustomResource(
    resource,
    {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata,
      spec: {
        scaleTargetRef: target,
        minReplicaCount: scale.min,
        maxReplicaCount: scale.max,
        pollingInterval: 15,
        advanced: { horizontalPodAutoscalerConfig: { name: context.name, behavior } },
        triggers,
      },
    },
    { parent },
  );
}

/** Opens Google's Prometheus interface to KEDA by KEDA's own identity. Gives its name, for the triggers. */
export function prometheusAuthentication(name: string, labels: Labels, parent: Resource): Output<string> {
  return new k8s.apiextensions.CustomResource(
    `${name}-authentication`,
    {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ClusterTriggerAuthentication',
      metadata: { name, labels },
      spec: { podIdentity: { provider: 'gcp' } },
    },
    { parent },
  ).metadata.name;
}
