import { Fault } from '../../errors.ts';

export interface LimiterOptions {
  /** Starts a second; as many may start at once after a pause. */
  rate: number;
  /** Holders at once. */
  concurrency: number;
  /** Longest wait in ms, after which `unavailable` is thrown. */
  maxWait: number;
  /** Longest queue of one lane. */
  maxWaiting?: number;
  maxLanes?: number;
  now?: () => number;
}

/** Gives back what `acquire` gave; a second call does nothing. */
export type Release = () => void;

/** Lets work at one origin host begin in order: a token bucket and a concurrency for each host. */
export interface Limiter {
  /** Throws `unavailable` when the queue or the wait is too long, or the signal's reason. */
  acquire(host: string, signal?: AbortSignal): Promise<Release>;

  /** Holds back all that is not begun yet for `ms`, because the host said so. */
  pause(host: string, ms: number): void;
}

interface Waiter {
  deadline: number;
  grant(): void;
  fail(error: Fault): void;
}

interface Lane {
  tokens: number;
  refilled: number;
  active: number;
  pausedUntil: number;
  waiting: Waiter[];
  timer: NodeJS.Timeout | undefined;
}

export function createLimiter(options: LimiterOptions): Limiter {
  const { rate, concurrency, maxWait, maxWaiting = 1000, maxLanes = 1000, now = () => performance.now() } = options;
  const lanes = new Map<string, Lane>();

  function laneOf(host: string): Lane {
    const known = lanes.get(host);
    if (known !== undefined) return known;
    if (lanes.size >= maxLanes) dropIdle();
    if (lanes.size >= maxLanes) throw new Fault('unavailable', 'too many origin hosts are in use', { retryAfter: 1 });
    const lane = { tokens: rate, refilled: now(), active: 0, pausedUntil: 0, waiting: [], timer: undefined };
    lanes.set(host, lane);
    return lane;
  }

  // A lane that has rested long enough to be full again is the same as a new one.
  function dropIdle(): void {
    for (const [host, lane] of lanes) {
      refill(lane);
      const busy = lane.active > 0 || lane.waiting.length > 0 || lane.pausedUntil > now();
      if (!busy && lane.tokens >= rate) lanes.delete(host);
    }
  }

  function refill(lane: Lane): void {
    const time = now();
    lane.tokens = Math.min(rate, lane.tokens + ((time - lane.refilled) / 1000) * rate);
    lane.refilled = time;
  }

  /** Lets as many begin as may, fails those that have waited too long, and comes back when the next may begin. */
  function advance(lane: Lane): void {
    clearTimeout(lane.timer);
    lane.timer = undefined;
    refill(lane);
    const time = now();
    while (lane.waiting.length > 0 && lane.active < concurrency && lane.tokens >= 1 && lane.pausedUntil <= time) {
      lane.tokens -= 1;
      lane.active += 1;
      lane.waiting.shift()?.grant();
    }
    while (lane.waiting[0] !== undefined && lane.waiting[0].deadline <= time) {
      lane.waiting.shift()?.fail(new Fault('unavailable', 'too many requests wait for this origin', { retryAfter: 5 }));
    }
    const first = lane.waiting[0];
    if (first === undefined) return;
    const untilToken =
      lane.active < concurrency ? Math.max(lane.pausedUntil - time, ((1 - lane.tokens) / rate) * 1000) : Infinity;
    lane.timer = setTimeout(() => advance(lane), Math.ceil(Math.max(1, Math.min(untilToken, first.deadline - time))));
  }

  return {
    acquire(host, signal) {
      return new Promise<Release>((resolve, reject) => {
        signal?.throwIfAborted();
        const lane = laneOf(host);
        const pause = lane.pausedUntil - now();
        if (lane.waiting.length >= maxWaiting || pause > maxWait) {
          const retryAfter = Math.max(1, Math.ceil(pause / 1000));
          throw new Fault('unavailable', `${host} asks for a pause, or too many requests wait for it`, { retryAfter });
        }
        const abort = () => {
          lane.waiting.splice(lane.waiting.indexOf(waiter), 1);
          reject(signal?.reason);
        };
        const waiter: Waiter = {
          deadline: now() + maxWait,
          grant() {
            signal?.removeEventListener('abort', abort);
            let held = true;
            resolve(() => {
              if (!held) return;
              held = false;
              lane.active -= 1;
              advance(lane);
            });
          },
          fail(error) {
            signal?.removeEventListener('abort', abort);
            reject(error);
          },
        };
        signal?.addEventListener('abort', abort, { once: true });
        lane.waiting.push(waiter);
        advance(lane);
      });
    },

    pause(host, ms) {
      const lane = laneOf(host);
      lane.pausedUntil = Math.max(lane.pausedUntil, now() + ms);
    },
  };
}
