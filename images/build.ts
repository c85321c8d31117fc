import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Buildah } from './buildah.ts';
import { billOf } from './sbom.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

const prefix = 'org.opencontainers.image';

/** Targets of the Dockerfile: all services but one, and that one. */
export const targets = ['services', 'processor'] as const;
export type Target = (typeof targets)[number];

/** What stands for the Dockerfile's arguments of these names: other images than the public ones. */
export type Bases = Partial<Record<'NODE' | 'GO' | 'DEBIAN' | 'BASE', string>>;

export interface BuildOptions {
  buildah: Buildah;
  bases: Bases;
  /** Folder of the archives and bills of materials. */
  output: string;
  /** What was built: package.json's version, and the commit. */
  version: string;
  revision: string;
  /** Seconds since 1970 that every file and the image itself are dated: the commit's. */
  epoch: number;
  /** Folder with the sources; this repository's by default. */
  context?: string;
  /** Builds every step anew. */
  fresh?: boolean;
}

export interface Image {
  /** As in the archive and in buildah's store: `gocenter/services:<version>`. */
  name: string;
  /** Of the manifest, as a registry will have it: what a release names. */
  digest: string;
  /** OCI archive, for `skopeo copy`, `buildah pull` and `ctr images import`. */
  archive: string;
  /** Bill of materials, CycloneDX. */
  bill: string;
  /** Bytes of all files, and of what goes over the line. */
  size: number;
  compressed: number;
}

/** Builds one image and writes `<target>.tar` and `<target>.cdx.json`. */
export async function buildImage(target: Target, options: BuildOptions): Promise<Image> {
  const { buildah, bases, output, version, revision, epoch, context = root, fresh = false } = options;
  await mkdir(output, { recursive: true });
  const name = `gocenter/${target}:${version}`;
  // In words, as buildah finds a step in its cache whatever the values of arguments and of --label were then.
  const dockerfile = join(output, `${target}.Dockerfile`);
  const labels = Object.entries({ version, revision }).map(([label, value]) => `${prefix}.${label}="${value}"`);
  const recipe = await readFile(join(context, 'images', 'Dockerfile'), 'utf8');
  await writeFile(dockerfile, `${recipe}\nFROM ${target} AS labelled\nLABEL ${labels.join(' ')}\n`);
  await buildah.run(
    [
      'build',
      // Needs neither a runtime nor privileges.
      '--isolation=chroot',
      // One layer a step, so that a release which changes the services alone moves those alone.
      '--layers',
      ...(fresh ? ['--no-cache'] : []),
      // One digest whoever builds it, and whenever.
      `--timestamp=${epoch}`,
      '--identity-label=false',
      ...Object.entries(bases).map(([argument, image]) => `--build-arg=${argument}=${image}`),
      ...(await secrets()),
      `--file=${dockerfile}`,
      '--target=labelled',
      `--tag=${name}`,
      '.',
    ],
    context,
  );

  const archive = join(output, `${target}.tar`);
  const digestFile = join(output, `${target}.digest`);
  await rm(archive, { force: true });
  await buildah.run(['push', `--digestfile=${digestFile}`, name, `oci-archive:${archive}:${name}`]);
  const digest = await readFile(digestFile, 'utf8');

  const bill = join(output, `${target}.cdx.json`);
  const size = await buildah.with(name, async (_, files) => {
    await writeFile(bill, `${JSON.stringify(await billOf({ name, version, digest, epoch }, files), undefined, 2)}\n`);
    const { stdout } = await run('du', ['--bytes', '--summarize', files]);
    return Number.parseInt(stdout, 10);
  });
  return { name, digest, archive, bill, size, compressed: (await stat(archive)).size };
}

/** The user's settings of npm, which may lead to a registry of theirs. They stay out of the image. */
async function secrets(): Promise<string[]> {
  const file = join(homedir(), '.npmrc');
  const there = await stat(file).then(
    () => true,
    () => false,
  );
  return there ? [`--secret=id=npmrc,src=${file}`] : [];
}
