import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Project, title, withoutPulumi } from './pulumi.ts';

const kubeconfig = inject('engineKubeconfig');

describe.skipIf(withoutPulumi !== undefined)(title('the workloads, on the test cluster'), () => {
  let project: Project;
  const run = (...args: string[]) => project.succeed([...args, '--stack', 'test'], { KUBECONFIG: kubeconfig ?? '' });

  beforeAll(async () => {
    project = new Project('test/engine/workloads');
    await project.succeed(['stack', 'init', 'test', '--secrets-provider=passphrase']);
  });
  afterAll(() => project.remove());

  it('come up', async () => {
    const { output } = await run('up', '--yes', '--skip-preview');
    expect(output).toMatch(/\+ \d+ created/);
  });

  it('do not change when nothing has', async () => {
    const { output } = await run('up', '--yes', '--skip-preview', '--expect-no-changes');
    expect(output).toMatch(/\d+ unchanged/);
  });

  it('go again', async () => {
    const { output } = await run('destroy', '--yes', '--skip-preview');
    expect(output).toMatch(/- \d+ deleted/);
  });
});
