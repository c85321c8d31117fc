import { spawn } from 'node:child_process';
import { Fault } from '../../errors.ts';
import { sleep } from '../retry.ts';
import { folderSize, type Job } from './job.ts';

export interface RunOptions {
  /** Longest run in ms. */
  timeout: number;
  /** Most bytes of files in the job's folder. */
  quota: number;
  signal?: AbortSignal | undefined;
}

export interface RunResult {
  code: number | null;
  stdout: string;
  /** The end of it. */
  stderr: string;
}

const maxStdout = 64 << 20;
const maxStderr = 64 << 10;
const quotaInterval = 500;

/**
 * Runs `go` with these arguments in a process group of its own, which is killed as a whole on time-out, over quota, on
 * abort, and once go itself has ended. Throws `timed-out`, `unavailable` (no go here), `bad-origin` (over a limit), or
 * the signal's reason; an exit code other than 0 is a result.
 */
export async function runGo(job: Job, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { timeout, quota, signal } = options;
  signal?.throwIfAborted();
  const child = spawn('go', args, { cwd: job.work, env: job.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let stopped: unknown;
  const killGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The whole group has ended.
    }
  };
  const stop = (reason: unknown) => {
    stopped ??= reason;
    killGroup();
  };
  const seconds = Math.round(timeout / 1000);
  const timer = setTimeout(() => stop(new Fault('timed-out', `go did not finish within ${seconds} s`)), timeout);
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const ended = new AbortController();
  const watch = watchQuota(job, quota, ended.signal, stop);

  const stdout: Buffer[] = [];
  let stdoutBytes = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdoutBytes += chunk.length;
    if (stdoutBytes > maxStdout) stop(new Fault('bad-origin', `go printed more than ${maxStdout} bytes`));
    else stdout.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-maxStderr);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      // What go has started may hold the pipes open beyond its end.
      child.once('exit', killGroup);
      child.once('close', resolve);
    });
    if (stopped !== undefined) throw stopped;
    return { code, stdout: Buffer.concat(stdout).toString(), stderr };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Fault('unavailable', 'go is not installed here, so nothing can be fetched directly');
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    ended.abort();
    await watch;
  }
}

/** Looks at the job's size every half second, or less often where looking itself takes long. */
async function watchQuota(job: Job, quota: number, ended: AbortSignal, stop: (reason: unknown) => void): Promise<void> {
  for (let pause = quotaInterval; !ended.aborted; ) {
    await sleep(pause, ended);
    if (ended.aborted) return;
    const started = performance.now();
    if ((await folderSize(job.folder, quota)) > quota) {
      stop(new Fault('bad-origin', `the repository takes more than ${quota} bytes to fetch`));
      return;
    }
    pause = Math.max(quotaInterval, (performance.now() - started) * 5);
  }
}
