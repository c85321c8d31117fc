import { escapePath, escapeVersion } from '../../services/gomod/escape.ts';
import type { SumdbServer } from '../sumdb-server/server.ts';
import { type FixtureModule, startUpstream } from '../upstream/index.ts';

/**
 * A checksum database as public mirrors give it: a lookup stays as it was first answered, so each speaks of the tree
 * of that day. Lookups are made for these versions, one after the other, before it starts.
 */
export async function startMirror(
  { url, verifierKey }: Pick<SumdbServer, 'url' | 'verifierKey'>,
  versions: readonly Pick<FixtureModule, 'path' | 'version'>[],
): Promise<{ url: string; close(): Promise<void> }> {
  const ask = async (path: string) => {
    const response = await fetch(`${url}/${path}`);
    return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined;
  };
  const kept = new Map<string, Buffer | undefined>();
  for (const { path, version } of versions) {
    const lookup = `lookup/${escapePath(path)}@${escapeVersion(version)}`;
    kept.set(lookup, await ask(lookup));
  }
  const [name = ''] = verifierKey.split('+');
  const read = async (path: string) => kept.get(path) ?? ask(path);
  const server = await startUpstream({ modules: [], sumdb: { name, read } });
  return { url: `${server.url}/sumdb/${name}`, close: server.close };
}
