import { beforeAll, describe, expect, it } from 'vitest';
import { fromLoadBalancer, toDatabase, toGoogle, toWorkload } from '../../../infra/workloads/network.ts';
import { Workload, type WorkloadArgs } from '../../../infra/workloads/workload.ts';
import { declare } from '../cloud/declare.ts';
import { find, type KubernetesObject, kubernetesObjects } from './objects.ts';

const image = `registry.example/gocenter@sha256:${'0'.repeat(64)}` as const;

const plain: WorkloadArgs = {
  namespace: 'gocenter',
  service: 'proxy',
  owner: 'team-a',
  stage: 'dev',
  image,
  pool: 'serving',
  tainted: false,
  identity: 'proxy@project.example',
  environment: { PORT: '8080' },
  secrets: [],
  ports: { http: 8080 },
  resources: { cpu: { request: '500m', limit: '2000m' }, memory: '1Gi', disk: '1Gi' },
  scratch: [{ path: '/tmp', size: '64Mi' }],
  scale: { on: 'cpu', percent: 70, min: 2, max: 10 },
  prometheus: { url: 'https://prometheus.example', authentication: 'prometheus' },
  traffic: {
    ingress: [fromLoadBalancer(8080)],
    egress: [toWorkload('processor', 8070), ...toGoogle(['199.36.153.8/30'])],
  },
  lameDuck: 10,
  drain: 20,
  priority: 'serving',
};

async function objectsOf(changes: Partial<WorkloadArgs> = {}): Promise<KubernetesObject[]> {
  return kubernetesObjects(await declare(() => void new Workload('proxy', { ...plain, ...changes })));
}

