import { versionKey } from '../records/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Ask, OriginClient } from './upstream.ts';

/**
 * Fetches a version from one origin into quarantine: zip, mod, then info, which is the commit mark; where it comes from
 * beside them in `.origin`. What fails on the way leaves no info, so a version is never there by half. Nothing is held
 * in memory but the go.mod.
 */
export async function fetchIntoQuarantine(
  origin: OriginClient,
  module: string,
  version: string,
  quarantine: Storage,
  ask: Ask,
): Promise<void> {
  const key = versionKey(module, version);
  const fetched = await origin.fetch(module, version, ask);
  try {
    // Begun beside the zip, which takes longer, and waited for before the mark.
    const named = quarantine.put(`${key}.origin`, Buffer.from(origin.spec.name));
    named.catch(() => {});
    await quarantine.put(`${key}.zip`, fetched.zip);
    await named;
    await quarantine.put(`${key}.mod`, await fetched.mod);
    await quarantine.put(`${key}.info`, Buffer.from(`${JSON.stringify(fetched.info)}\n`));
  } finally {
    await fetched.dispose();
  }
}
