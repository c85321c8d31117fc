import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { get, untilIdle } from './client.ts';
import { type Service, startService } from './service.ts';
import { kindsOf, nameOf, outcomeOf, type readDeadQueue, type Version } from './stores.ts';
import type { World } from './world.ts';

/** A service that dies before a call of the parent's choice: crash-points.ts. */
export const preload = fileURLToPath(import.meta.resolve('./crash-points.ts'));

/** Starts the world's service again, ready to be armed. */
export async function restartArmable(world: World): Promise<void> {
  world.service = await startService({ settings: world.settings, preload });
}

async function tell<T>(service: Service, order: unknown): Promise<T> {
  const answer = once(service.process, 'message');
  service.process.send(order as object);
  const [message] = await answer;
  return message;
}

export interface Crash {
  /** The call before which it died. */
  at: string;
}

/** Asks for the version while the service is armed for call `dieAt`. Undefined when it has survived all there was to do. */
export async function requestUntilCrash(world: World, version: Version, dieAt: number): Promise<Crash | undefined> {
  const { service } = world;
  const exit = once(service.process, 'exit');
  await tell(service, { dieAt });
  const settled = get(world.urlOf(version)).then(() => untilIdle(service.admin));
  await Promise.race([exit, settled.catch(() => exit)]);
  if (service.process.signalCode === null) return undefined;
  return crashOf(service.said());
}

export function crashOf(said: string): Crash {
  const at = /^killed before (.+)$/m.exec(said)?.[1];
  if (at === undefined) throw new Error(`the service died otherwise than it was told to:\n${said}`);
  return { at };
}

/** The calls since it was armed. */
export const callsOf = async (service: Service) => (await tell<{ calls: string[] }>(service, 'count')).calls;

/** Where an accepted request can be. `untouched`: it was not accepted, and nothing has been done for it. */
export type Whereabouts = 'published' | 'rejected' | 'told' | 'dead-lettered' | 'pending' | 'lost' | 'untouched';

/** Where a version is, after the service died. `queue` is what was in its queue. */
export async function whereIs(
  dataDir: string,
  version: Version,
  queue: Awaited<ReturnType<typeof readDeadQueue>>,
): Promise<Whereabouts> {
  const rows = queue.filter(row => row.version === nameOf(version));
  if (rows.some(({ dead }) => !dead)) return 'pending';
  if ((await kindsOf(dataDir, 'published', version)).includes('info')) return 'published';
  const outcome = await outcomeOf(dataDir, version);
  if (outcome?.reasons !== undefined) return 'rejected';
  if (rows.length > 0) return 'dead-lettered';
  if (outcome !== undefined) return 'told';
  const traces = await Promise.all(
    (['published', 'quarantine'] as const).map(store => kindsOf(dataDir, store, version)),
  );
  return traces.flat().length > 0 ? 'lost' : 'untouched';
}
