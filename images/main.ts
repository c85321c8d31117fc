import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { debianBases, whyNoBases } from './bases.ts';
import { type Bases, buildImage, targets } from './build.ts';
import { Buildah, whyNoBuildah } from './buildah.ts';

/**
 * `npm run images`: builds both images with buildah into `.cache/images` (or `--output`), with a bill of materials beside
 * each, and prints their sizes and digests. `--build-arg BASE=…` (NODE, GO, DEBIAN) names other bases; `--debootstrap` makes
 * them of Debian's packages first. `--fresh` repeats every step.
 */

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      output: { type: 'string', default: join(root, '.cache', 'images') },
      'build-arg': { type: 'string', multiple: true, default: [] },
      debootstrap: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
    },
  });
  const why = whyNoBuildah() ?? (values.debootstrap ? whyNoBases() : undefined);
  if (why !== undefined) {
    console.error(`images: ${why}`);
    return 1;
  }
  const buildah = new Buildah();
  const given = Object.fromEntries(values['build-arg'].map(text => text.split(/=(.*)/s, 2) as [string, string]));
  const bases: Bases = {
    ...(values.debootstrap && (await debianBases(buildah, values.output, console.error))),
    ...given,
  };
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  for (const target of targets) {
    const options = { buildah, bases, output: values.output, version, fresh: values.fresh, ...(await revision()) };
    const image = await buildImage(target, options);
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    console.log(`${image.name}@${image.digest}`);
    console.log(`    ${image.archive}: ${megabytes(image.compressed)}, ${megabytes(image.size)} of files`);
    console.log(`    ${image.bill}`);
  }
  return 0;
}

/** The commit that is checked out, and when it was made: the same for whoever builds it. */
async function revision(): Promise<{ revision: string; epoch: number }> {
  const { stdout } = await run('git', ['log', '-1', '--format=%H %ct'], { cwd: root });
  const [commit = '', seconds = '0'] = stdout.trim().split(' ');
  const { stdout: changes } = await run('git', ['status', '--porcelain'], { cwd: root });
  return { revision: changes === '' ? commit : `${commit}-dirty`, epoch: Number(seconds) };
}

process.exitCode = await main().catch(error => {
  console.error(`images: ${error instanceof Error ? error.message : error}`);
  return 1;
});
