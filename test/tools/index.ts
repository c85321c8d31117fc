import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Go's module folder beside this file, and the command's package in it. One module each for what agrees on versions. */
const packages = {
  etcd: ['kubernetes', 'go.etcd.io/etcd/server/v3'],
  'kube-apiserver': ['kubernetes', 'k8s.io/kubernetes/cmd/kube-apiserver'],
  'kube-controller-manager': ['kubernetes', 'k8s.io/kubernetes/cmd/kube-controller-manager'],
  'kube-scheduler': ['kubernetes', 'k8s.io/kubernetes/cmd/kube-scheduler'],
  'kube-proxy': ['kubernetes', 'k8s.io/kubernetes/cmd/kube-proxy'],
  kubelet: ['kubernetes', 'k8s.io/kubernetes/cmd/kubelet'],
  kubectl: ['kubernetes', 'k8s.io/kubernetes/cmd/kubectl'],
  kwok: ['kwok', 'sigs.k8s.io/kwok/cmd/kwok'],
  pause: ['pause', '.'],
  kubeconform: ['lint', 'github.com/yannh/kubeconform/cmd/kubeconform'],
  'kube-score': ['lint', 'github.com/zegl/kube-score/cmd/kube-score'],
  promtool: ['prometheus', 'github.com/prometheus/prometheus/cmd/promtool'],
  'fake-gcs-server': ['emulators', './fake-gcs-server'],
  pstest: ['emulators', './pstest'],
} as const satisfies Record<string, readonly [module: string, pkg: string]>;

export type Tool = keyof typeof packages;
export const toolNames = Object.keys(packages) as Tool[];

/** The version that all of Kubernetes' programs are of; clients can't parse the one that a plain build states. */
export const kubernetesVersion = 'v1.35.4';

// Without paths and C, so that Go's build cache serves every clone of this repository, and binaries run in any image.
const flags = [
  '-trimpath',
  '-buildvcs=false',
  // Prometheus without the clients of all clouds, which promtool has no use for: a minute instead of more than four.
  '-tags=remove_all_sd',
  `-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
];

const sources: Readonly<Record<string, string[]>> = {
  pause: ['main.go'],
  emulators: [
    'go.sum',
    ...['main.go', 'uploads.go'].map(name => `fake-gcs-server/${name}`),
    ...['main.go', 'monitoring.go', 'publisher.go', 'split.go', 'subscriber.go'].map(name => `pstest/${name}`),
  ],
};
const cache = join(import.meta.dirname, '..', '..', '.cache', 'tools');

/**
 * Absolute paths of the tools, built where they are not there yet: minutes the first time (the API server's four on two
 * cores), then a look at the folder. `say` gets a line when a build begins, goes on and ends.
 */
export async function buildTools<T extends Tool>(
  names: readonly T[],
  say: (line: string) => void = line => console.error(`tools: ${line}`),
): Promise<Record<T, string>> {
  const byModule = Map.groupBy(names, name => packages[name][0]);
  const paths: Partial<Record<Tool, string>> = {};
  // One module at a time, its tools in one command: Go fills the cores by itself, and compiles what they share once.
  for (const [module, tools] of byModule) {
    const folder = join(cache, await hashOf(module));
    for (const tool of tools) paths[tool] = join(folder, tool);
    const missing = tools.filter(tool => !existsSync(join(folder, tool)));
    if (missing.length > 0) await build(module, missing, folder, say);
  }
  return paths as Record<T, string>;
}

async function build(module: string, tools: Tool[], folder: string, say: (line: string) => void): Promise<void> {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  say(`building ${tools.join(', ')}`);
  await mkdir(folder, { recursive: true });
  // Aside and then renamed, as others may build the same at once.
  const aside = await mkdtemp(join(folder, '.building-'));
  try {
    let compiled = 0;
    const pulse = setInterval(() => say(`… ${compiled} packages compiled after ${seconds()}`), 15_000);
    await go(['build', '-v', ...flags, '-o', `${aside}/`, ...tools.map(tool => packages[tool][1])], module, () => {
      compiled++;
    }).finally(() => clearInterval(pulse));
    for (const tool of tools) await rename(join(aside, binaryName(tool)), join(folder, tool));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  say(`built ${tools.join(', ')} in ${seconds()}`);
}

/** What `go build -o folder/` calls it: the last element of the package's path that is not a major version. */
function binaryName(tool: Tool): string {
  const [module, path] = packages[tool];
  return path === '.' ? module : basename(path.replace(/\/v\d+$/, ''));
}

/** Runs the go command in a module's folder; `onLine` gets each line that is no fault of it (`-v` names packages). */
function go(args: string[], module: string, onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, {
      cwd: join(import.meta.dirname, module),
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
      for (const line of text.split('\n')) if (line !== '') onLine(line);
    });
    child.once('error', reject);
    child.once('close', code => {
      if (code === 0) resolve();
      else reject(new Error(`go ${args[0]} in test/tools/${module} ended with ${code}:\n${said}`));
    });
  });
}

async function hashOf(module: string): Promise<string> {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${flags.join(' ')}\0`);
  for (const file of ['go.mod', ...(sources[module] ?? ['go.sum'])]) {
    hash.update(await readFile(join(import.meta.dirname, module, file))).update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}
