import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Authority } from './certificates.ts';
import { makeCgroup } from './cgroups.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { writeImage } from './image.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { connect, type Network } from './network.ts';

export const realNodeName = 'real';
/** What a pod selects, and tolerates, to run on the real node. */
export const realNodeLabel = 'gocenter.test/real';

const pauseImage = 'gocenter.test/pause:1';
/** The cluster's folder, as the node sees it. */
const inside = '/run/node';
const plugins = '/usr/lib/cni';

/** Why no real node can run on this machine; undefined where one can. */
export function whyNoRealNode(): string | undefined {
  if (process.platform !== 'linux') return 'a real node needs Linux';
  if (process.getuid?.() !== 0) return 'a real node needs root';
  const programs = ['containerd', 'ctr', 'runc', 'iptables', 'ip', 'unshare', 'setpriv', 'nsenter'];
  const missing = programs.filter(program => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  if (!existsSync(`${plugins}/ptp`)) missing.push(`${plugins}/ptp`);
  if (missing.length > 0) return `a real node needs ${missing.join(', ')}: node scripts/setup.mjs cluster`;
  const probe = spawnSync('unshare', ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--mount-proc', 'true']);
  return probe.status === 0 ? undefined : `a real node needs namespaces: ${String(probe.stderr).trim()}`;
}

export interface RealNodeOptions {
  folder: string;
  /** Names the cable and the control group; at most 15 characters. */
  id: string;
  network: Network;
  authority: Authority;
  tools: Record<'kubelet' | 'kube-proxy' | 'pause', string>;
}

export interface RealNode {
  daemon: Daemon;
  /** Process, as this machine counts, in the node's namespaces. */
  pid: number;
  /** Starts kubelet and kube-proxy, once the API server is ready. */
  join(server: string): Promise<void>;
}

/** Makes the namespaces, puts the cable in and starts containerd. */
export async function startRealNode(options: RealNodeOptions): Promise<RealNode> {
  const { folder, id, network, authority, tools } = options;
  const config = join(folder, 'config');
  await mkdir(join(folder, 'log'), { recursive: true });
  await writeContainerd(config, network);
  await writeImage(join(config, 'pause.tar'), {
    name: pauseImage,
    files: { '/pause': tools.pause },
    entrypoint: ['/pause'],
  });
  await makeCgroup(id);
  const environment = {
    PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
    FOLDER: folder,
    NAME: realNodeName,
    ADDRESS: network.node,
    GATEWAY: network.host,
    LABELS: `${realNodeLabel}=true`,
    KUBELET: tools.kubelet,
    KUBE_PROXY: tools['kube-proxy'],
  };
  const script = join(import.meta.dirname, 'node.sh');
  const daemon = await startDaemon(
    'real node',
    'unshare',
    ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc', 'env', '-i']
      .concat(Object.entries(environment).map(([name, value]) => `${name}=${value}`))
      .concat('bash', script),
    join(folder, 'log', 'node.log'),
  );
  const pid = await firstChild(daemon);
  await connect(id, pid, network);
  daemon.stdin?.write('connected\n');
  return {
    daemon,
    pid,
    async join(server) {
      await writeKubernetes(config, server, id, network, authority);
      daemon.stdin?.write('ready\n');
    },
  };
}

/**
 * Gives the node an image from an archive, as `writeImage` and buildah write it; with `name`, as `<name>@<digest>` instead of
 * by the name in the archive.
 */
export async function importImage(nodePid: number, archive: string, name?: string): Promise<void> {
  const command = ['-t', String(nodePid), '--mount', '--net', 'ctr', '-n', 'k8s.io', 'images', 'import'];
  if (name !== undefined) command.push('--digests', '--base-name', name);
  const child = spawn('nsenter', [...command, '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'close');
  await pipeline(createReadStream(archive), child.stdin);
  const [code] = await ended;
  if (code !== 0) throw new Error(`${archive} could not be imported: ${said.trim()}`);
}

/** The process that `unshare` made: the first of the new namespaces. */
async function firstChild(daemon: Daemon): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const children = readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8').trim();
    if (children !== '') return Number(children);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  throw new Error(`the real node did not start: ${await daemon.ended}`);
}

async function writeContainerd(folder: string, network: Network): Promise<void> {
  await mkdir(join(folder, 'cni'), { recursive: true });
  await writeFile(
    join(folder, 'containerd.toml'),
    `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
# A container's score can't be lower than containerd's own where this machine runs in a container itself.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${plugins}"
conf_dir = "${inside}/config/cni"
`,
  );
  // Point to point and not a bridge: all traffic between pods is routed, so kube-proxy's rules see it without the kernel
  // module br_netfilter.
  const list = {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: network.pods }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: '/run/cni',
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  await writeFile(join(folder, 'cni', 'pods.conflist'), JSON.stringify(list, undefined, 2));
}

async function writeKubernetes(
  folder: string,
  server: string,
  cgroup: string,
  network: Network,
  authority: Authority,
): Promise<void> {
  const [node, proxy] = await Promise.all([
    authority.issue('kubelet', {
      name: `system:node:${realNodeName}`,
      groups: ['system:nodes'],
      hosts: [realNodeName, network.node],
    }),
    authority.issue('kube-proxy', { name: 'system:kube-proxy' }),
  ]);
  await writeKubeconfig(join(folder, 'kubelet.kubeconfig'), server, authority.cert, node);
  await writeKubeconfig(join(folder, 'kube-proxy.kubeconfig'), server, authority.cert, proxy);
  const kubelet = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: network.node,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${inside}/pki/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: `${inside}/pki/kubelet.crt`,
    tlsPrivateKeyFile: `${inside}/pki/kubelet.key`,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    healthzPort: 0,
    registerWithTaints: [{ key: realNodeLabel, value: 'true', effect: 'NoSchedule' }],
    resolvConf: '',
    // How full this machine's disk is says nothing about the pods.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
    },
    imageGCHighThresholdPercent: 100,
  };
  await writeFile(join(folder, 'kubelet.json'), JSON.stringify(kubelet, undefined, 2));
  const kubeProxy = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clientConnection: { kubeconfig: `${inside}/config/kube-proxy.kubeconfig` },
    clusterCIDR: network.pods,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    // The table of connections is the whole machine's: left as it is.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    // Rules a second after a change at the latest, not after half a minute.
    iptables: { minSyncPeriod: '0s' },
  };
  await writeFile(join(folder, 'kube-proxy.json'), JSON.stringify(kubeProxy, undefined, 2));
}
