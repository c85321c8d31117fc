import { versionKey } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Ask, Fetched, OriginClient } from './upstream.ts';

/**
 * Fetches a version from one origin into quarantine: zip, mod, then info, which is the commit mark; where it comes from
 * beside them in `.origin`. What fails on the way leaves no info, so a version is never there by half, and no files
 * that nobody would ever remove. Nothing is held in memory but the go.mod.
 */
export async function fetchIntoQuarantine(
  origin: OriginClient,
  module: string,
  version: string,
  quarantine: Storage,
  ask: Ask,
): Promise<void> {
  const key = versionKey(module, version);
  let fetched: Fetched | undefined;
  let beside: Promise<unknown>[] = [];
  try {
    fetched = await origin.fetch(module, version, ask);
    // Begun beside the zip, which takes longer, and waited for before the mark.
    beside = [
      quarantine.put(`${key}.origin`, Buffer.from(origin.spec.name)),
      fetched.mod.then(mod => quarantine.put(`${key}.mod`, mod)),
    ];
    for (const each of beside) each.catch(() => {});
    await quarantine.put(`${key}.zip`, fetched.zip);
    await Promise.all(beside);
    await quarantine.put(`${key}.info`, Buffer.from(`${JSON.stringify(fetched.info)}\n`));
  } catch (error) {
    await Promise.allSettled(beside);
    // When the message was taken from us, somebody else may be fetching into the same place.
    if (!ask.signal?.aborted) await removeParts(quarantine, key).catch(() => {});
    throw error;
  } finally {
    await fetched?.dispose();
  }
}

/** Also those that a process left which died on the way. */
async function removeParts(quarantine: Storage, key: string): Promise<void> {
  if ((await quarantine.stat(`${key}.info`)) !== undefined) return;
  for (const kind of ['mod', 'zip', 'origin']) await quarantine.delete(`${key}.${kind}`);
}
