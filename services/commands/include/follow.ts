import { setTimeout as delay } from 'node:timers/promises';
import { outcomeFault, readOutcome, versionKey } from '../../records/index.ts';
import { isRejection } from '../../validator/reject.ts';
import type { CommandDeps, Target } from '../command.ts';

/** What became of a version; `waiting` when patience ended before it did. */
export type State = 'published' | 'here' | 'rejected' | 'missing' | 'waiting';

export interface Result extends Target {
  state: State;
  /** Why, where it is not published. */
  message: string;
}

export interface FollowOptions {
  targets: readonly Target[];
  /** Versions asked for and watched at once. */
  atOnce: number;
  /** Milliseconds without anything coming of any version, after which the rest is given up. */
  patience: number;
  /** Told of each as soon as something has come of it. */
  settled: (result: Result) => void;
}

/** Between two looks at the same version, in ms. */
const firstLook = 20;
const lastLook = 500;
/** Outcomes that the processor tries again by itself. */
const passing = new Set(['timed-out', 'unavailable', 'rate-limited', 'bad-origin', 'internal', 'loop']);

/** Asks for versions, some at once, and watches the store until something has come of each. Resolves in their order. */
export async function follow(deps: CommandDeps, options: FollowOptions): Promise<Result[]> {
  const { targets, atOnce, patience, settled } = options;
  const results: Result[] = [];
  let next = 0;
  let last = performance.now();

  async function work(): Promise<void> {
    for (let index = next++; index < targets.length; index = next++) {
      const target = targets[index];
      if (target === undefined) return;
      const result = await obtain(target);
      if (result.state !== 'waiting') last = performance.now();
      results[index] = result;
      settled(result);
    }
  }

  async function obtain(target: Target): Promise<Result> {
    const before = await look(target, undefined);
    if (before?.state === 'published') return { ...before, state: 'here' };
    if (before?.state === 'rejected') return before;
    const requestedAt = deps.now().toISOString();
    await deps.messaging.publish('module.requested', { v: 1, ...target, by: 'operator', requestedAt });
    let known = 'nothing has come of it yet: do the services run?';
    for (let pause = firstLook; performance.now() - last < patience; pause = Math.min(lastLook, pause * 1.5)) {
      const found = await look(target, requestedAt);
      if (found !== undefined && found.state !== 'waiting') return found;
      if (found !== undefined) known = found.message;
      await delay(pause);
    }
    return { ...target, state: 'waiting', message: known };
  }

  /** What the stores say of it, an outcome only when it was found after `since`. */
  async function look(target: Target, since: string | undefined): Promise<Result | undefined> {
    const { module, version } = target;
    if ((await deps.published.stat(`${versionKey(module, version)}.info`)) !== undefined) {
      return { ...target, state: 'published', message: '' };
    }
    const outcome = await readOutcome(deps.records, module, version, deps.now());
    if (outcome === undefined) return undefined;
    if (isRejection(outcome)) return { ...target, state: 'rejected', message: outcome.message };
    if (since === undefined || outcome.at < since) return undefined;
    const { message } = outcomeFault(outcome, deps.now());
    return { ...target, state: passing.has(outcome.kind) ? 'waiting' : 'missing', message };
  }

  await Promise.all(Array.from({ length: Math.min(atOnce, targets.length) }, work));
  return results;
}
