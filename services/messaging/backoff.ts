export interface Backoff {
  /** Milliseconds after the first failure. */
  first: number;
  /** Milliseconds at most. */
  max: number;
}

/** Milliseconds to wait after failure `attempt` (1, 2, …): doubled each time; half of it is jitter. */
export function backoffDelay({ first, max }: Backoff, attempt: number, random: () => number): number {
  const full = Math.min(first * 2 ** (attempt - 1), max);
  return Math.round(full * (0.5 + random() / 2));
}
