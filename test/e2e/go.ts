import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFiles } from '../upstream/index.ts';

export const hasGo = spawnSync('go', ['version']).status === 0;

/** A variable of the machine's go command: its user's settings. */
export const goEnv = (name: string): string => execFileSync('go', ['env', name], { encoding: 'utf8' }).trim();

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** The real go command in a folder of its own: a home without settings, an empty module cache, no sums known. */
export interface Go {
  /** Where it runs. */
  folder: string;
  home: string;
  /** Throws with all that it printed unless it succeeds. */
  run(...args: string[]): Promise<Ran>;
  /** Throws unless it fails. */
  fails(...args: string[]): Promise<Ran>;
  write(files: Record<string, string>): Promise<void>;
  read(file: string): Promise<string>;
  /** Runs what it has built. */
  exec(file: string): Promise<string>;
  remove(): Promise<void>;
}

export interface GoOptions {
  GOPROXY: string;
  /** Without an address, go asks GOPROXY for it, below /sumdb/. */
  GOSUMDB?: string;
  [variable: string]: string | undefined;
}

/** Bound of one command. */
const timeout = 240_000;

export async function createGo(options: GoOptions): Promise<Go> {
  const root = await mkdtemp(join(tmpdir(), 'gocenter-go-'));
  const folder = join(root, 'work');
  const home = join(root, 'home');
  await writeFiles(folder, { 'go.mod': 'module example.net/work\n\ngo 1.22\n' });
  await writeFiles(home, { empty: '' });
  // The build cache holds nothing that came through a proxy; with -trimpath it does not matter where sources lie.
  const machine = Object.entries(process.env).filter(([name]) => !/^(GO[A-Z0-9]+|HOME|XDG_.*)$/.test(name));
  const env = {
    ...Object.fromEntries(machine),
    HOME: home,
    GOPATH: join(root, 'gopath'),
    GOMODCACHE: join(root, 'modules'),
    GOCACHE: hasGo ? goEnv('GOCACHE') : '',
    GOENV: 'off',
    GOFLAGS: '-mod=mod -modcacherw -trimpath -buildvcs=false',
    GOTOOLCHAIN: 'local',
    GOSUMDB: 'off',
    ...options,
  };
  const exec = (file: string, args: readonly string[]) =>
    new Promise<Ran>((resolve, reject) => {
      execFile(file, args, { cwd: folder, env, timeout, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
      });
    });
  const go = async (args: readonly string[], fine: (code: number) => boolean) => {
    const ran = await exec('go', args);
    if (fine(ran.code)) return ran;
    throw new Error(`go ${args.join(' ')} ended with ${ran.code}:\n${ran.stdout}${ran.stderr}`.slice(0, 10_000));
  };
  return {
    folder,
    home,
    run: (...args) => go(args, code => code === 0),
    fails: (...args) => go(args, code => code !== 0),
    write: files => writeFiles(folder, files),
    read: file => readFile(join(folder, file), 'utf8'),
    exec: async file => (await exec(join(folder, file), [])).stdout,
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
