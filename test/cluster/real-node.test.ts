import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig, type V1Pod, type V1Service } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, until } from './client.ts';
import { withLibraries, writeImage } from './image.ts';
import { importImage, realNodeLabel } from './real-node.ts';
import { cluster, connect, title } from './world.ts';

const realNode = cluster?.realNode;
const why = cluster?.withoutRealNode;
const namespace = 'smoke';
const image = 'gocenter.test/node:24';

/** Answers with who it is and what it may do, as far as a program can see that. */
const program = `
const { createServer } = require('node:http');
const { writeFileSync } = require('node:fs');
const attempt = path => { try { writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; } };
createServer((request, response) => response.end(JSON.stringify({
  version: process.version, user: process.getuid(), root: attempt('/written'), tmp: attempt('/tmp/written'),
}))).listen(8080, () => console.log('listening'));
`;

const skipped = why === undefined ? title : (name: string) => `${name} (skipped: ${why})`;

describe.skipIf(realNode === undefined)(skipped('a restricted pod of Node 24 on the real node'), () => {
  let client: Client;

  beforeAll(async () => {
    client = connect();
    const folder = await mkdtemp(join(tmpdir(), 'image-'));
    const archive = join(folder, 'node.tar');
    await writeImage(archive, { name: image, files: await withLibraries(process.execPath), entrypoint: ['/bin/node'] });
    await importImage(realNode?.pid ?? 0, archive);
    await rm(folder, { recursive: true });

    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } } as V1Pod);
    await client.apply(pod);
    await client.apply(service);
  });
  afterAll(async () => {
    await client.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  });

  it('becomes ready', async () => {
    await until('the pod is ready', 45_000, async () => {
      const { status } = await client.read<V1Pod>(header(pod));
      return status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'True');
    });
  });

  it('answers through its Service, confined as it was asked to be', async () => {
    const { spec } = await client.read<V1Service>(header(service));
    const answer = await until('the Service answers', 20_000, async () => {
      const response = await fetch(`http://${spec?.clusterIP}:80/`, { signal: AbortSignal.timeout(1000) });
      return (await response.json()) as object;
    });
    expect(answer).toEqual({ version: process.version, user: 65532, root: 'EROFS', tmp: 'written' });
  });

  it('shows its log', async () => {
    const config = new KubeConfig();
    config.loadFromFile(cluster?.kubeconfig ?? '');
    const log = await config.makeApiClient(CoreV1Api).readNamespacedPodLog({ name: 'node', namespace });
    expect(log).toContain('listening');
  });
});

const header = ({ apiVersion, kind, metadata }: V1Pod | V1Service) => ({
  apiVersion: apiVersion ?? '',
  kind: kind ?? '',
  metadata: { name: metadata?.name ?? '', namespace },
});

const pod: V1Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'node', namespace, labels: { app: 'node' } },
  spec: {
    automountServiceAccountToken: false,
    nodeSelector: { [realNodeLabel]: 'true' },
    tolerations: [{ key: realNodeLabel, operator: 'Exists' }],
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'node',
        image,
        imagePullPolicy: 'Never',
        args: ['-e', program],
        ports: [{ containerPort: 8080 }],
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        resources: { limits: { cpu: '500m', memory: '128Mi', 'ephemeral-storage': '16Mi' } },
        readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  },
};

const service: V1Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'node', namespace },
  spec: { selector: { app: 'node' }, ports: [{ port: 80, targetPort: 8080 }] },
};
