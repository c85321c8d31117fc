import { execFileSync, spawnSync } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { arch, cpus, platform, release, totalmem } from 'node:os';

/** Debian's packages of what the bench needs; each may be missing, and is then named and done without. */
export const packages = { wrk: 'wrk', nginx: 'nginx-light', taskset: 'util-linux' } as const;
export type Tool = keyof typeof packages;

/** Absolute paths of the tools that are there. nginx is in /usr/sbin, which is not in everybody's PATH. */
export function findTools(): Partial<Record<Tool, string>> {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`;
  const found = Object.keys(packages).map(tool => {
    const { stdout } = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', tool], {
      env: { PATH: path },
      encoding: 'utf8',
    });
    return [tool, stdout.trim()] as const;
  });
  return Object.fromEntries(found.filter(([, file]) => file !== ''));
}

/** Every server has the one, the load generator and the upstream the other. */
export const serverCore = 0;
export const loadCore = 1;

/** Command and arguments that run on one core only, where that can be had. */
export function pinned(taskset: string | undefined, core: number, command: string, args: string[]): [string, string[]] {
  return taskset === undefined ? [command, args] : [taskset, ['-c', String(core), command, ...args]];
}

/** A port that is free now: `wanted`, or any. Throws when it is taken. */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', () =>
      reject(new Error(`port ${wanted} is in use, perhaps by another bench; see --upstream-port`)),
    );
    server.listen(wanted, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** What the numbers were made on. */
export function machine(tools: Partial<Record<Tool, string>>) {
  const version = (file: string | undefined, ...args: string[]) => {
    if (file === undefined) return undefined;
    const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
    return `${stdout}${stderr}`.split('\n')[0]?.replace(/ Copyright.*/, '');
  };
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    nginx: version(tools.nginx, '-v')?.replace('nginx version: ', ''),
    load: version(tools.wrk, '-v') ?? 'autocannon',
    commit: commit(),
  };
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}
