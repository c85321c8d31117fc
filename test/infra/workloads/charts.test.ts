import { describe, expect, it } from 'vitest';
import type { Stage } from '../../../infra/stage.ts';
import { Charts } from '../../../infra/workloads/charts.ts';
import { declare, ofType } from '../cloud/declare.ts';
import { stageNames, stageOf } from '../stage-files.ts';

const build = (stage: Stage) =>
  declare(() => void new Charts('charts', { stage, reader: 'keda@p.example', ghcr: 'cache.example/ghcr' }));
const releases = async (stage: Stage) =>
  ofType(await build(stage), 'kubernetes:helm.sh/v3:Release').map(({ inputs }) => inputs);

const withArtifactory = (repository: string): Stage => {
  const stage = stageOf('dev');
  const artifactory = { ...stage.charts.artifactory, enabled: true, repository };
  return { ...stage, charts: { ...stage.charts, artifactory } };
};

describe('what others make', () => {
  it.each(stageNames)('is KEDA alone on %s, pinned, and taken back when it fails', async name => {
    const stage = stageOf(name);
    expect(await releases(stage)).toMatchObject([
      { name: 'keda', chart: 'keda', version: stage.charts.keda.version, namespace: 'keda', atomic: true },
    ]);
  });

  it('asks Prometheus as the identity that may, from images of the stage, beside the cluster’s own parts', async () => {
    const stage = stageOf('prod');
    const [keda] = await releases(stage);
    expect(keda?.values).toEqual({
      global: { image: { registry: 'cache.example/ghcr' } },
      nodeSelector: { 'gocenter/pool': 'system' },
      priorityClassName: 'system-cluster-critical',
      serviceAccount: { operator: { annotations: { 'iam.gke.io/gcp-service-account': 'keda@p.example' } } },
      ...stage.charts.keda.values,
    });
  });

  it('has an Artifactory where the stage’s values say so, from a chart repository or a registry', async () => {
    const artifactory = async (repository: string) =>
      (await releases(withArtifactory(repository))).find(({ name }) => name === 'artifactory');
    expect(await artifactory('https://charts.example')).toMatchObject({
      chart: 'artifactory',
      repositoryOpts: { repo: 'https://charts.example' },
    });
    const fromRegistry = await artifactory('oci://registry.example/charts');
    expect(fromRegistry).toMatchObject({ chart: 'oci://registry.example/charts/artifactory' });
    expect(fromRegistry).not.toHaveProperty('repositoryOpts');
  });
});
