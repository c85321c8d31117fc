import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildTools } from '../tools/index.ts';
import { createAuthority } from './certificates.ts';
import { clean, idOf } from './clean.ts';
import { Client } from './client.ts';
import { startControlPlane } from './control-plane.ts';
import { installDefinitions } from './crds/index.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { findNetwork } from './network.ts';
import { poolNodes, stages } from './pools.ts';
import { startRealNode, whyNoRealNode } from './real-node.ts';
import { type Cluster, isAlive, readState, startOf, writeState } from './state.ts';

/** What the supervisor tells the process that started it. */
export type Message = { kind: 'say' | 'failed'; line: string } | { kind: 'ready'; cluster: Cluster };

/**
 * Holds a cluster: `node supervisor.ts <folder>`, with a channel to who started it. Every program of the cluster is a child
 * that the kernel kills when this process ends, however it ends. It ends on SIGTERM, when a program of the cluster ends, and
 * when the channel closes before the message `stay`.
 */
export async function supervise(folder: string): Promise<void> {
  const daemons: Daemon[] = [];
  const tell = (message: Message) => process.connected && process.send?.(message);
  let stopping: Promise<never> | undefined;
  const stop = (code: number) => {
    stopping ??= (async () => {
      await Promise.all(daemons.map(daemon => daemon.kill()));
      await clean(folder);
      process.exit(code);
    })();
    return stopping;
  };
  const fail = (error: unknown) => {
    if (stopping !== undefined) return;
    const line = error instanceof Error ? withCauses(error) : String(error);
    console.error(line);
    tell({ kind: 'failed', line });
    void stop(1);
  };
  let stays = false;
  process.on('SIGTERM', () => void stop(0));
  process.on('SIGINT', () => {}); // Ctrl-C is for who started it, and shows here as a closed channel
  process.on('disconnect', () => stays || void stop(0));
  process.on('message', message => {
    if (message !== 'stay') return;
    stays = true;
    process.disconnect();
  });
  try {
    await claim(folder);
  } catch (error) {
    tell({ kind: 'failed', line: (error as Error).message });
    process.exit(1);
  }
  const watch = (daemon: Daemon) => {
    daemons.push(daemon);
    void daemon.ended.then(fail);
  };
  try {
    const cluster = await start(folder, watch, line => tell({ kind: 'say', line }));
    await writeState(folder, { ...self(), cluster });
    tell({ kind: 'ready', cluster });
  } catch (error) {
    // A program that ended is the reason for what failed, and says more.
    await Promise.race([...daemons.map(daemon => daemon.ended), sleep(500)]);
    fail(error);
  }
}

async function start(folder: string, watch: (daemon: Daemon) => void, say: (line: string) => void): Promise<Cluster> {
  const withoutRealNode = whyNoRealNode();
  const tools = await buildTools(
    ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok', 'kubelet', 'kube-proxy', 'pause'],
    say,
  );
  const run = async (name: string, command: string, args: string[]) =>
    watch(await startDaemon(name, command, args, join(folder, 'log', `${name}.log`)));
  const authority = await createAuthority(join(folder, 'pki'));
  const network = withoutRealNode === undefined ? await findNetwork() : undefined;
  const node = network && (await startRealNode({ folder, id: idOf(folder), network, authority, tools }));
  if (node !== undefined) watch(node.daemon);

  const { server, kubeconfig } = await startControlPlane({
    folder,
    address: network?.host ?? '127.0.0.1',
    serviceRange: network?.services ?? '10.96.0.0/16',
    authority,
    tools,
    start: run,
  });
  await node?.join(server);
  const kwok = await authority.issue('kwok', { name: 'kwok', groups: ['system:masters'] });
  await run('kwok', tools.kwok, [
    `--kubeconfig=${await writeKubeconfig(join(folder, 'kwok.kubeconfig'), server, authority.cert, kwok)}`,
    '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
    ...(await stages()).map(file => `--config=${file}`),
  ]);
  const client = Client.connect(kubeconfig);
  await Promise.all([...poolNodes().map(object => client.create(object)), installDefinitions(client)]);
  return {
    server,
    kubeconfig,
    ...(node && network && { realNode: { pid: node.pid, services: network.services } }),
    ...(withoutRealNode !== undefined && { withoutRealNode }),
  };
}

/** An error with what lies behind it: `fetch failed` alone helps nobody. */
function withCauses(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${withCauses(error.cause)}` : error.message;
}

const self = () => ({ pid: process.pid, started: startOf(process.pid) ?? '' });

/** Takes the folder, clearing what a crash left in it. Throws when a cluster runs there. */
async function claim(folder: string): Promise<void> {
  const state = await readState(folder);
  if (state !== undefined && isAlive(state)) throw new Error(`A cluster already runs in ${folder}.`);
  if (state !== undefined) await clean(folder);
  await rm(join(folder, 'log'), { recursive: true, force: true });
  await writeState(folder, self(), { create: true });
}

if (import.meta.main) await supervise(process.argv[2] ?? '');
