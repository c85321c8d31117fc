import { mkdir, mkdtemp, opendir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../errors.ts';

/** A folder of its own for one run of the go command, with everything that it may read or write. */
export interface Job {
  folder: string;
  /** Where go runs: empty, so that no go.mod, go.work or repository is found. */
  work: string;
  env: Record<string, string>;
  /** Removes the folder; never throws. */
  remove(): Promise<void>;
}

export interface JobOptions {
  /** Folder in which the job's own is made. */
  parent: string;
  /** Where go and git are, as in PATH. */
  path: string;
  /** HTTPS_PROXY of this job. */
  proxy: string;
  /** PEM of all authorities that the job trusts. */
  authorities: string;
  govcs: string;
  /** Seconds without a byte after which git gives up. */
  silence: number;
}

const prefix = 'gocenter-direct-';
/** Tells this process from an earlier one with the same id, as in a container that has started anew. */
const own = `${process.pid}-${Math.round(performance.timeOrigin)}`;

/**
 * Settings of git that no repository may undo: no hooks, no helpers that could hand out credentials, no work in the
 * background that would outlive the job.
 */
const gitSettings = (silence: number) => ({
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.askPass': '',
  'credential.helper': '',
  // Without a first try without the secret, which a proxy ends.
  'http.proxyAuthMethod': 'basic',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'http.lowSpeedLimit': '1',
  'http.lowSpeedTime': String(silence),
});

/** Makes the folder and the environment, from scratch: nothing of this process's own environment gets in. */
export async function createJob(options: JobOptions): Promise<Job> {
  const folder = await mkdtemp(join(options.parent, `${prefix}${own}-`));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  const inside = (name: string) => join(folder, name);
  try {
    await Promise.all(
      ['work', 'tmp', 'home/.config/go/telemetry'].map(name => mkdir(inside(name), { recursive: true })),
    );
    await Promise.all([
      writeFile(inside('ca.pem'), options.authorities),
      writeFile(inside('home/.config/go/telemetry/mode'), 'off'),
    ]);
  } catch (error) {
    await remove();
    throw new Fault('unavailable', 'the folder of a fetch can’t be made', { cause: error });
  }
  const settings = Object.entries(gitSettings(options.silence));
  const env: Record<string, string> = {
    PATH: options.path,
    HOME: inside('home'),
    TMPDIR: inside('tmp'),
    GOPATH: inside('gopath'),
    GOMODCACHE: inside('modcache'),
    GOCACHE: inside('cache'),
    GOENV: 'off',
    GOWORK: 'off',
    GO111MODULE: 'on',
    GOFLAGS: '-modcacherw',
    GOTOOLCHAIN: 'local',
    GOPROXY: 'direct',
    GOSUMDB: 'off',
    GOVCS: options.govcs,
    GOAUTH: 'off',
    CGO_ENABLED: '0',
    // Both cases: curl reads the lower one for http, on purpose, and either for https.
    HTTPS_PROXY: options.proxy,
    HTTP_PROXY: options.proxy,
    https_proxy: options.proxy,
    http_proxy: options.proxy,
    SSL_CERT_FILE: inside('ca.pem'),
    SSL_CERT_DIR: inside('home'),
    GIT_SSL_CAINFO: inside('ca.pem'),
    GIT_ALLOW_PROTOCOL: 'https',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_CONFIG_COUNT: String(settings.length),
  };
  for (const [i, [key, value]] of settings.entries()) {
    env[`GIT_CONFIG_KEY_${i}`] = key;
    env[`GIT_CONFIG_VALUE_${i}`] = value;
  }
  return { folder, work: inside('work'), env, remove };
}

/** Removes the folders of processes that were killed: those of a process id that no longer lives, or lives as this one. */
export async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const pid = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]);
    if (Number.isNaN(pid) || name.startsWith(`${prefix}${own}-`) || (pid !== process.pid && isAlive(pid))) continue;
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Bytes of all files below a folder, as far as they can be read; stops counting beyond `limit`. */
export async function folderSize(folder: string, limit: number): Promise<number> {
  let size = 0;
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined && size <= limit; next = folders.pop()) {
    try {
      for await (const entry of await opendir(next)) {
        const path = join(next, entry.name);
        if (entry.isDirectory()) folders.push(path);
        else if (entry.isFile()) size += (await stat(path).catch(() => undefined))?.size ?? 0;
        if (size > limit) break;
      }
    } catch {
      // Folders come and go while the job runs.
    }
  }
  return size;
}
