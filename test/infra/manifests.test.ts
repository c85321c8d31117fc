import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDefinitions } from '../cluster/crds/index.ts';
import { buildTools } from '../tools/index.ts';
import { moduleFolder } from '../tools/module.ts';
import { renderStage, toYaml } from './render.ts';
import * as schemas from './schemas.ts';
import { stageNames } from './stage-files.ts';

const run = promisify(execFile);
const hasGo = await run('go', ['version']).then(
  () => true,
  () => false,
);

/** What a tool prints is judged, not only whether it is content. */
const output = async (tool: string, args: string[]): Promise<string> =>
  run(tool, args, { maxBuffer: 64 << 20 }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; message: string }) => error.stdout || error.message,
  );

describe.skipIf(!hasGo)('the manifests, read by others’ tools (needs go to build them)', () => {
  let folder: string;
  let tools: Record<'kubeconform' | 'kube-score', string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'manifests-'));
    tools = await buildTools(['kubeconform', 'kube-score']);
    const all = join(folder, 'schemas');
    await schemas.writeKubernetesSchemas(all, await moduleFolder('kubernetes', 'k8s.io/kubernetes'));
    const google = await schemas.readDefinitions(join(import.meta.dirname, 'crds', 'google.yaml'));
    await schemas.writeCustomSchemas(all, [...(await readDefinitions()), ...google]);
    for (const stage of stageNames) {
      await writeFile(join(folder, `${stage}.yaml`), toYaml(await renderStage(stage)));
    }
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const conform = async (file: string) => {
    const location = schemas.schemaTemplate(join(folder, 'schemas'));
    const text = await output(tools.kubeconform, [
      '-strict',
      '-output',
      'json',
      '-summary',
      '-schema-location',
      location,
      file,
    ]);
    return JSON.parse(text) as { resources: { name: string; msg: string }[]; summary: Record<string, number> };
  };

  it.each(stageNames)('kubeconform knows every kind and field of %s, and finds nothing wrong', async stage => {
    const { resources, summary } = await conform(join(folder, `${stage}.yaml`));
    expect(resources ?? []).toEqual([]);
    expect(summary).toMatchObject({ invalid: 0, errors: 0, skipped: 0 });
    expect(summary.valid).toBeGreaterThan(60);
  });

  it.each([
    ['a misspelt field', 'automountServiceAccountToken', 'automountServiceAcountToken'],
    ['a wrong type', 'minReadySeconds: 10', 'minReadySeconds: ten'],
    ['a misspelt field of a custom kind', 'pollingInterval', 'pollInterval'],
    ['an unknown kind', 'kind: PodMonitoring', 'kind: PodMonitor'],
  ])('… and would find %s', async (_, right, wrong) => {
    const file = join(folder, 'wrong.yaml');
    const text = toYaml(await renderStage('dev'));
    expect(text).toContain(right);
    await writeFile(file, text.replace(right, wrong));
    expect((await conform(file)).resources).toHaveLength(1);
  });

  /** Checks of kube-score that don't hold for us, and why. */
  const exempt: Readonly<Record<string, string>> = {
    'container-image-pull-policy': 'an image by digest is the same wherever it comes from',
  };

  it.each(stageNames)('kube-score has no critical objection to %s', async stage => {
    const ignore = Object.keys(exempt).flatMap(check => ['--ignore-test', check]);
    const text = await output(tools['kube-score'], [
      'score',
      '--output-format',
      'ci',
      ...ignore,
      join(folder, `${stage}.yaml`),
    ]);
    expect(text).toContain('[OK]');
    expect(text.split('\n').filter(line => line.startsWith('[CRITICAL]'))).toEqual([]);
  });
});
