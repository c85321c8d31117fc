import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { asFault } from '../errors.ts';
import { createTerm } from '../records/term.ts';
import type { Storage } from '../storage/index.ts';
import { sleep } from './retry.ts';

/**
 * One fetch of a version at a time among all processors that share a store. Who fetches holds the version's terms in
 * quarantine, `claims/<hash of module@version>-<number of the term>`.
 */
export interface Claims {
  /**
   * Waits until nobody else fetches this version, then runs `work`, which must look at the stores first. The claim is
   * renewed for as long as it runs; after a death it is free within two terms. Throws the signal's reason when aborted.
   */
  run<T>(module: string, version: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;

  /** Removes what the dead have left and nobody asked for again: at most 10,000 claims that are an hour old. */
  sweep(): Promise<void>;
}

const old = 3_600_000;
const mostSwept = 10_000;

/** Between two looks at a claim of somebody else, in ms. */
const firstLook = 20;
const lastLook = 1000;

export function createClaims(options: {
  quarantine: Storage;
  /** Milliseconds. */
  term: number;
  log: Logger;
  now?: () => number;
}): Claims {
  const { quarantine, term, log, now = Date.now } = options;
  return {
    async sweep() {
      let swept = 0;
      for await (const { key, time } of quarantine.list('claims/')) {
        if (time.getTime() < now() - old - term) await quarantine.delete(key);
        swept += 1;
        if (swept >= mostSwept) break;
      }
    },
    async run(module, version, signal, work) {
      const name = createHash('sha256').update(`${module}@${version}`).digest('hex').slice(0, 32);
      const claim = createTerm({ storage: quarantine, root: `claims/${name}-`, length: term, now });
      for (let pause = firstLook; !(await claim.holds()); pause = Math.min(lastLook, pause * 1.5)) {
        await sleep(pause, signal);
        signal.throwIfAborted();
      }
      // A renewal that fails costs a second fetch at worst: what is stored is the same whoever fetches it.
      const renewing = setInterval(() => {
        claim.holds().catch(error => log.debug({ module, version, err: error }, 'the claim could not be renewed'));
      }, term / 4);
      try {
        return await work();
      } finally {
        clearInterval(renewing);
        await claim
          .resign()
          .catch(error => log.debug({ module, version, kind: asFault(error).kind }, 'a claim is left'));
      }
    },
  };
}
