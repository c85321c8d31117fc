import type { Weekly } from '../weekly.ts';
import type { Posted } from './client.ts';

/**
 * Which message a conversation hangs on. One that nobody has begun for a week or two begins anew: what is told deep in an
 * old thread is seen by nobody.
 */
export interface Threads {
  root(channel: string, thread: string): Promise<Posted | undefined>;
  begin(channel: string, thread: string, posted: Posted): Promise<void>;
  /** When its message was deleted. */
  forget(channel: string, thread: string): Promise<void>;
}

export function createThreads(kept: Weekly<Posted>): Threads {
  const keyOf = (channel: string, thread: string) => `${channel} ${thread}`;
  return {
    root: (channel, thread) => kept.get(keyOf(channel, thread)),
    begin: (channel, thread, posted) => kept.set(keyOf(channel, thread), posted),
    forget: (channel, thread) => kept.remove(keyOf(channel, thread)),
  };
}
