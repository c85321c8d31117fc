import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Tool } from '../tools/index.ts';
import type { Authority, Pair } from './certificates.ts';
import { createSigningKey } from './certificates.ts';
import { Client, until } from './client.ts';
import { writeKubeconfig } from './kubeconfig.ts';

export interface ControlPlane {
  /** Address of the API server. */
  server: string;
  /** A kubeconfig of the group system:masters. */
  kubeconfig: string;
}

export interface ControlPlaneOptions {
  folder: string;
  /** Where the API server listens and is found by nodes and pods. */
  address: string;
  /** Addresses of Services. */
  serviceRange: string;
  authority: Authority;
  tools: Record<Tool & ('etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler'), string>;
  start(name: string, command: string, args: string[]): Promise<unknown>;
}

/** etcd, API server, controller manager and scheduler, each on a free port. Resolves when the API server is ready. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { folder, address, authority, tools, start } = options;
  const pki = join(folder, 'pki');
  const [etcdPort, peerPort, port] = await Promise.all([
    freePort('127.0.0.1'),
    freePort('127.0.0.1'),
    freePort(address),
  ]);
  const etcd = `http://127.0.0.1:${etcdPort}`;
  await start('etcd', tools.etcd, [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]);

  const [serving, kubelet, aggregator, admin, manager, scheduler, signing] = await Promise.all([
    authority.issue('apiserver', {
      name: 'kube-apiserver',
      hosts: [
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        'localhost',
        '127.0.0.1',
        address,
        firstOf(options.serviceRange),
      ],
    }),
    authority.issue('apiserver-kubelet', { name: 'kube-apiserver-kubelet', groups: ['system:masters'] }),
    authority.issue('aggregator', { name: 'aggregator' }),
    authority.issue('admin', { name: 'admin', groups: ['system:masters'] }),
    authority.issue('controller-manager', { name: 'system:kube-controller-manager' }),
    authority.issue('scheduler', { name: 'system:kube-scheduler' }),
    createSigningKey(pki),
  ]);
  const server = `https://${address}:${port}`;
  const config = (name: string, user: Pair) =>
    writeKubeconfig(join(folder, `${name}.kubeconfig`), server, authority.cert, user);

  await start('kube-apiserver', tools['kube-apiserver'], [
    `--etcd-servers=${etcd}`,
    `--bind-address=${address}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${serving.cert}`,
    `--tls-private-key-file=${serving.key}`,
    `--client-ca-file=${authority.cert}`,
    '--anonymous-auth=false',
    '--authorization-mode=Node,RBAC',
    // Beside those that are on by default, PodSecurity, ResourceQuota and LimitRanger among them.
    '--enable-admission-plugins=NodeRestriction',
    `--service-cluster-ip-range=${options.serviceRange}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${signing.public}`,
    `--service-account-signing-key-file=${signing.private}`,
    // The real node's name is known to nobody's DNS.
    '--kubelet-preferred-address-types=InternalIP',
    `--kubelet-certificate-authority=${authority.cert}`,
    `--kubelet-client-certificate=${kubelet.cert}`,
    `--kubelet-client-key=${kubelet.key}`,
    `--requestheader-client-ca-file=${authority.cert}`,
    '--requestheader-allowed-names=aggregator',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${aggregator.cert}`,
    `--proxy-client-key-file=${aggregator.key}`,
    // Loopback is no address of an endpoint, and without a real node nobody asks for it.
    ...(address === '127.0.0.1' ? ['--endpoint-reconciler-type=none'] : [`--advertise-address=${address}`]),
    // As on GKE: that a pod is privileged is for its namespace to refuse.
    '--allow-privileged=true',
    '--profiling=false',
  ]);
  const kubeconfig = await config('admin', admin);
  const client = Client.connect(kubeconfig);
  // RBAC's own roles are made last; before that the others would be refused.
  await until('kube-apiserver is ready', 60_000, () =>
    client.read({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'system:node' } }),
  );

  await Promise.all([
    start('kube-controller-manager', tools['kube-controller-manager'], [
      `--kubeconfig=${await config('controller-manager', manager)}`,
      '--secure-port=0',
      '--leader-elect=false',
      '--use-service-account-credentials',
      `--service-account-private-key-file=${signing.private}`,
      `--root-ca-file=${authority.cert}`,
      // Autoscalers say in a second and not in a quarter of a minute whether they find their target.
      '--horizontal-pod-autoscaler-sync-period=1s',
      ...eager,
      '--profiling=false',
    ]),
    start('kube-scheduler', tools['kube-scheduler'], [
      `--kubeconfig=${await config('scheduler', scheduler)}`,
      '--secure-port=0',
      '--leader-elect=false',
      ...eager,
      '--profiling=false',
    ]),
  ]);
  return { server, kubeconfig };
}

/** Several stages are applied in a second: the few requests a second that clients allow themselves would make them wait. */
const eager = ['--kube-api-qps=1000', '--kube-api-burst=2000'];

/** The first address of a range is the Service `kubernetes`. */
function firstOf(range: string): string {
  return range.replace(/\d+\/\d+$/, '1');
}

/** A port that is free now. Another program may take it first; then its user ends, and says so. */
async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  await new Promise(resolve => server.close(resolve));
  if (bound === null || typeof bound === 'string') throw new Error('a TCP server has an address with a port');
  return bound.port;
}
