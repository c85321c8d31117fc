import { LRUCache } from 'lru-cache';
import { asFault, Fault } from '../errors.ts';
import type { AskOptions } from '../origin/index.ts';
import { mayPass } from './retry.ts';

export interface AnswersOptions {
  /** How long an answer is fresh, in ms. */
  fresh: number;
  /** How long an absence or a refusal is, in ms. */
  negative: number;
  /** How long an answer may still be given when the origin fails, in ms from when it was got. */
  stale: number;
  maxBytes: number;
  /** Questions under way at once. */
  maxPending: number;
  now?: () => number;
}

/** Remembers answers to questions, within bounds, and asks identical questions once. */
export interface Answers<T> {
  /**
   * The answer to the question named `key`: kept while it is fresh, else from `question`; a stale one when that fails in
   * a way that may pass. `size` is of the answer in bytes, undefined for one that is not to be kept. An aborted `signal`
   * ends this caller's wait, not the question. With `fresh` what is kept is no answer, and neither is what a question
   * brings that was under way before.
   */
  ask(key: string, question: () => Promise<T>, size: Size<T>, options?: AskOptions): Promise<T>;
}

type Size<T> = (answer: T) => number | undefined;

/** After a failure a stale answer serves this long before the origin is asked again, in ms. */
const rest = 10_000;
/** A little for the key and the objects around it. */
const overhead = 256;

type Kept<T> = { answer: T; got: number; fresh: number } | { fault: Fault; fresh: number };

export function createAnswers<T>(options: AnswersOptions): Answers<T> {
  const { fresh, negative, stale, maxBytes, maxPending, now = () => performance.now() } = options;
  const kept = new LRUCache<string, Kept<T>>({ maxSize: maxBytes });
  const pending = new Map<string, Promise<T>>();

  async function get(key: string, question: () => Promise<T>, size: Size<T>): Promise<T> {
    try {
      const answer = await question();
      const got = now();
      const bytes = size(answer);
      if (bytes !== undefined) kept.set(key, { answer, got, fresh: got + fresh }, { size: bytes + overhead });
      return answer;
    } catch (error) {
      const fault = asFault(error);
      const old = kept.get(key);
      if (mayPass(fault)) {
        if (old === undefined || 'fault' in old || now() - old.got > stale) throw fault;
        old.fresh = now() + rest;
        return old.answer;
      }
      if (fault.kind === 'not-found' || fault.kind === 'gone' || fault.kind === 'refused') {
        const hold = fault.retryAfter === undefined ? negative : Math.min(negative, fault.retryAfter * 1000);
        kept.set(key, { fault, fresh: now() + hold }, { size: overhead });
      }
      throw fault;
    }
  }

  return {
    async ask(key, question, size, { signal, fresh: anew = false } = {}) {
      const found = kept.get(key);
      if (!anew && found !== undefined && now() < found.fresh) {
        if ('fault' in found) throw found.fault;
        return found.answer;
      }
      let shared = pending.get(key);
      if (anew && shared !== undefined) {
        await untilAborted(shared, signal).catch(() => {});
        shared = pending.get(key); // begun after we came
      }
      if (shared === undefined) {
        if (pending.size >= maxPending) {
          throw new Fault('unavailable', 'too many questions are being asked of origins', { retryAfter: 2 });
        }
        shared = get(key, question, size).finally(() => pending.delete(key));
        pending.set(key, shared);
      }
      return untilAborted(shared, signal);
    },
  };
}

/** The promise, or the signal's reason as soon as it is aborted. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(new Fault('unavailable', 'the request was given up', { cause: signal.reason }));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
