import { escapePath, unescapePath } from '../gomod/escape.ts';
import type { Storage } from '../storage/index.ts';

/** A module whose path does not tell its repository: `go.uber.org/zap` of `github.com/uber-go/zap`. */
export interface KnownModule {
  module: string;
  /** Folder in the repository; empty for its root. */
  folder: string;
}

/**
 * Which modules come from a repository, as the `.info` of what is published says, for webhooks. An empty object each:
 *
 *     discovery/repositories/<host and path, lower case>/=<escaped module>@<folder>, slashes as commas
 */
export interface Repositories {
  remember(module: string, info: Uint8Array): Promise<void>;
  modulesOf(repository: string): Promise<KnownModule[]>;
}

const root = 'discovery/repositories/';
const maxModules = 1000;
const longestName = 250;

export function createRepositories(records: Storage): Repositories {
  return {
    async remember(module, info) {
      const { repository, folder } = originOf(info) ?? {};
      if (repository === undefined || folder === undefined || isWithin(module.toLowerCase(), repository)) return;
      const name = `=${escapePath(module)}@${folder}`.replaceAll('/', ',');
      if (name.length > longestName || !/^[\x21-\x7e]+$/.test(name)) return;
      const key = `${root}${repository}/${name}`;
      if ((await records.stat(key)) === undefined) await records.put(key, Buffer.alloc(0), { ifAbsent: true });
    },

    async modulesOf(repository) {
      const folder = `${root}${repository.toLowerCase()}/=`;
      const found: KnownModule[] = [];
      for await (const { key } of records.list(folder)) {
        const [module, inside = ''] = key.slice(folder.length).replaceAll(',', '/').split('@');
        if (module !== undefined) found.push({ module: unescapePath(module), folder: inside });
        if (found.length >= maxModules) break;
      }
      return found;
    },
  };
}

const isWithin = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/** Host and path of the repository that an `.info` names; undefined when it names none that is fit for a key. */
function originOf(info: Uint8Array): { repository: string; folder: string } | undefined {
  let origin: { URL?: unknown; Subdir?: unknown } | undefined;
  try {
    origin = (JSON.parse(Buffer.from(info).toString()) as { Origin?: typeof origin }).Origin;
  } catch {
    return undefined;
  }
  if (typeof origin?.URL !== 'string' || !URL.canParse(origin.URL)) return undefined;
  const { host, pathname } = new URL(origin.URL);
  const repository = `${host}${pathname.replace(/\/+$/, '').replace(/\.git$/, '')}`.toLowerCase();
  if (!/^[a-z0-9.:-]+(?:\/[a-z0-9_~-][a-z0-9._~-]{0,200})+$/.test(repository) || repository.length > 500)
    return undefined;
  return { repository, folder: typeof origin.Subdir === 'string' ? origin.Subdir : '' };
}
