import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackendKind, startBackends, type TestBackends } from '../emulators/backends.ts';
import { type SumdbServer, startSumdbServer } from '../sumdb-server/server.ts';
import { type FixtureModule, loadFixtures, startUpstream, type Upstream } from '../upstream/index.ts';
import { createGo, type Go, type GoOptions, hasGo } from './go.ts';
import { type Service, type Settings, startService } from './service.ts';

/** An upstream with the fixtures, a checksum database of them, and services and go commands that use both. */
export interface World {
  folder: string;
  backends: TestBackends;
  upstream: Upstream;
  /** None where go is missing, which it is built with. */
  sumdb: Pick<SumdbServer, 'verifierKey' | 'url' | 'close'>;
  /** What services need to know, DATA_DIR included. */
  settings: Settings;
  start(more?: Settings, name?: 'proxy' | 'processor' | 'validator'): Promise<Service>;
  /** A go command without anything yet, which asks this service; sums come from it, too. */
  go(service: Pick<Service, 'url'>, more?: Partial<GoOptions>): Promise<Go>;
  /** Ends everything, however much is left. */
  close(): Promise<void>;
}

const noSumdb = { verifierKey: 'off', url: '', close: async () => {} };

export async function openWorld(
  modules: readonly FixtureModule[] = [],
  kind: BackendKind = 'embedded',
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'gocenter-e2e-'));
  const upstream = await startUpstream({ modules: [...(await loadFixtures()), ...modules] });
  const sumdb = hasGo ? await startSumdbServer({ upstream: upstream.url }) : noSumdb;
  const backends = await startBackends(kind);
  const services: Service[] = [];
  const gos: Go[] = [];
  const settings = {
    DATA_DIR: join(folder, 'data'),
    UPSTREAM: upstream.url,
    PRIVATE_UPSTREAM: upstream.url,
    SUMDB: `${sumdb.verifierKey} ${sumdb.url}`,
    ...backends.settings,
  };
  return {
    folder,
    backends,
    upstream,
    sumdb,
    settings,
    async start(more = {}, name) {
      const service = await startService({ ...settings, ...more }, name);
      services.push(service);
      return service;
    },
    async go({ url }, more = {}) {
      const go = await createGo({ GOPROXY: url, GOSUMDB: sumdb.verifierKey, ...more });
      gos.push(go);
      return go;
    },
    async close() {
      await Promise.all(services.map(service => service.stop('SIGKILL')));
      await Promise.all(gos.map(go => go.remove()));
      await upstream.close();
      await sumdb.close();
      await backends.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
