import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';

/** Memory of a process, in MB, as Linux counts it: proc_pid_status(5). */

export const hasProc = existsSync('/proc/self/clear_refs');

async function read(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  return (Number(kilobytes) * 1024) / 1e6;
}

/** What is resident now. */
export const resident = (pid: number) => read(pid, 'VmRSS');

/** The most that was resident since the process began, or since `resetPeak`. */
export const peak = (pid: number) => read(pid, 'VmHWM');

export const resetPeak = (pid: number) => writeFile(`/proc/${pid}/clear_refs`, '5');
