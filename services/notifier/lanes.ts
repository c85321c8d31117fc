/**
 * Which targets are served at once. Each pool has capacity of its own, so that what anybody may have us call can't hold up
 * operators, nor webhooks that do not answer those that do. Of one pool, lanes that share something (a host, who
 * made the watch) have a quarter at most.
 */
export interface Lanes {
  /** Waits for a place and serves. Rejects with what `serve` throws. */
  run(pool: Pool, shares: readonly string[], serve: () => Promise<void>): Promise<void>;
}

/** `proven`: webhooks that took what was sent last; `unproven`: those that did not, or were sent nothing yet. */
export type Pool = keyof typeof sizes;

const sizes = { slack: 8, proven: 16, unproven: 8 } as const;

interface Waiting {
  /** What it takes a place of: its pool, and its share of that for each thing that it has in common with others. */
  places: { name: string; size: number }[];
  begin: () => void;
}

export function createLanes(): Lanes {
  const taken = new Map<string, number>();
  const queue = new Set<Waiting>();

  const isFree = ({ name, size }: Waiting['places'][number]) => (taken.get(name) ?? 0) < size;

  /** In the order in which they came, past those whose places are taken. */
  function beginNext(): void {
    for (const waiting of queue) {
      if (!waiting.places.every(isFree)) continue;
      queue.delete(waiting);
      for (const { name } of waiting.places) taken.set(name, (taken.get(name) ?? 0) + 1);
      waiting.begin();
    }
  }

  function leave({ places }: Waiting): void {
    for (const { name } of places) {
      const left = (taken.get(name) ?? 0) - 1;
      if (left > 0) taken.set(name, left);
      else taken.delete(name);
    }
    beginNext();
  }

  return {
    async run(pool, shares, serve) {
      const size = sizes[pool];
      const places = [{ name: pool, size }, ...shares.map(share => ({ name: `${pool} ${share}`, size: size / 4 }))];
      const { promise, resolve } = Promise.withResolvers<void>();
      const waiting: Waiting = { places, begin: resolve };
      queue.add(waiting);
      beginNext();
      await promise;
      try {
        await serve();
      } finally {
        leave(waiting);
      }
    },
  };
}
