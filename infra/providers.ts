import { Provider as GoogleProvider } from '@pulumi/gcp/provider.js';
import { Provider as KubernetesProvider } from '@pulumi/kubernetes/provider.js';
import { type Input, jsonStringify } from '@pulumi/pulumi';
import type { Stage } from './stage.ts';

/** Labels of every resource of the stage that can have some: bills are divided by them. */
export const labelsOf = (stage: Stage): Record<string, string> => ({
  app: 'gocenter',
  stage: stage.name,
  owner: stage.owner,
  'cost-centre': stage.costCentre,
});

/** The only way to Google Cloud: the stage's project, region and labels. Credentials are those of who runs Pulumi. */
export const google = (stage: Stage): GoogleProvider =>
  new GoogleProvider('google', {
    project: stage.project,
    region: stage.region,
    defaultLabels: labelsOf(stage),
    // Quotas of interfaces count on the stage, not on the project that the credentials happen to be of.
    billingProject: stage.project,
    userProjectOverride: true,
  });

/**
 * The only way to the cluster: its DNS endpoint, which asks IAM who somebody is, so that no certificate, token or
 * password is in the state. `identifier` is what makes it another cluster: without it a kubeconfig that a preview does not
 * know yet would show every object as replaced.
 */
export const kubernetes = (endpoint: Input<string>, identifier: string): KubernetesProvider =>
  new KubernetesProvider('kubernetes', {
    kubeconfig: kubeconfig(endpoint),
    clusterIdentifier: identifier,
    enableServerSideApply: true,
  });

/** For the DNS endpoint, whose certificate is one of the public authorities'. */
export const kubeconfig = (endpoint: Input<string>) =>
  jsonStringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'stage',
    clusters: [{ name: 'stage', cluster: { server: endpoint } }],
    contexts: [{ name: 'stage', context: { cluster: 'stage', user: 'google' } }],
    users: [
      {
        name: 'google',
        user: {
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1',
            command: 'gke-gcloud-auth-plugin',
            installHint: 'Install it with: gcloud components install gke-gcloud-auth-plugin',
            interactiveMode: 'Never',
            provideClusterInfo: true,
          },
        },
      },
    ],
  });
