import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { get, untilIdle } from './client.ts';
import { type Service, type Settings, startService } from './service.ts';
import { kindsOf, nameOf, outcomeOf, type Queued, type Version } from './stores.ts';
import type { World } from './world.ts';

const preload = fileURLToPath(import.meta.resolve('./crash-points.ts'));

/** Starts the world's service again so that it dies where the parent chooses: crash-points.ts. */
export async function restartMortal(world: World, dieAt?: string): Promise<void> {
  const settings: Settings = { ...world.settings, ...(dieAt !== undefined && { FAULTS_DIE_AT: dieAt }) };
  world.service = await startService({ settings, preload });
}

async function tell<T>(service: Service, order: string | object): Promise<T> {
  const answer = once(service.process, 'message');
  service.process.send(order as object);
  const [message] = await answer;
  return message;
}

/** Where it could have died since it was armed. */
export const pointsOf = async (service: Service) => (await tell<{ points: string[] }>(service, 'points')).points;

/** Asks for the version, to die at `dieAt`. Says whether it did, or survived until there was nothing more to do. */
export async function requestUntilDeath(world: World, version: Version, dieAt: string): Promise<boolean> {
  const { service } = world;
  const exit = once(service.process, 'exit');
  await tell(service, { dieAt });
  const settled = get(world.urlOf(version)).then(() => untilIdle(service.admin));
  await Promise.race([exit, settled.catch(() => exit)]);
  if (service.process.signalCode === null) return false;
  if (!service.said().includes(`killed before ${dieAt}\n`)) throw new Error(`it died otherwise:\n${service.said()}`);
  return true;
}

/** Where an accepted request can be; `told` is an outcome that is no rejection. */
export type Whereabouts = 'published' | 'rejected' | 'told' | 'dead-lettered' | 'pending' | 'nowhere';

/** Where a version is after the service has died with this queue. */
export async function whereIs(dataDir: string, version: Version, queue: readonly Queued[]): Promise<Whereabouts> {
  const rows = queue.filter(row => row.version === nameOf(version));
  if (rows.some(({ dead }) => !dead)) return 'pending';
  if ((await kindsOf(dataDir, 'published', version)).includes('info')) return 'published';
  const outcome = await outcomeOf(dataDir, version);
  if (outcome?.reasons !== undefined) return 'rejected';
  if (rows.length > 0) return 'dead-lettered';
  return outcome === undefined ? 'nowhere' : 'told';
}
