import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stageNames } from '../infra/stage-files.ts';
import { Project, title, withoutPulumi } from './pulumi.ts';

describe.skipIf(withoutPulumi !== undefined)(title('pulumi preview, without a cloud'), () => {
  let project: Project;
  beforeAll(() => {
    project = new Project('.');
  });
  afterAll(() => project.remove());

  it.each(stageNames)('of %s completes, and no policy is violated', async stage => {
    await project.succeed(['stack', 'init', stage, '--secrets-provider=passphrase']);
    const { output, seconds } = await project.succeed(['preview', '--stack', stage, '--policy-pack', 'policies']);
    console.log(`preview of ${stage}: ${seconds.toFixed(1)} s`);
    expect(output).toMatch(/\+ \d+ to create/);
    expect(output).not.toMatch(/\[mandatory\]/);
  });

  it('of a stage with faults names them all and declares nothing', async () => {
    await project.run(['stack', 'init', 'dev', '--secrets-provider=passphrase']);
    const set = (path: string, value: string) =>
      project.succeed(['config', 'set', '--stack', 'dev', '--path', path, value]);
    await set('gocenter:pools.workers.min', '99');
    await set('gocenter:netwrok', 'x');
    const { code, output } = await project.run(['preview', '--stack', 'dev']);
    expect(code).not.toBe(0);
    expect(output).toContain('netwrok is unknown');
    expect(output).not.toMatch(/gcp:|kubernetes:/);
  });
});
