import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const readJson = async <T>(file: string) => JSON.parse(await readFile(file, 'utf8')) as T;

/** As far as it is looked at here: https://cyclonedx.org/docs/1.5/json/ */
export interface Component {
  'bom-ref': string;
  type: 'library' | 'application' | 'container';
  name: string;
  version: string;
  purl?: string;
  [field: string]: unknown;
}

export interface Bill {
  bomFormat: 'CycloneDX';
  specVersion: string;
  metadata: { timestamp: string; component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

export interface Subject {
  name: string;
  version: string;
  digest: string;
  /** Seconds since 1970. */
  epoch: number;
}

/**
 * What is in an image, whose files are at `root`: the npm packages that are installed (as `npm sbom` tells of them, with
 * licences, hashes and who needs whom), Node, Go where there is one, and the packages of the Debian that it is on. Says the
 * same of the same image, so it has neither a serial number nor the time of the day.
 */
export async function billOf(subject: Subject, root: string): Promise<Bill> {
  const npm = await npmPackages(root);
  const system = [...(await runtimes(root)), ...(await debianPackages(root))];
  const image = `${subject.name}@${subject.digest}`;
  const own = npm.metadata.component['bom-ref'];
  const direct = npm.dependencies.find(({ ref }) => ref === own)?.dependsOn ?? [];
  return {
    bomFormat: 'CycloneDX',
    specVersion: npm.specVersion,
    metadata: {
      timestamp: new Date(subject.epoch * 1000).toISOString(),
      component: { 'bom-ref': image, type: 'container', name: subject.name, version: subject.digest },
    },
    components: [...npm.components, ...system],
    dependencies: [
      { ref: image, dependsOn: [...direct, ...system.map(component => component['bom-ref'])] },
      ...npm.dependencies.filter(({ ref }) => ref !== own),
    ],
  };
}

interface Lock {
  lockfileVersion: number;
  packages: Record<string, { version?: string; link?: boolean; [field: string]: unknown }>;
}

/** What npm has written down of its installation, made a project whose dependencies are the services' own. */
async function npmPackages(
  root: string,
): Promise<Pick<Bill, 'specVersion' | 'components' | 'dependencies' | 'metadata'>> {
  const installed = await readJson<Lock>(join(root, 'app/node_modules/.package-lock.json'));
  const own = await readJson<{ name: string }>(join(root, 'app/services/package.json'));
  const others = ([path, { link }]: [string, { link?: boolean }]) =>
    link || path === 'services' || path === 'node_modules/node' || path.startsWith('node_modules/node/');
  const packages = Object.fromEntries(Object.entries(installed.packages).filter(entry => !others(entry)));
  const folder = await mkdtemp(join(tmpdir(), 'gocenter-bill-'));
  try {
    await writeFile(join(folder, 'package.json'), JSON.stringify(own));
    const lock = {
      ...own,
      lockfileVersion: installed.lockfileVersion,
      requires: true,
      packages: { '': own, ...packages },
    };
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock));
    const flags = ['--sbom-format=cyclonedx', '--package-lock-only'];
    const { stdout } = await run('npm', ['sbom', ...flags], { cwd: folder, maxBuffer: 64 << 20 });
    return JSON.parse(stdout) as Bill;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function runtimes(root: string): Promise<Component[]> {
  const { packages } = await readJson<Lock>(join(root, 'app/node_modules/.package-lock.json'));
  const node = packages['node_modules/node']?.version ?? '';
  const found = [application('node', node, `pkg:generic/node@${node}`)];
  const go = await textOf(join(root, 'usr/local/go/VERSION'));
  const version = /^go(\S+)/.exec(go)?.[1];
  if (version !== undefined) found.push(application('go', version, `pkg:golang/toolchain@${version}`));
  return found;
}

const application = (name: string, version: string, purl: string): Component => ({
  'bom-ref': `${name}@${version}`,
  type: 'application',
  name,
  version,
  purl,
});

/** From dpkg's status: one file, or, in distroless images, one a package. */
async function debianPackages(root: string): Promise<Component[]> {
  const folder = join(root, 'var/lib/dpkg');
  const names = (await readdir(join(folder, 'status.d')).catch(() => [])).filter(name => !name.includes('.md5sums'));
  const files = ['status', ...names.toSorted().map(name => join('status.d', name))];
  const text = (await Promise.all(files.map(file => textOf(join(folder, file))))).join('\n\n');
  return text.split(/\n{2,}/).flatMap(paragraph => {
    const field = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(paragraph)?.[1];
    const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')];
    if (name === undefined || version === undefined) return [];
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
    return [{ 'bom-ref': purl, type: 'library' as const, name, version, purl }];
  });
}

const textOf = (file: string) => readFile(file, 'utf8').catch(() => '');
