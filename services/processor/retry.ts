import { asFault, type Fault, isTransient } from '../errors.ts';

export interface RetryOptions {
  /** Attempts at most, ≥ 1. */
  tries: number;
  /** Longest wait before the second attempt, in ms; doubled for each one after it. */
  firstDelay: number;
  /** No attempt begins later than this many ms after the first. */
  budget: number;
  signal?: AbortSignal | undefined;
  now?: () => number;
  random?: () => number;
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Whether another attempt may go better: what is transient, and answers that were cut short or damaged on the way. */
export function mayPass(fault: Fault): boolean {
  return isTransient(fault) || fault.kind === 'bad-origin';
}

/**
 * Repeats what may pass with exponential back-off and full jitter (delay uniform in 0…limit), never sooner than the
 * origin's `Retry-After`. Throws the last fault.
 */
export async function retry<T>(attempt: (number: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { tries, firstDelay, budget, signal, now = () => performance.now(), random = Math.random } = options;
  const pause = options.sleep ?? sleep;
  const end = now() + budget;
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      const fault = asFault(error);
      const delay = Math.max(firstDelay * 2 ** (number - 1) * random(), (fault.retryAfter ?? 0) * 1000);
      if (number >= tries || !mayPass(fault) || signal?.aborted || now() + delay > end) throw fault;
      await pause(delay, signal);
    }
  }
}

/** Resolves after `ms`, or at once when aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}
