import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Processes that listen where the address points to; none where there is no `ss` (Debian package iproute2). */
export function listeners(url: string): number[] {
  const { stdout } = spawnSync('ss', ['-ltnpH', `sport = :${new URL(url).port}`], { encoding: 'utf8' });
  return [...(stdout ?? '').matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));
}

/** Microseconds of CPU that the processes have used so far, their children included; NaN when one can't be read. */
export function cpuTime(pids: readonly number[]): number {
  const used = pids.map(pid => {
    try {
      // utime, stime, and the same of children that ended (man 5 proc_pid_stat), in ticks of 1/100 s.
      // The program's name, before them, may hold anything.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
      return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * 10_000;
    } catch {
      return Number.NaN;
    }
  });
  return pids.length === 0 ? Number.NaN : used.reduce((sum, time) => sum + time, 0);
}
