import { createReadStream } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { sep } from 'node:path';
import { getCACertificates } from 'node:tls';
import type { Logger } from 'pino';
import { Fault } from '../errors.ts';
import { checkModulePath, checkModuleVersion } from '../gomod/path.ts';
import { isPseudoVersion } from '../gomod/pseudo.ts';
import { compare } from '../gomod/semver.ts';
import { canonicalVersion } from '../gomod/version.ts';
import type { VersionInfo } from '../origin/index.ts';
import type { Egress } from './egress.ts';
import { goFault } from './go/failure.ts';
import { createJob, type Job, removeLeftovers } from './go/job.ts';
import { runGo } from './go/run.ts';
import type { Limiter, Release } from './net/limiter.ts';
import type { OriginSpec } from './origins.ts';
import { type Ask, infoLimit, modLimit, type OriginClient, zipLimit } from './upstream.ts';
import { parseVersionInfo } from './version-info.ts';

export interface DirectOptions {
  egress: Egress;
  /** How many go commands begin and run at once for one host. */
  hosts: Limiter;
  /** How many go commands run at once. */
  jobs: Limiter;
  /** Longest run in ms. */
  timeout: number;
  /** Longest silence on a connection in ms. */
  silence: number;
  govcs: string;
  /** PEM of authorities trusted besides Node's. */
  ca?: string | undefined;
  /** Where go and git are, as in PATH. */
  path: string;
  /** Folder for the jobs' folders. */
  folder: string;
  log: Logger;
  quota?: number;
}

const defaultQuota = 2 * 2 ** 30;

/** What `go mod download -json` and `go list -m -json` print, as far as it is used. */
interface Printed {
  Version?: string;
  Time?: string;
  Versions?: string[];
  Origin?: unknown;
  Info?: string;
  GoMod?: string;
  Zip?: string;
  Error?: string | { Err?: string };
}

/**
 * The version control systems themselves, through the go command: `go mod download` and `go list -m` and nothing else,
 * so that no code of a module is ever run. Each run has a folder and an environment of its own (go/job.ts) and one way
 * out (egress.ts).
 */
