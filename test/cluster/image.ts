import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ImageOptions {
  /** Its name, with a tag. */
  name: string;
  /** Files of this machine, by their path in the image. */
  files: Record<string, string>;
  entrypoint: string[];
}

/** Writes an image of one layer as an archive that `ctr images import` and `docker load` read. */
export async function writeImage(archive: string, { name, files, entrypoint }: ImageOptions): Promise<void> {
  await mkdir(dirname(archive), { recursive: true });
  const folder = await mkdtemp(`${archive}.`);
  try {
    const root = join(folder, 'root');
    await mkdir(root);
    for (const [path, source] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await copyFile(source, join(root, path));
    }
    const layer = join(folder, 'layer.tar');
    // Every byte alike whoever makes it, whenever.
    await run('tar', [
      '--sort=name',
      '--mtime=@0',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '-cf',
      layer,
      '-C',
      root,
      '.',
    ]);
    const hash = createHash('sha256');
    await pipeline(createReadStream(layer), hash);
    const config = JSON.stringify({
      architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch,
      os: 'linux',
      config: { Entrypoint: entrypoint },
      rootfs: { type: 'layers', diff_ids: [`sha256:${hash.digest('hex')}`] },
    });
    await writeFile(join(folder, 'config.json'), config);
    const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    await run('tar', ['-cf', archive, '-C', folder, 'manifest.json', 'config.json', 'layer.tar']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A program of this machine and the shared libraries that it needs, as files of an image. */
export async function withLibraries(program: string): Promise<Record<string, string>> {
  const { stdout } = await run('ldd', [program]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
  return Object.fromEntries([[join('/bin', basename(program)), program], ...libraries.map(path => [path, path])]);
}
