import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJob, folderSize, type Job, removeLeftovers } from '../../../services/processor/go/job.ts';
import { runGo } from '../../../services/processor/go/run.ts';
import { faultOf, until } from '../world.ts';

let parent: string;
let job: Job;

/** A job whose `go` is a shell script. */
async function jobWith(script: string): Promise<Job> {
  await mkdir(join(parent, 'bin'), { recursive: true });
  await writeFile(join(parent, 'bin/go'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const options = { parent, path: `${parent}/bin:/usr/bin:/bin`, proxy: 'http://x:y@127.0.0.1:1', authorities: 'PEM' };
  job = await createJob({ ...options, govcs: '*:git', silence: 30 });
  return job;
}

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'job-test-'));
});

afterEach(async () => {
  await job?.remove();
  await rm(parent, { recursive: true, force: true });
});

const limits = { timeout: 10_000, quota: 1 << 20 };
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a job', () => {
  test('has an environment from scratch', async () => {
    process.env.GOCENTER_TEST_SECRET = 'secret';
    try {
      const { stdout } = await runGo(await jobWith('env; pwd'), [], limits);
      expect(stdout).not.toContain('secret');
      for (const line of [
        'GOFLAGS=-modcacherw',
        'GOPROXY=direct',
        'GOSUMDB=off',
        'GOVCS=*:git',
        'GOTOOLCHAIN=local',
        'GOENV=off',
        'GOAUTH=off',
        'CGO_ENABLED=0',
        'HTTPS_PROXY=http://x:y@127.0.0.1:1',
        'GIT_ALLOW_PROTOCOL=https',
        'GIT_TERMINAL_PROMPT=0',
        'GIT_CONFIG_NOSYSTEM=1',
        'GIT_CONFIG_GLOBAL=/dev/null',
        'GIT_CONFIG_KEY_0=core.hooksPath',
        'GIT_CONFIG_VALUE_0=/dev/null',
        `HOME=${job.folder}/home`,
        `TMPDIR=${job.folder}/tmp`,
        `GOMODCACHE=${job.folder}/modcache`,
        `SSL_CERT_FILE=${job.folder}/ca.pem`,
        `GIT_SSL_CAINFO=${job.folder}/ca.pem`,
        job.work,
      ]) {
        expect(stdout.split('\n')).toContain(line);
      }
      for (const name of ['GOPRIVATE', 'GONOPROXY', 'GONOSUMDB', 'GOINSECURE', 'NO_PROXY', 'SSH_ASKPASS']) {
        expect(stdout).not.toContain(`${name}=`);
      }
      expect(await readFile(`${job.folder}/ca.pem`, 'utf8')).toBe('PEM');
      expect(await readdir(job.work)).toEqual([]);
    } finally {
      delete process.env.GOCENTER_TEST_SECRET;
    }
  });

  test('passes arguments as they are, never through a shell', async () => {
    const { stdout } = await runGo(await jobWith('printf "%s\\n" "$@"'), ['$(id)', '; ls', '-x'], limits);
    expect(stdout).toBe('$(id)\n; ls\n-x\n');
  });

  test('gives exit code, output and the end of what it complains of', async () => {
    const result = await runGo(await jobWith('echo out; seq 100000 >&2; exit 3'), [], limits);
    expect(result).toMatchObject({ code: 3, stdout: 'out\n' });
    expect(result.stderr.length).toBeLessThanOrEqual(1 << 16);
    expect(result.stderr.endsWith('100000\n')).toBe(true);
  });

  test('is killed with everything that it has started when it takes too long', async () => {
    const running = faultOf(
      runGo(await jobWith('sleep 1000 & echo $! > tmp-pid; wait'), [], { ...limits, timeout: 200 }),
    );
    const pid = await until(async () => Number(await readFile(join(job.work, 'tmp-pid'), 'utf8').catch(() => '')));
    expect((await running).kind).toBe('timed-out');
    await until(() => !isAlive(pid));
  });

  test('is killed when the caller gives up', async () => {
    const stop = new AbortController();
    const running = runGo(await jobWith('echo $$ > tmp-pid; sleep 1000'), [], { ...limits, signal: stop.signal });
    running.catch(() => {});
    const pid = await until(async () => Number(await readFile(join(job.work, 'tmp-pid'), 'utf8').catch(() => '')));
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await until(() => !isAlive(pid));
  });

  test('leaves nothing running in the background when it ends', async () => {
    const { stdout } = await runGo(await jobWith('sleep 1000 & echo $!'), [], limits);
    await until(() => !isAlive(Number(stdout)));
  });

  test('is killed when its folder takes more than the quota', async () => {
    const script = 'dd if=/dev/zero of=big bs=1M count=4 2>/dev/null; sleep 1000';
    expect(await faultOf(runGo(await jobWith(script), [], limits))).toMatchObject({ kind: 'bad-origin' });
  });

  test('is killed when it prints without end', async () => {
    expect(await faultOf(runGo(await jobWith('yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'), [], limits))).toMatchObject({
      kind: 'bad-origin',
    });
  });

  test('says so when go is not installed', async () => {
    job = await createJob({ parent, path: parent, proxy: '', authorities: '', govcs: '', silence: 1 });
    expect(await faultOf(runGo(job, [], limits))).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('go is not installed here'),
    });
  });

  test('removes its folder with all in it', async () => {
    await jobWith('');
    await mkdir(join(job.work, 'a/b'), { recursive: true });
    await job.remove();
    expect((await readdir(parent)).filter(name => name.startsWith('gocenter'))).toEqual([]);
  });
});

test('leftovers of processes that were killed are removed, those of others that live are not', async () => {
  const names = [
    `gocenter-direct-${process.pid}-1-aaa`,
    'gocenter-direct-4194303-bbb',
    `gocenter-direct-${process.ppid}-ccc`,
    'else',
  ];
  for (const name of names) await mkdir(join(parent, name, 'x'), { recursive: true });
  await jobWith('');
  const kept = ['bin', 'else', `gocenter-direct-${process.ppid}-ccc`, job.folder.slice(parent.length + 1)];
  await removeLeftovers(parent);
  expect((await readdir(parent)).sort()).toEqual(kept.sort());
});

test('the size of a folder counts files below it and follows no links', async () => {
  await mkdir(join(parent, 'a/b'), { recursive: true });
  await writeFile(join(parent, 'a/one'), 'x'.repeat(100));
  await writeFile(join(parent, 'a/b/two'), 'x'.repeat(50));
  await symlink('/usr', join(parent, 'a/link'));
  expect(await folderSize(join(parent, 'a'), 1000)).toBe(150);
  expect(await folderSize(join(parent, 'gone'), 1000)).toBe(0);
});
