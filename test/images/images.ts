import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
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
export async function builtImages(): Promise<Record<Target, Built>> {
  await builtTwice();
  return once(
    'built',
    () => true,
    async (output, key) => {
      const options = { ...(await common(output)), version: `0.0.0-test.${key}`, revision: key };
      return forEach(async target => {
        say(`building ${target}`);
        const image = await buildImage(target, options);
        return { ...image, version: options.version, revision: options.revision };
      });
    },
  );
}

/**
 * Digests of two builds of each image, both from nothing. Done again where the recipe has changed; what the services'
 * sources are does not matter, as they are copied only.
 */
export function builtTwice(): Promise<Record<Target, string[]>> {
  const matters = (file: string) => !file.startsWith('services/') || file === 'services/package.json';
  return once('twice', matters, async (output, key) => {
    const options = { ...(await common(output)), version: `0.0.0-twice.${key}`, revision: key };
    const pass = async () => {
      // With every image go the steps that it was made of, which are all that a build could find done.
      await removeImages(() => true);
      return forEach(async target => {
        say(`building ${target} from nothing`);
        const { archive, digest } = await buildImage(target, options);
        await rm(archive);
        return digest;
      });
    };
    const [first, second] = [await pass(), await pass()];
    return forEach(async target => [first[target], second[target]]);
  });
}

const say = (line: string) => console.error(`images: ${line}`);

async function common(output: string) {
  const bases = await debianBases(buildah, cache, say);
  return { buildah, bases, output, context: join(output, 'context'), epoch: 1_700_000_000 };
}

async function forEach<T>(make: (target: Target) => Promise<T>): Promise<Record<Target, T>> {
  const [services, processor] = targets;
  return { services: await make(services), processor: await make(processor) };
}

/**
 * The result of `make` for the files that matter as they are, kept in a folder of its own; one process at a time. `make`
 * finds all files as they were then in `context` below its folder.
 */
async function once<T>(
  name: string,
  matters: (file: string) => boolean,
  make: (output: string, key: string) => Promise<T>,
): Promise<T> {
  await mkdir(cache, { recursive: true });
  const release = await lock(join(cache, 'lock'));
  try {
    const files = await readFiles();
    const hash = createHash('sha256').update(process.version);
    for (const [file, bytes] of files) if (matters(file)) hash.update(`\0${file}\0`).update(bytes);
    const key = hash.digest('hex').slice(0, 16);
    const output = join(cache, `${name}-${key}`);
    const result = join(output, 'result.json');
    if (!existsSync(result)) {
      await removeOthers(name);
      await writeFiles(join(output, 'context'), files);
      const began = performance.now();
      const made = await make(output, key);
      say(`${name} after ${((performance.now() - began) / 1000).toFixed(0)} s`);
      await writeFile(`${result}.new`, JSON.stringify(made));
      await rename(`${result}.new`, result);
    }
    return JSON.parse(await readFile(result, 'utf8')) as T;
  } finally {
    await release();
  }
}

/** What was made of other contents. */
async function removeOthers(name: string): Promise<void> {
  for (const folder of await readdir(cache)) {
    if (folder.startsWith(`${name}-`)) await rm(join(cache, folder), { recursive: true });
  }
  await removeImages(image => image.includes(':0.0.0-test.'));
}

async function removeImages(which: (image: string) => boolean): Promise<void> {
  const all = (await buildah.run(['images', '--format={{.Name}}:{{.Tag}}'])).split('\n');
  const ours = all.filter(image => /(^|\/)gocenter\/\w+:/.test(image) && which(image));
  for (const image of ours) await buildah.run(['rmi', '--force', image]);
  if (ours.length > 0 && which('')) await buildah.run(['rmi', '--prune']);
}

/** Everything that the images are made of, and what makes them, by path. */
async function readFiles(): Promise<Map<string, Buffer>> {
  const others = ['package-lock.json', '.npmrc', '.dockerignore', 'LICENSE'];
  const patterns = ['{images,services}/**', '{.,infra,policies}/package.json', ...others];
  const files: string[] = [];
  for await (const entry of glob(patterns, { cwd: root, withFileTypes: true })) {
    if (entry.isFile()) files.push(relative(root, join(entry.parentPath, entry.name)));
  }
  return new Map(
    await Promise.all(files.toSorted().map(async file => [file, await readFile(join(root, file))] as const)),
  );
}

async function writeFiles(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [file, bytes] of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), bytes);
  }
}
