import { spawnSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { type Cluster, defaultFolder, startCluster } from './index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    cluster: Cluster | undefined;
    /** Why there is none. */
    withoutCluster: string | undefined;
  }
}

/** One cluster for all test files of the project, beside the one that a person may have up. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const why = whyNoCluster();
  project.provide('withoutCluster', why);
  if (why !== undefined) {
    project.provide('cluster', undefined);
    return undefined;
  }
  const began = performance.now();
  const { cluster, stop } = await startCluster(`${defaultFolder}-test`, line => console.error(`cluster: ${line}`));
  console.error(`cluster: up after ${((performance.now() - began) / 1000).toFixed(1)} s`);
  project.provide('cluster', cluster);
  return stop;
}

function whyNoCluster(): string | undefined {
  if (process.platform !== 'linux') return 'the test cluster needs Linux';
  for (const program of ['go', 'setpriv']) {
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `the test cluster needs ${program}`;
  }
  return undefined;
}
