import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Addresses of one cluster with a real node, all in one 10.N.0.0/16 that nothing else on this machine uses. */
export interface Network {
  /** The machine's end of the cable to the node: here the API server listens. */
  host: string;
  /** The node. */
  node: string;
  pods: string;
  services: string;
}

/** Throws when the machine uses all of 10.200.0.0 to 10.249.255.255. */
export async function findNetwork(): Promise<Network> {
  const { stdout } = await run('ip', ['-4', '-o', 'addr']);
  const routes = await run('ip', ['-4', 'route']);
  const taken = stdout + routes.stdout;
  for (let n = 200; n < 250; n++) {
    if (taken.includes(` 10.${n}.`) || taken.includes(`\n10.${n}.`)) continue;
    return {
      host: `10.${n}.0.1`,
      node: `10.${n}.0.2`,
      pods: `10.${n}.1.0/24`,
      services: `10.${n}.128.0/17`,
    };
  }
  throw new Error('There is no free range in 10.200.0.0/13 for the test cluster; `ip route` shows who uses them.');
}

/**
 * A cable between this machine and the network namespace of process `pid`, where its end is called eth0; pods and
 * Services are reached through it. The kernel takes it away with the namespace.
 */
export async function connect(link: string, pid: number, network: Network): Promise<void> {
  const ip = (...args: string[]) => run('ip', args);
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
  await ip('addr', 'add', `${network.host}/30`, 'dev', link);
  await ip('link', 'set', link, 'up');
  await ip('route', 'add', network.pods, 'via', network.node, 'dev', link);
  await ip('route', 'add', network.services, 'via', network.node, 'dev', link);
}

/** For what a crash left: takes the cable away if it is there. */
export async function disconnect(link: string): Promise<void> {
  await run('ip', ['link', 'del', link]).catch(() => {}); // not there
}