describe('a Workload', () => {
  let objects: KubernetesObject[];
  let spec: KubernetesObject;
  let container: KubernetesObject;
  beforeAll(async () => {
    objects = await objectsOf();
    spec = find(objects, 'Deployment', 'proxy').spec.template.spec;
    container = spec.containers[0];
  });

  it('is seven objects of one name, all labelled with what it is, whose it is and its stage', () => {
    expect(objects.map(({ kind }) => kind).sort()).toEqual([
      'Deployment',
      'HorizontalPodAutoscaler',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'PodMonitoring',
      'Service',
      'ServiceAccount',
    ]);
    for (const { metadata } of [...objects, find(objects, 'Deployment', 'proxy').spec.template]) {
      expect(metadata.labels).toEqual({
        'app.kubernetes.io/name': 'proxy',
        'app.kubernetes.io/component': 'proxy',
        'app.kubernetes.io/part-of': 'gocenter',
        'app.kubernetes.io/managed-by': 'pulumi',
        owner: 'team-a',
        stage: 'dev',
      });
    }
  });

  it('leaves the number of pods to its autoscaler', () => {
    const deployment = find(objects, 'Deployment', 'proxy');
    expect(deployment.spec).not.toHaveProperty('replicas');
    expect(find(objects, 'HorizontalPodAutoscaler', 'proxy').spec).toMatchObject({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'proxy' },
      minReplicas: 2,
      maxReplicas: 10,
      behavior: { scaleUp: { stabilizationWindowSeconds: 0 }, scaleDown: { stabilizationWindowSeconds: 300 } },
    });
  });

  it('may be disrupted one pod at a time, and a broken pod holds up nobody', () => {
    expect(find(objects, 'PodDisruptionBudget', 'proxy').spec).toEqual({
      maxUnavailable: 1,
      selector: { matchLabels: { 'app.kubernetes.io/name': 'proxy' } },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    });
  });

  it('limits memory and disk to what it asks for, and CPU', () => {
    expect(container.resources).toEqual({
      requests: { cpu: '500m', memory: '1Gi', 'ephemeral-storage': '1Gi' },
      limits: { cpu: '2000m', memory: '1Gi', 'ephemeral-storage': '1Gi' },
    });
  });

  it('runs restricted, and can write to nothing but its scratch folders, which are bounded', () => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(spec.volumes).toEqual([{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }]);
    expect(container.volumeMounts).toEqual([{ name: 'tmp', mountPath: '/tmp', readOnly: false }]);
  });

  it('has no token of Kubernetes, and Google’s identity by annotation', () => {
    const account = find(objects, 'ServiceAccount', 'proxy');
    expect([account.automountServiceAccountToken, spec.automountServiceAccountToken]).toEqual([false, false]);
    expect(account.metadata.annotations).toEqual({ 'iam.gke.io/gcp-service-account': 'proxy@project.example' });
    expect(spec.serviceAccountName).toBe('proxy');
  });

  it('asks readiness of its dependencies, and life of itself alone', () => {
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'admin' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'admin' });
    expect(container.startupProbe.httpGet).toEqual({ path: '/healthz', port: 'admin' });
  });

  it('gets time to be forgotten by its clients, to drain and to flush before it is killed', () => {
    expect(container.lifecycle.preStop.sleep.seconds).toBe(10);
    expect(container.env).toContainEqual({ name: 'SHUTDOWN_TIMEOUT', value: '20s' });
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(10 + 20);
  });

  it('is spread over zones and nodes, each rollout by itself', () => {
    const keys = spec.topologySpreadConstraints.map((each: KubernetesObject) => [
      each.topologyKey,
      each.matchLabelKeys,
    ]);
    expect(keys).toEqual([
      ['topology.kubernetes.io/zone', ['pod-template-hash']],
      ['kubernetes.io/hostname', ['pod-template-hash']],
    ]);
  });

  it('is talked to and talks as declared, and is scraped', () => {
    const { ingress, egress, policyTypes } = find(objects, 'NetworkPolicy', 'proxy').spec;
    expect(policyTypes).toEqual(['Ingress', 'Egress']);
    expect(ingress.flatMap((rule: KubernetesObject) => rule.ports.map((port: { port: number }) => port.port))).toEqual([
      8080, 8090,
    ]);
    expect(egress.flatMap((rule: KubernetesObject) => rule.ports.map((port: { port: number }) => port.port))).toEqual([
      8070, 443, 80, 988,
    ]);
    expect(find(objects, 'PodMonitoring', 'proxy').spec).toMatchObject({
      selector: { matchLabels: { 'app.kubernetes.io/name': 'proxy' } },
      endpoints: [{ port: 'admin', path: '/metrics' }],
    });
  });

  it('tolerates the taint of its pool only where there is one', async () => {
    expect(spec).not.toHaveProperty('tolerations');
    const tainted = find(await objectsOf({ pool: 'workers', tainted: true }), 'Deployment', 'proxy').spec.template.spec;
    expect(tainted.tolerations).toMatchObject([{ value: 'workers', effect: 'NoSchedule' }]);
    expect(Object.values(tainted.nodeSelector)).toEqual(['workers']);
  });

  it('has secrets as files that variables name, never as values', async () => {
    const version = 'projects/p/secrets/tokens/versions/latest';
    const withSecret = await objectsOf({ secrets: [{ variable: 'TOKENS_FILE', file: 'tokens.json', version }] });
    const { template } = find(withSecret, 'Deployment', 'proxy').spec;
    const [{ env, volumeMounts }] = template.spec.containers;
    expect(env).toContainEqual({ name: 'TOKENS_FILE', value: '/var/run/secrets/gocenter/tokens.json' });
    expect(volumeMounts).toContainEqual({ name: 'secrets', mountPath: '/var/run/secrets/gocenter', readOnly: true });
    expect(template.spec.volumes[1].csi).toEqual({
      driver: 'secrets-store-gke.csi.k8s.io',
      readOnly: true,
      volumeAttributes: { secretProviderClass: 'proxy' },
    });
    const { provider, parameters } = find(withSecret, 'SecretProviderClass', 'proxy').spec;
    expect(provider).toBe('gke');
    expect(JSON.parse(parameters.secrets)).toEqual([{ resourceName: version, path: 'tokens.json' }]);
  });

  it('reaches its database through a sidecar that starts before it and stops after it', async () => {
    const withDatabase = await objectsOf({ database: { image, instance: 'p:r:i', port: 5432 } });
    const [sidecar, ...more] = find(withDatabase, 'Deployment', 'proxy').spec.template.spec.initContainers;
    expect(more).toEqual([]);
    expect(sidecar).toMatchObject({ restartPolicy: 'Always', startupProbe: { httpGet: { path: '/startup' } } });
    expect(sidecar.args).toEqual(expect.arrayContaining(['p:r:i', '--private-ip', '--port=5432']));
    expect(sidecar.resources.limits).toHaveProperty('ephemeral-storage');
    expect(sidecar.securityContext.readOnlyRootFilesystem).toBe(true);
  });

  it('on a queue scales by depth and by age, and never below its minimum', async () => {
    const scaled = find(
      await objectsOf({ scale: { on: 'queue', depth: 'depth()', each: 8, age: 'age()', oldest: 10, min: 1, max: 20 } }),
      'ScaledObject',
      'proxy',
    ).spec;
    expect([scaled.minReplicaCount, scaled.maxReplicaCount]).toEqual([1, 20]);
    expect(scaled.triggers).toMatchObject([
      { type: 'prometheus', metricType: 'AverageValue', metadata: { query: 'depth()', threshold: '8' } },
      { type: 'prometheus', metricType: 'Value', metadata: { query: 'age()', threshold: '10' } },
    ]);
    const { behavior } = scaled.advanced.horizontalPodAutoscalerConfig;
    expect([behavior.scaleUp.stabilizationWindowSeconds, behavior.scaleDown.stabilizationWindowSeconds]).toEqual([
      0, 300,
    ]);
  });
});

