import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Bases } from './build.ts';
import type { Buildah } from './buildah.ts';

const run = promisify(execFile);

/** The release of Debian that the Dockerfile's own bases are of. */
const release = 'trixie';
const certificates = 'etc/ssl/certs/ca-certificates.crt';
/** What distroless' `cc` is made of. */
const runtime = ['base-files', 'ca-certificates', 'libc6', 'libgcc-s1', 'libssl3t64', 'libstdc++6', 'tzdata'];

export const baseNames = {
  debian: 'gocenter.test/debian:latest',
  tools: 'gocenter.test/tools:latest',
  runtime: 'gocenter.test/runtime:latest',
};

/** Why they can't be made on this machine; undefined where they can. */
export function whyNoBases(): string | undefined {
  const missing = ['debootstrap', 'go', 'npm'].filter(
    program => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0,
  );
  return missing.length > 0 ? `needs ${missing.join(', ')}: node scripts/setup.mjs images` : undefined;
}

/**
 * What stands for the public bases where no registry is reached, made of Debian's packages and this machine's Node, npm and
 * Go: a Debian, the same with those tools, and one without shell and package manager. Kept in buildah's store.
 */
export async function debianBases(buildah: Buildah, folder: string, say: (line: string) => void): Promise<Bases> {
  const bases = { NODE: baseNames.tools, GO: baseNames.tools, DEBIAN: baseNames.debian, BASE: baseNames.runtime };
  const there = await Promise.all(Object.values(baseNames).map(name => buildah.has(name)));
  if (there.every(Boolean)) return bases;

  say('making bases of Debian packages');
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'bases-'));
  try {
    const debian = join(work, 'debian');
    await run('debootstrap', ['--variant=minbase', '--include=ca-certificates', release, debian], {
      maxBuffer: 64 << 20,
    });
    await run('chroot', [debian, 'apt-get', 'clean']);
    for (const path of ['var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale', 'var/log']) {
      await run('sh', ['-c', 'find "$1" -mindepth 1 -delete', 'sh', join(debian, path)]);
    }
    await commit(buildah, 'scratch', baseNames.debian, root => run('cp', ['-a', `${debian}/.`, root]));
    // npm knows the authorities that are built into Node unless it is told of more.
    const trust = [`--env=NODE_EXTRA_CA_CERTS=/${certificates}`];
    await commit(buildah, baseNames.debian, baseNames.tools, addTools, trust);
    await commit(buildah, 'scratch', baseNames.runtime, root => addRuntime(debian, root));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return bases;
}

async function commit(
  buildah: Buildah,
  from: string,
  name: string,
  fill: (root: string) => Promise<unknown>,
  settings: readonly string[] = [],
): Promise<void> {
  await buildah.with(from, async (container, root) => {
    await fill(root);
    if (settings.length > 0) await buildah.run(['config', ...settings, container]);
    await buildah.run(['commit', '--quiet', container, name]);
  });
}

/** Where the public images have them. */
async function addTools(root: string): Promise<void> {
  const place = async (from: string, to: string) => {
    await mkdir(dirname(join(root, to)), { recursive: true });
    await cp(from, join(root, to), { recursive: true, dereference: true });
  };
  await place(process.execPath, 'usr/local/bin/node');
  const npm = await run('sh', ['-c', 'command -v npm']);
  await place(dirname(dirname(await realpath(npm.stdout.trim()))), 'usr/local/lib/node_modules/npm');
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
  const goroot = (await run('go', ['env', 'GOROOT'])).stdout.trim();
  for (const file of ['VERSION', 'go.env', 'bin/go']) await place(join(goroot, file), join('usr/local/go', file));
  // Of a registry behind an authority that only this machine trusts.
  if (existsSync(`/${certificates}`)) await appendFile(join(root, certificates), await readFile(`/${certificates}`));
}

/** The files of those packages alone, and, as distroless has it, a status file for each. */
async function addRuntime(debian: string, root: string): Promise<void> {
  const { stdout } = await run('chroot', [debian, 'dpkg-query', '--listfiles', ...runtime]);
  const made = [certificates, 'etc/passwd', 'etc/group', 'bin', 'lib', 'lib64', 'sbin'];
  const paths = new Set([...made, ...stdout.split('\n').map(line => line.replace(/^\/(\.$)?/, ''))]);
  const list = `${root}.list`;
  await writeFile(list, [...paths].filter(path => path !== '' && existsSync(join(debian, path))).join('\n'));
  const copy = 'tar -C "$1" --no-recursion -T "$3" -cf - | tar -C "$2" -xf -';
  await run('sh', ['-c', copy, 'sh', debian, root, list]).finally(() => rm(list));
  const status = join(root, 'var/lib/dpkg/status.d');
  await mkdir(status, { recursive: true });
  for (const name of runtime) {
    const { stdout } = await run('chroot', [debian, 'dpkg-query', '--status', name]);
    await writeFile(join(status, name), stdout);
  }
}
