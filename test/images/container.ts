import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Buildah } from '../../images/buildah.ts';

const run = promisify(execFile);

/** Of an image's configuration, as the image-spec of OCI has it. */
export interface ImageConfig {
  User?: string;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  WorkingDir?: string;
  Labels?: Record<string, string>;
}

export async function configOf(buildah: Buildah, image: string): Promise<ImageConfig> {
  const inspected = JSON.parse(await buildah.run(['inspect', '--type=image', image])) as {
    OCIv1: { config: ImageConfig };
  };
  return inspected.OCIv1.config;
}

export interface ContainerOptions {
  /** Added to the image's entrypoint. */
  args?: readonly string[];
  /** Instead of the image's entrypoint and `args`. */
  command?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Folders of this machine to be read, by their path in the container. */
  volumes?: Readonly<Record<string, string>>;
}

export interface Bundle {
  /** A command that runs it in the foreground; signals for that are passed on to its first process. */
  command: string[];
  /** Name for `runc exec`. */
  id: string;
  remove(): Promise<void>;
}

/**
 * Makes an image ready to be run by runc as a restricted pod is: a root that can't be written to, no capabilities, no new
 * privileges, scratch folders in memory. The network is this machine's, so that a port of 0 can be used.
 */
export async function createBundle(buildah: Buildah, image: string, options: ContainerOptions): Promise<Bundle> {
  const { args = [], env = {}, volumes = {} } = options;
  const config = await configOf(buildah, image);
  const container = await buildah.run(['from', '--pull-never', image]);
  // runc takes no path through a symbolic link.
  const root = await realpath(await buildah.run(['mount', container]));
  const folder = await mkdtemp(join(tmpdir(), 'gocenter-bundle-'));
  const [uid, gid] = (config.User ?? '').split(':').map(Number);
  const scratch = (destination: string) => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'nodev', `uid=${uid}`, `gid=${gid}`, 'mode=0700'],
  });
  const specification = {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      args: options.command ?? [...(config.Entrypoint ?? []), ...args],
      env: [...(config.Env ?? []), ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      cwd: config.WorkingDir ?? '/',
      capabilities: { bounding: [], effective: [], permitted: [] },
      noNewPrivileges: true,
    },
    root: { path: root, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      scratch('/tmp'),
      scratch('/var/lib/gocenter'),
      ...Object.entries(volumes).map(([destination, source]) => ({
        destination,
        type: 'bind',
        source,
        options: ['rbind', 'ro'],
      })),
    ],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts'].map(type => ({ type })) },
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(specification));
  const id = `gocenter-${randomUUID()}`;
  return {
    command: ['runc', 'run', '--bundle', folder, id],
    id,
    async remove() {
      await run('runc', ['delete', '--force', id]).catch(() => {}); // gone already
      await buildah.run(['rm', container]);
      await rm(folder, { recursive: true });
    },
  };
}