describe('a Workload whose command has to be done first', () => {
  const egress = [toDatabase('10.1.0.0/24', 5432)];
  const secrets = [
    { variable: 'CATALOGUE_PASSWORD_FILE', file: 'password', version: 'projects/p/secrets/s/versions/1' },
  ];
  let objects: KubernetesObject[];
  let job: KubernetesObject;
  beforeAll(async () => {
    objects = await objectsOf({ first: { command: 'migrate', egress }, secrets });
    job = find(objects, 'Job', 'migrate-000000000000');
  });

  it('has a Job with the image, the settings, the secrets and the account of its pods, that runs the command', () => {
    const { spec } = find(objects, 'Deployment', 'proxy').spec.template;
    const pod = job.spec.template.spec;
    const [serving] = spec.containers;
    const [container] = pod.containers;
    expect(container.args).toEqual(['migrate']);
    for (const key of ['image', 'env', 'resources', 'securityContext', 'volumeMounts'])
      expect([key, container[key]]).toEqual([key, serving[key]]);
    for (const key of ['serviceAccountName', 'securityContext', 'nodeSelector', 'volumes', 'priorityClassName'])
      expect([key, pod[key]]).toEqual([key, spec[key]]);
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  it('has another Job for another image', async () => {
    const other = await objectsOf({
      first: { command: 'migrate', egress },
      image: `registry.example/gocenter@sha256:${'1'.repeat(64)}`,
    });
    expect(find(other, 'Job', 'migrate-111111111111').spec).toBeDefined();
  });

  it('starts pods of the image only when the Job has ended', async () => {
    const args = { ...plain, first: { command: 'migrate', egress }, secrets };
    let meanwhile: string[] = [];
    const declared = await declare(
      () => void new Workload('proxy', args),
      async (type, soFar) => {
        if (type !== 'kubernetes:batch/v1:Job') return;
        // All that does not wait for the Job is declared by then.
        for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
        meanwhile = soFar.map(({ type }) => type.split(':').at(-1) ?? '');
      },
    );
    expect(meanwhile).toEqual(
      expect.arrayContaining(['ServiceAccount', 'SecretProviderClass', 'NetworkPolicy', 'Job']),
    );
    expect(meanwhile).not.toContain('Deployment');
    expect(declared.map(({ type }) => type)).toContain('kubernetes:apps/v1:Deployment');
  });

  it('gives up in the end, cleans up, and lets nobody in and nothing out but to its database', () => {
    expect(job.spec).toMatchObject({
      backoffLimit: 3,
      activeDeadlineSeconds: 900,
      template: { spec: { restartPolicy: 'Never' } },
    });
    expect(job.spec.ttlSecondsAfterFinished).toBeGreaterThan(86_400);
    const traffic = find(objects, 'NetworkPolicy', 'migrate').spec;
    expect(traffic).toEqual({
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'migrate' } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress,
    });
    expect(job.spec.template.metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'migrate', owner: 'team-a' });
  });

  it('is not asked for what the service is asked: its Service does not select the Job’s pods', () => {
    const { selector } = find(objects, 'Service', 'proxy').spec;
    expect(job.spec.template.metadata.labels).not.toMatchObject(selector);
  });
});

describe('a Workload that watches the cluster', () => {
  it('alone has a token, and may list and watch pods, jobs and nodes and read logs', async () => {
    const objects = await objectsOf({ watchesCluster: true });
    expect(find(objects, 'Deployment', 'proxy').spec.template.spec.automountServiceAccountToken).toBe(true);
    expect(find(objects, 'ServiceAccount', 'proxy').automountServiceAccountToken).toBe(false);
    expect(find(objects, 'ClusterRole', 'gocenter-proxy').rules).toEqual([
      { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['list', 'watch'] },
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
    ]);
    expect(find(objects, 'ClusterRoleBinding', 'gocenter-proxy')).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: 'gocenter-proxy' },
      subjects: [{ kind: 'ServiceAccount', name: 'proxy', namespace: 'gocenter' }],
    });
  });
});

describe('what protects a workload', () => {
  it('can’t be left out: it would not compile', () => {
    const { owner: _owner, ...nobodys } = plain;
    const { resources: _resources, ...unlimited } = plain;
    const { scale: _scale, ...unscaled } = plain;
    const { traffic: _traffic, ...open } = plain;
    const { disk: _disk, ...withoutDisk } = plain.resources;
    const build = () => [
      // @ts-expect-error nobody owns it
      new Workload('a', nobodys),
      // @ts-expect-error it has no limits
      new Workload('b', unlimited),
      // @ts-expect-error it has no limit of disk
      new Workload('c', { ...plain, resources: withoutDisk }),
      // @ts-expect-error nobody says how many
      new Workload('d', unscaled),
      // @ts-expect-error nobody says who may talk to it
      new Workload('e', open),
      // @ts-expect-error a tag may be another image tomorrow
      new Workload('f', { ...plain, image: 'registry.example/gocenter:latest' }),
    ];
    expect(build).toBeTypeOf('function');
  });
});
