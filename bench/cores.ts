import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadCore, serverCore } from './tools.ts';

/** Ticks of each core: all, and those in which it had nothing to do. Empty where there is no /proc. */
export function coreTimes(): { all: number; idle: number }[] {
  try {
    return readFileSync('/proc/stat', 'utf8')
      .split('\n')
      .filter(line => /^cpu\d/.test(line))
      .map(line => {
        // user, nice, system, idle, iowait, irq, softirq, steal; guest time is in user already (man 5 proc).
        const ticks = line.split(/\s+/).slice(1, 9).map(Number);
        return { all: ticks.reduce((sum, tick) => sum + tick, 0), idle: (ticks[3] ?? 0) + (ticks[4] ?? 0) };
      });
  } catch {
    return [];
  }
}

/** How busy a core was since `before`, from 0 to 1. */
export function busySince(before: ReturnType<typeof coreTimes>, core: number): number {
  const [start, end] = [before[core], coreTimes()[core]];
  if (start === undefined || end === undefined) return Number.NaN;
  return 1 - (end.idle - start.idle) / Math.max(1, end.all - start.all);
}

/**
 * Waits between runs for other work on the machine to end: until the cores of the bench are nearly idle for a moment,
 * `budget` milliseconds in all. What others do in the middle of a run is seen by `others` in a sample.
 */
export function createQuiet(budget: number) {
  let waited = 0;
  return {
    async wait(): Promise<void> {
      for (let busy = Number.POSITIVE_INFINITY; busy > 0.2 && waited < budget; ) {
        const [start, before] = [performance.now(), coreTimes()];
        if (before.length === 0) return;
        await sleep(300);
        busy = Math.max(...[serverCore, loadCore].map(core => busySince(before, core) || 0));
        waited += busy > 0.2 ? performance.now() - start : 0;
      }
    },
  };
}
