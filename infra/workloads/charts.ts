import * as k8s from '@pulumi/kubernetes';
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';
import { poolLabel } from '../services.ts';
import type { ChartValues, Stage } from '../stage.ts';
import { labels } from './labels.ts';

export interface ChartsArgs {
  stage: Stage;
  /** E-mail of the Google service account with which KEDA asks Prometheus. */
  reader: Input<string>;
  /** What stands for `ghcr.io`: images from elsewhere do not start. */
  ghcr: Input<string>;
}

/**
 * What others make, as pinned Helm charts with the stage's values: KEDA, and an Artifactory for those who move from one.
 *
 * As Releases: Helm's hooks run, and a preview does not fetch the chart as long as the cluster is not there, so that it
 * needs no network. A Chart would be rendered by every preview.
 */
export class Charts extends ComponentResource {
  constructor(name: string, args: ChartsArgs, options?: ComponentResourceOptions) {
    super('gocenter:workloads:Charts', name, {}, options);
    const { keda, artifactory } = args.stage.charts;
    const nodeSelector = { [poolLabel]: 'system' };
    this.#release('keda', args.stage, keda, {
      global: { image: { registry: args.ghcr } },
      nodeSelector,
      priorityClassName: 'system-cluster-critical',
      serviceAccount: { operator: { annotations: { 'iam.gke.io/gcp-service-account': args.reader } } },
    });
    if (artifactory.enabled) this.#release('artifactory', args.stage, artifactory, {});
    this.registerOutputs({});
  }

  /** `standard` gives way to the stage's values, key by key at the top. */
  #release(chart: string, stage: Stage, { repository, version, values }: ChartValues, standard: object): void {
    const namespace = new k8s.core.v1.Namespace(
      chart,
      {
        metadata: {
          name: chart,
          labels: {
            ...labels(chart, 'chart', stage.owner, stage.name),
            'pod-security.kubernetes.io/enforce': 'restricted',
            'pod-security.kubernetes.io/enforce-version': 'latest',
          },
        },
      },
      { parent: this },
    );
    const oci = repository.startsWith('oci://');
    new k8s.helm.v3.Release(
      chart,
      {
        name: chart,
        chart: oci ? `${repository}/${chart}` : chart,
        version,
        ...(!oci && { repositoryOpts: { repo: repository } }),
        namespace: namespace.metadata.name,
        values: { ...standard, ...values },
        // A release that fails is taken back, so that the next one starts from something that worked.
        atomic: true,
        timeout: 600,
      },
      { parent: this },
    );
  }
}
