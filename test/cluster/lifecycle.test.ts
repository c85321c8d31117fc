import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOf } from './clean.ts';
import { until } from './client.ts';
import { runningCluster, startCluster, stopCluster } from './index.ts';
import { readState, startOf } from './state.ts';
import { cluster, title } from './world.ts';

describe.skipIf(cluster === undefined)(title('a cluster'), () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cluster-'));
  });
  afterAll(async () => {
    await stopCluster(folder);
    await rm(folder, { recursive: true });
  });

  it('outlives who started it when it is released, and ends when it is stopped, leaving nothing', async () => {
    const { release } = await startCluster(folder);
    release();
    expect(await runningCluster(folder)).toBeDefined();
    await expect(startCluster(folder)).rejects.toThrow('A cluster already runs in');
    const processes = await processesOf(folder);
    expect(processes.length).toBeGreaterThan(5);
    expect(await stopCluster(folder)).toBe(true);
    expect(processes.filter(isThere)).toEqual([]);
    expect(leftovers(folder)).toEqual([]);
    expect(await stopCluster(folder)).toBe(false);
  });

  it('dies whole when its supervisor is killed, and the next one clears what is left', async () => {
    await startCluster(folder).then(({ release }) => release());
    const processes = await processesOf(folder);
    process.kill((await readState(folder))?.pid ?? 0, 'SIGKILL');
    await until('all its processes are gone', 10_000, async () => !processes.some(isThere) || undefined);
    const { stop } = await startCluster(folder);
    await stop();
    expect(leftovers(folder)).toEqual([]);
  });
});

interface Process {
  pid: number;
  started: string;
}

const isThere = ({ pid, started }: Process) => startOf(pid) === started;

/** The supervisor and all that came of it: those of the real node in their own namespace too, as the machine counts. */
async function processesOf(folder: string): Promise<Process[]> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // ended meanwhile
    }
  }
  const found = new Set([(await readState(folder))?.pid ?? 0]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  // A process that has ended since is none of them.
  return [...found].flatMap(pid => {
    const started = startOf(pid);
    return started === undefined ? [] : [{ pid, started }];
  });
}

/** What a cluster in that folder left on the machine. */
function leftovers(folder: string): string[] {
  const id = idOf(folder);
  const groups = existsSync('/sys/fs/cgroup') ? ['', ...readdirSync('/sys/fs/cgroup')] : [];
  return [
    ...groups.map(group => join('/sys/fs/cgroup', group, id)).filter(path => existsSync(path)),
    ...readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter(line => line.includes(folder)),
    ...Object.keys(networkInterfaces()).filter(name => name === id),
    ...readdirSync(folder).filter(name => name !== 'log'),
  ];
}
