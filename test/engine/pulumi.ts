import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..');

/** Why the real engine can't be run here; undefined where it can. */
export const withoutPulumi =
  spawnSync('pulumi', ['version']).status === 0 ? undefined : 'pulumi is not on the PATH: see pulumi.com/docs/install';

/** A name that is skipped visibly where there is no engine. */
export const title = (name: string) => (withoutPulumi === undefined ? name : `${name} (skipped: ${withoutPulumi})`);

export interface Outcome {
  code: number;
  output: string;
  seconds: number;
}

/**
 * A project in a folder of its own, with its state in files beside it: what the engine writes into stack files does not
 * reach the repository. Nothing in it can reach a cloud, as its credentials are made up.
 */
export class Project {
  readonly #folder = mkdtempSync(join(tmpdir(), 'gocenter-engine-'));

  /** `folder` is that of the Pulumi.yaml, in the repository. */
  constructor(folder: string) {
    const source = join(root, folder);
    for (const entry of readdirSync(source)) {
      if (/^Pulumi.*\.yaml$/.test(entry)) cpSync(join(source, entry), join(this.#folder, entry));
    }
    for (const link of ['infra', 'services', 'policies', 'test', 'node_modules', 'package.json']) {
      symlinkSync(join(root, link), join(this.#folder, link));
    }
  }

  /** Runs `pulumi` with these arguments; its exit code and all that it says. */
  async run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const began = performance.now();
    const env = {
      ...process.env,
      PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`,
      PULUMI_BACKEND_URL: `file://${this.#folder}`,
      PULUMI_CONFIG_PASSPHRASE: 'made up',
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      GOOGLE_OAUTH_ACCESS_TOKEN: 'made-up',
      ...environment,
    };
    const all = [...args, '--non-interactive', '--color=never'];
    const options = { cwd: this.#folder, env, maxBuffer: 64 << 20 };
    const { code, output } = await promisify(execFile)('pulumi', all, options).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      (error: { code?: unknown; stdout?: string; stderr?: string; message: string }) => ({
        code: Number(error.code ?? 1),
        output: `${error.stdout ?? ''}${error.stderr ?? error.message}`,
      }),
    );
    return { code, output, seconds: (performance.now() - began) / 1000 };
  }

  /** As `run`; throws what it says when it fails. */
  async succeed(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Outcome> {
    const outcome = await this.run(args, environment);
    if (outcome.code !== 0) throw new Error(`pulumi ${args.join(' ')} exits with ${outcome.code}:\n${outcome.output}`);
    return outcome;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
