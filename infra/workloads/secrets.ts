import * as k8s from '@pulumi/kubernetes';
import { type Input, jsonStringify, output, type Resource } from '@pulumi/pulumi';
import type { Labels } from './labels.ts';

/** One secret of Secret Manager as a file that a variable names; its value is never in a manifest or in the state. */
export interface SecretFile {
  /** Environment variable that says where the file is. */
  variable: string;
  file: string;
  /** Version to mount, `projects/<project>/secrets/<id>/versions/<version>`. */
  version: Input<string>;
}

export const secretsFolder = '/var/run/secrets/gocenter';

/** GKE's Secret Manager add-on: the pod's own identity reads the secrets when the pod starts. */
export function secretClass(
  resource: string,
  metadata: { name: string; namespace: Input<string>; labels: Labels },
  secrets: readonly SecretFile[],
  parent: Resource,
): Resource {
  // The driver reads a YAML document in a string; JSON is one.
  const files = secrets.map(({ file, version }) => ({ resourceName: output(version), path: file }));
  return new k8s.apiextensions.CustomResource(
    resource,
    {
      apiVersion: 'secrets-store.csi.x-k8s.io/v1',
      kind: 'SecretProviderClass',
      metadata,
      spec: { provider: 'gke', parameters: { secrets: jsonStringify(files) } },
    },
    { parent },
  );
}

export const secretVolume = (secretProviderClass: string) => ({
  name: 'secrets',
  csi: {
    driver: 'secrets-store-gke.csi.k8s.io',
    readOnly: true,
    volumeAttributes: { secretProviderClass },
  },
});
