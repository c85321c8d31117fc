import { asFault, Fault } from '../errors.ts';
import type { OriginSpec } from './origins.ts';

const ranks = { off: 0, absent: 1, failed: 2, direct: 3 };

/**
 * Asks origins in order until one answers. After `,` it goes on only on not-found and gone, after `|` on any error.
 * When none answers, the most useful error is thrown, as cmd/go does (modfetch.TryProxies): that of `direct`, else the
 * last that is more than absence, else the last absence. `off` refuses, unless an origin before it has said more.
 */
export async function askInOrder<O extends { spec: OriginSpec }, T>(
  origins: readonly O[],
  ask: (origin: O) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  let best: Fault = new Fault('refused', 'there is no origin to ask');
  let bestRank = -1;
  for (const origin of origins) {
    try {
      return await ask(origin);
    } catch (error) {
      const fault = asFault(error);
      if (signal?.aborted) throw fault;
      const absent = fault.kind === 'not-found' || fault.kind === 'gone';
      const { kind, anyError } = origin.spec;
      const rank = kind === 'off' ? ranks.off : kind === 'direct' ? ranks.direct : absent ? ranks.absent : ranks.failed;
      if (rank >= bestRank) {
        best = fault;
        bestRank = rank;
      }
      if (!absent && !anyError) break;
    }
  }
  throw best;
}
