import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FixtureModule, startUpstream, type Upstream, type UpstreamOptions } from '../upstream/index.ts';
import { fileUrl } from './client.ts';
import { operate, type Service, type Settings, startService } from './service.ts';
import type { Version } from './stores.ts';

/** A service with its data, and the upstream that it fetches from. */
export interface World {
  upstream: Upstream;
  dataDir: string;
  /** As the operator's commands need them, too. */
  settings: Settings;
  /** The one that was started last. */
  service: Service;
  urlOf(version: Version, kind?: 'info' | 'mod' | 'zip'): string;
  /** Starts it again, on the same data; whoever asks for it has ended the one before. `more` replaces settings. */
  restart(more?: Settings): Promise<Service>;
  /** An operator's command on its data. */
  operate(...args: string[]): Promise<{ status: number | null; out: string }>;
  close(): Promise<void>;
}

export interface WorldOptions extends Omit<UpstreamOptions, 'modules'> {
  modules: readonly FixtureModule[];
  settings?: Settings;
}

export async function openWorld({ settings: given = {}, ...options }: WorldOptions): Promise<World> {
  const folder = await makeFolder();
  const upstream = await startUpstream(options);
  const settings = { ...folder.settings, UPSTREAM: upstream.url, ...given };
  const world: World = {
    upstream,
    dataDir: settings.DATA_DIR,
    settings,
    service: await startService({ settings }),
    urlOf: ({ path, version }, kind = 'zip') => fileUrl(world.service.url, path, version, kind),
    async restart(more = {}) {
      world.settings = { ...world.settings, ...more };
      world.service = await startService({ settings: world.settings });
      return world.service;
    },
    operate: (...args) => operate(world.settings, ...args),
    async close() {
      await world.service.kill();
      await upstream.close();
      await folder.remove();
    },
  };
  return world;
}

/**
 * A folder for the data of services, and for Node's compiled code, which halves the time of a start. Whoever asked for
 * it removes it.
 */
export async function makeFolder() {
  const path = await mkdtemp(join(tmpdir(), 'gocenter-faults-'));
  const settings = { DATA_DIR: join(path, 'data'), NODE_COMPILE_CACHE: join(path, 'compiled') };
  // Compiled code is kept at the end of a process, unless it is killed.
  await operate({ ...settings, DATA_DIR: join(path, 'other') }, 'alarms');
  return { path, settings, remove: () => rm(path, { recursive: true, force: true }) };
}
