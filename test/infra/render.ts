import { stringify } from 'yaml';
import { Observability } from '../../infra/observability/index.ts';
import type { StageName } from '../../infra/stage.ts';
import { Platform } from '../../infra/workloads/platform.ts';
import { declare } from './cloud/declare.ts';
import { stageOf } from './stage-files.ts';
import { backends } from './workloads/fixtures.ts';
import { type KubernetesObject, kubernetesObjects } from './workloads/objects.ts';

/**
 * The Kubernetes half of a stage, as it would be sent to the API server, on made-up backends. Charts are not among it: they
 * are rendered by Helm.
 */
export async function renderStage(name: StageName): Promise<KubernetesObject[]> {
  const stage = stageOf(name);
  const declared = await declare(() => {
    const platform = new Platform('platform', { stage, backends });
    const { namespace } = platform.namespace;
    new Observability('observability', { stage, namespace, runbooks: 'https://docs.example/runbooks/alerts.md' });
  });
  return kubernetesObjects(declared);
}

export const toYaml = (objects: readonly KubernetesObject[]): string =>
  objects.map(object => stringify(object, { aliasDuplicateObjects: false })).join('---\n');
