import type { TestProject } from 'vitest/node';
import { defaultFolder, startCluster } from '../cluster/index.ts';
import { withoutPulumi } from './pulumi.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** File that leads to the test cluster; undefined without an engine. */
    engineKubeconfig: string | undefined;
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  project.provide('engineKubeconfig', undefined);
  if (withoutPulumi !== undefined) {
    console.error(`engine: skipped: ${withoutPulumi}`);
    return undefined;
  }
  const { cluster, stop } = await startCluster(`${defaultFolder}-engine`, line => console.error(`cluster: ${line}`));
  project.provide('engineKubeconfig', cluster.kubeconfig);
  return stop;
}