export function createDirect(spec: OriginSpec, options: DirectOptions): OriginClient {
  const { egress, hosts, jobs, timeout, silence, govcs, path, folder, log, quota = defaultQuota } = options;
  let authorities: string | undefined;
  let swept: Promise<void> | undefined;
  let checked: Promise<void> | undefined;

  /** Runs go and hands over the job, whose folder the caller must remove; on failure it is removed here. */
  async function run(module: string, args: readonly string[], ask: Ask): Promise<{ job: Job; printed: Printed }> {
    checkHost(module);
    swept ??= removeLeftovers(folder);
    await swept;
    authorities ??= [...getCACertificates('default'), options.ca ?? ''].join('\n');
    const started = performance.now();
    const held: Release[] = [];
    const passage = await egress.open();
    let job: Job | undefined;
    let fault: Fault | undefined;
    try {
      held.push(await hosts.acquire(module.split('/', 1)[0] ?? module, ask.signal));
      held.push(await jobs.acquire('go', ask.signal));
      job = await createJob({
        parent: folder,
        path,
        proxy: passage.url,
        authorities,
        govcs,
        silence: Math.ceil(silence / 1000),
      });
      checked ??= warnOfOldGo(job);
      await checked;
      const result = await runGo(job, args, { timeout, quota, signal: ask.signal });
      const printed = parsePrinted(result.stdout);
      const error = typeof printed?.Error === 'object' ? printed.Error.Err : printed?.Error;
      if (result.code !== 0 || error !== undefined || printed === undefined) {
        throw goFault(error ?? result.stderr, passage.fault(), [job.folder, passage.url]);
      }
      return { job, printed };
    } catch (error) {
      fault =
        error instanceof Fault ? error : new Fault('unavailable', 'the go command can’t be run', { cause: error });
      await job?.remove();
      throw fault;
    } finally {
      for (const release of held) release();
      passage.close();
      ask.trace?.({
        url: `go ${args.join(' ')}`,
        ms: Math.round(performance.now() - started),
        bytes: 0,
        ...(fault !== undefined && { error: `${fault.kind}: ${fault.message}` }),
      });
    }
  }

  async function warnOfOldGo(job: Job): Promise<void> {
    const { stdout } = await runGo(job, ['env', 'GOVERSION'], { timeout: 10_000, quota }).catch(() => ({ stdout: '' }));
    if (!isOld(stdout.trim())) return;
    log.warn(
      { installed: stdout.trim() },
      `go is older than ${leastGo}, which mends what a hostile repository could do to it`,
    );
  }

  async function info(module: string, query: string, ask: Ask): Promise<VersionInfo> {
    const asked = canonicalVersion(query) === query ? query : undefined;
    const { job, printed } = await run(module, ['list', '-m', '-e', '-json', `${module}@${query}`], ask);
    await job.remove();
    const { Version, Time, Origin } = printed;
    return parseVersionInfo(Buffer.from(JSON.stringify({ Version, Time, Origin })), module, asked);
  }

  return {
    spec,

    async list(module, ask) {
      const { job, printed } = await run(module, ['list', '-m', '-e', '-versions', '-retracted', '-json', module], ask);
      await job.remove();
      const versions = Array.isArray(printed.Versions) ? printed.Versions : [];
      return versions.filter(version => canonicalVersion(version) === version && !isPseudoVersion(version));
    },

    latest: (module, ask) => info(module, 'latest', ask),

    async query(module, query, ask) {
      if (!/^[A-Za-z0-9_.][\w.+~-]{0,255}$/.test(query)) {
        throw new Fault(
          'invalid',
          `${JSON.stringify(query)} is no name of a version, branch or commit that can be asked for`,
        );
      }
      return info(module, query, ask);
    },

    async fetch(module, version, ask) {
      checkModuleVersion(module, version);
      const { job, printed } = await run(module, ['mod', 'download', '-json', `${module}@${version}`], ask);
      try {
        const info = parseVersionInfo(await readFile(await fileOf(job, printed.Info, infoLimit)), module, version);
        const mod = readFile(await fileOf(job, printed.GoMod, modLimit));
        mod.catch(() => {}); // reported to whoever awaits it, after the zip
        const zip = createReadStream(await fileOf(job, printed.Zip, zipLimit), { highWaterMark: 1 << 18 });
        return {
          info,
          mod,
          zip,
          async dispose() {
            zip.on('error', () => {}).destroy();
            await job.remove();
          },
        };
      } catch (error) {
        await job.remove();
        throw error;
      }
    },
  };
}

/** Hosts that Go reaches without its proxy, past egress.ts, and whatever could be taken for an option. */
function checkHost(module: string): void {
  checkModulePath(module);
  const host = module.split('/', 1)[0] ?? '';
  if (isIP(host) !== 0 || /(^|\.)localhost\.?$/.test(host) || /^[\d.]+$/.test(host)) {
    throw new Fault('refused', `${host} is refused as an origin: a module's path must begin with a public host name`);
  }
}

/** Older ones have known holes in how they run version control systems. */
const leastGo = '1.26.6';

function isOld(version: string): boolean {
  const release = /^go(\d+\.\d+(?:\.\d+)?)/.exec(version)?.[1];
  return release !== undefined && compare(`v${release}`, `v${leastGo}`) < 0;
}

function parsePrinted(stdout: string): Printed | undefined {
  try {
    const document: unknown = JSON.parse(stdout);
    return typeof document === 'object' && document !== null ? document : undefined;
  } catch {
    return undefined;
  }
}

/** A file that go says it has made: a regular one, inside the job's folder, of a size that may be. */
async function fileOf(job: Job, path: string | undefined, limit: number): Promise<string> {
  if (path === undefined || !path.startsWith(job.folder + sep))
    throw new Fault('bad-origin', 'go gave no complete module');
  const found = await lstat(path);
  if (!found.isFile()) throw new Fault('bad-origin', 'go gave something else than a file');
  if (found.size > limit) throw new Fault('bad-origin', `a file of the module is larger than ${limit} bytes`);
  return path;
}
