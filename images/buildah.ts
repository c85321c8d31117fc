import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Why no images can be built on this machine; undefined where they can. */
export function whyNoBuildah(): string | undefined {
  if (process.platform !== 'linux') return 'buildah needs Linux';
  if (spawnSync('buildah', ['--version']).status !== 0) return 'needs buildah: node scripts/setup.mjs images';
  // Without root, buildah works in a user namespace, which `buildah unshare` enters.
  return process.getuid?.() === 0 ? undefined : 'needs root, or to be run by `buildah unshare`';
}

/** Runs buildah; with a folder, on images and containers of its own instead of the machine's. */
export class Buildah {
  readonly #global: string[];

  constructor(store?: string) {
    this.#global = store === undefined ? [] : ['--root', `${store}/images`, '--runroot', `${store}/run`];
  }

  /** What it printed. Throws with the end of what it said when it fails. */
  async run(args: readonly string[], cwd?: string): Promise<string> {
    const child = spawn('buildah', [...this.#global, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    const [code] = await once(child, 'close');
    if (code === 0) return printed.trim();
    throw new Error(`buildah ${args[0]} ended with ${code}:\n${printed.slice(-4000)}${said}`);
  }

  /** Gives `use` a working container of an image, and where its files are. */
  async with<T>(image: string, use: (container: string, root: string) => Promise<T>): Promise<T> {
    const container = await this.run(['from', '--pull-never', image]);
    try {
      return await use(container, await this.run(['mount', container]));
    } finally {
      await this.run(['rm', container]);
    }
  }

  async has(image: string): Promise<boolean> {
    return (await this.run(['images', '--format', '{{.Name}}:{{.Tag}}'])).split('\n').includes(image);
  }
}
