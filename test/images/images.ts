import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianBases, whyNoBases } from '../../images/bases.ts';
import { buildImage, type Image, type Target, targets } from '../../images/build.ts';
import { Buildah, whyNoBuildah } from '../../images/buildah.ts';
import { lock } from './lock.ts';

const root = join(import.meta.dirname, '..', '..');
const cache = join(root, '.cache', 'images');

/** Images and containers of the tests alone. */
export const buildah = new Buildah(join(cache, 'store'));

/** Why there are no images on this machine; undefined where there can be. */
export const withoutImages = whyNoBuildah() ?? whyNoBases();

/** A name that is skipped visibly where there are no images. */
export const title = (name: string) => (withoutImages === undefined ? name : `${name} (skipped: ${withoutImages})`);

export interface Built extends Image {
  /** What it was built with. */
  version: string;
  revision: string;
}

/** Both images, on bases made of Debian's packages: minutes the first time, then what has changed. */
export function builtImages(): Promise<Record<Target, Built>> {
  return once('built', [...recipe, 'services/**'], async (output, key) => {
    const options = { ...(await common()), output, version: `0.0.0-test.${key}`, revision: key };
    return forEach(async target => {
      say(`building ${target}`);
      const image = await buildImage(target, options);
      return { ...image, version: options.version, revision: options.revision };
    });
  });
}

/**
 * Digests of two builds of each image, every step anew. Done again where the recipe has changed; what the services' sources
 * are does not matter, as they are copied only.
 */
export function builtTwice(): Promise<Record<Target, string[]>> {
  return once('twice', recipe, async (output, key) => {
    const options = { ...(await common()), output, version: `0.0.0-twice.${key}`, revision: key, fresh: true };
    return forEach(async target => {
      say(`building ${target} twice, every step anew`);
      const first = await buildImage(target, options);
      const second = await buildImage(target, options);
      for (const { archive } of [first, second]) await rm(archive, { force: true });
      return [first.digest, second.digest];
    });
  });
}

const say = (line: string) => console.error(`images: ${line}`);

async function common() {
  const bases = await debianBases(buildah, cache, say);
  return { buildah, bases, epoch: 1_700_000_000 };
}

async function forEach<T>(make: (target: Target) => Promise<T>): Promise<Record<Target, T>> {
  const [services, processor] = targets;
  return { services: await make(services), processor: await make(processor) };
}

/** The result of `make` for these files as they are, kept in a folder of its own; one process at a time. */
async function once<T>(
  name: string,
  patterns: string[],
  make: (output: string, key: string) => Promise<T>,
): Promise<T> {
  await mkdir(cache, { recursive: true });
  const release = await lock(join(cache, 'lock'));
  try {
    const key = await keyOf(patterns);
    const output = join(cache, `${name}-${key}`);
    const file = join(output, 'result.json');
    if (!existsSync(file)) {
      await removeOthers(name);
      const began = performance.now();
      const result = await make(output, key);
      say(`${name} after ${((performance.now() - began) / 1000).toFixed(0)} s`);
      await writeFile(`${file}.new`, JSON.stringify(result));
      await rename(`${file}.new`, file);
    }
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } finally {
    await release();
  }
}

/** What was made of other contents. */
async function removeOthers(name: string): Promise<void> {
  for (const folder of await readdir(cache)) {
    if (folder.startsWith(`${name}-`)) await rm(join(cache, folder), { recursive: true });
  }
  const tag = name === 'built' ? ':0.0.0-test.' : ':0.0.0-twice.';
  const images = (await buildah.run(['images', '--format={{.Name}}:{{.Tag}}'])).split('\n');
  for (const image of images.filter(each => each.includes(tag))) await buildah.run(['rmi', image]);
  // Steps that nothing is made of any more, when all of them are about to be made anew.
  if (name === 'twice') await buildah.run(['rmi', '--prune']);
}

/** Of everything that these images are made of but the services' own sources. */
const recipe = [
  'images/**',
  '{.,services,infra,policies}/package.json',
  'package-lock.json',
  '.npmrc',
  '.dockerignore',
  'LICENSE',
];

async function keyOf(patterns: string[]): Promise<string> {
  const files = new Set<string>();
  for await (const entry of glob(patterns, { cwd: root, withFileTypes: true })) {
    if (entry.isFile()) files.add(join(entry.parentPath, entry.name));
  }
  const hash = createHash('sha256').update(process.version);
  for (const file of [...files].toSorted()) hash.update(`${file.slice(root.length)}\0`).update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}
