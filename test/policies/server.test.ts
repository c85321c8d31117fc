import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import { AnalyzerClient } from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import analyzer from '@pulumi/pulumi/proto/analyzer_pb.js';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb.js';
import { Struct } from 'google-protobuf/google/protobuf/struct_pb.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { policies } from '../../policies/policies.ts';
import { unknown } from './paths.ts';

/** The pack as the engine runs it: a process that says its port, and is asked by gRPC. */
let pack: ChildProcess;
let client: AnalyzerClient;

beforeAll(async () => {
  const cwd = fileURLToPath(new URL('../../policies', import.meta.url));
  const config = JSON.stringify({
    'gocenter:policies': JSON.stringify({ 'image-digest': 'advisory', 'autoscaler-bounds': { most: 200 } }),
  });
  const env = { ...process.env, PULUMI_CONFIG: config };
  pack = spawn(process.execPath, ['index.js'], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(pack.stdout ?? pack, 'data');
  client = new AnalyzerClient(`127.0.0.1:${String(port).trim()}`, credentials.createInsecure());
});
afterAll(() => {
  client.close();
  pack.kill();
});

const info = () =>
  new Promise<analyzer.AnalyzerInfo>((resolve, reject) =>
    client.getAnalyzerInfo(new Empty(), (error, answer) => (error ? reject(error) : resolve(answer))),
  );

it('starts, and says of every policy its level, its kind and its settings with their defaults', async () => {
  const answer = await info();
  expect(answer.getName()).toBe('gocenter');
  const said = answer.getPoliciesList().map(policy => ({
    name: policy.getName(),
    level: policy.getEnforcementlevel(),
    kind: policy.getPolicyType(),
    settings: policy.getConfigschema()?.getProperties()?.toJavaScript() ?? {},
  }));
  const { MANDATORY, REMEDIATE } = analyzer.EnforcementLevel;
  const { POLICY_TYPE_RESOURCE, POLICY_TYPE_STACK } = analyzer.PolicyType;
  expect(said).toEqual(
    policies.map(policy => ({
      name: policy.name,
      level: policy.enforcementLevel === 'remediate' ? REMEDIATE : MANDATORY,
      kind: 'validateStack' in policy ? POLICY_TYPE_STACK : POLICY_TYPE_RESOURCE,
      settings: policy.configSchema?.properties ?? {},
    })),
  );
});

it('takes what a stage says of it from the stage’s own values', async () => {
  const settings = (await info()).getInitialconfigMap();
  expect(settings.get('image-digest')?.getEnforcementlevel()).toBe(analyzer.EnforcementLevel.ADVISORY);
  expect(settings.get('autoscaler-bounds')?.getEnforcementlevel()).toBe(analyzer.EnforcementLevel.MANDATORY);
  expect(settings.get('autoscaler-bounds')?.getProperties()?.toJavaScript()).toEqual({ most: 200 });
});

it('answers with violations, and with advice on what is not known yet', async () => {
  const request = new analyzer.AnalyzeRequest();
  request.setType('gcp:storage/bucket:Bucket');
  request.setName('published');
  request.setUrn('urn:pulumi:prod::gocenter::gcp:storage/bucket:Bucket::published');
  request.setOptions(new analyzer.AnalyzerResourceOptions());
  request.setProperties(
    Struct.fromJavaScript({ publicAccessPrevention: 'inherited', uniformBucketLevelAccess: unknown }),
  );
  const answer = await new Promise<analyzer.AnalyzeResponse>((resolve, reject) =>
    client.analyze(request, (error, response) => (error ? reject(error) : resolve(response))),
  );
  const said = answer
    .getDiagnosticsList()
    .map(each => [each.getPolicyname(), each.getMessage(), each.getEnforcementlevel()]);
  const { MANDATORY, ADVISORY } = analyzer.EnforcementLevel;
  expect(said).toContainEqual([
    'bucket-public-access',
    expect.stringContaining('Bucket published, publicAccessPrevention: is inherited; write enforced.'),
    MANDATORY,
  ]);
  expect(said).toContainEqual([
    'bucket-uniform-access',
    expect.stringContaining("can't be known during preview"),
    ADVISORY,
  ]);
});
