import { randomBytes } from 'node:crypto';
import { asFault } from '../errors.ts';
import type { Storage } from '../storage/index.ts';

/**
 * One holder at a time among processes that share a store, by create-only puts and nothing else. Time is cut into terms;
 * whoever creates a term's object, `<root><number of the term>`, holds it, and takes the next before its own ends. When
 * a holder dies, another has the first term that nobody took. Clocks may differ by a third of a term.
 */
export interface Term {
  /** Whether this one holds the current term, taken now if it is free. To be asked again within a third of a term. */
  holds(): Promise<boolean>;
  /** Lets another have it at once, for good: it is not held again. */
  resign(): Promise<void>;
}

export interface TermOptions {
  storage: Storage;
  /** What the keys of its objects, and of no others, begin with: `discovery/term/`. */
  root: string;
  /** Milliseconds. */
  length: number;
  /** Milliseconds. */
  now?: () => number;
}

export function createTerm({ storage, root, length, now = Date.now }: TermOptions): Term {
  const me = randomBytes(12);
  const held = new Set<number>();
  let resigned = false;
  let last: Promise<unknown> = Promise.resolve();
  const keyOf = (number: number) => `${root}${String(number).padStart(15, '0')}`;

  async function take(number: number): Promise<boolean> {
    if (held.has(number)) return true;
    try {
      await storage.put(keyOf(number), me, { ifAbsent: true });
    } catch (error) {
      if (asFault(error).kind === 'conflict') return false;
      throw error;
    }
    held.add(number);
    if (held.size > 1) await clean(number - 1);
    return true;
  }

  /** Removes what is over, also what others have left who died. */
  async function clean(before: number): Promise<void> {
    for (const number of held) if (number < before) held.delete(number);
    for await (const { key } of storage.list(root)) {
      if (key >= keyOf(before)) break;
      await storage.delete(key);
    }
  }

  async function hold(): Promise<boolean> {
    if (resigned) return false;
    const time = now();
    const current = Math.floor(time / length);
    if (!(await take(current))) return false;
    if (time % length >= length / 3) await take(current + 1);
    return true;
  }

  // One after another: a term that is being taken must not outlast the resignation.
  function serially<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  }

  return {
    holds: () => serially(hold),
    resign() {
      resigned = true;
      return serially(async () => {
        if (held.size > 0) await clean(Math.max(...held) + 1);
      });
    },
  };
}
