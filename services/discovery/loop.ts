import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { asFault, type Fault } from '../errors.ts';
import { backoffDelay } from '../messaging/backoff.ts';
import type { Term } from '../records/term.ts';

/** Work that goes on for as long as the service does, step by step, by one process at a time. */
export interface Loop {
  start(): void;
  /** Ends when the signal is aborted and the step under way has noticed. */
  ended(): Promise<void>;
  /** Throws what the last step failed with. */
  ready(): Promise<void>;
}

export interface LoopOptions {
  name: string;
  /** Does a little, and says in how many milliseconds to go on. */
  step: (signal: AbortSignal) => Promise<number>;
  /** Of several processes one works. */
  term: Pick<Term, 'holds'>;
  signal: AbortSignal;
  log: Logger;
  random?: () => number;
  sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** After failures, in ms; never sooner than who failed has asked for. */
const backoff = { first: 1000, max: 600_000 };
/** How often one that does not work looks whether it should, in ms; also the longest sleep, so that the term is kept. */
const lookInterval = 5000;

export function createLoop(options: LoopOptions): Loop {
  const { name, step, term, signal, log, random = Math.random } = options;
  const { sleep = (milliseconds, by) => delay(milliseconds, undefined, { signal: by }) } = options;
  let failure: Fault | undefined;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    let failures = 0;
    let pause = 0;
    while (!signal.aborted) {
      const mine = await term.holds().catch(() => false);
      if (!mine || pause > 0) {
        const rest = mine ? Math.min(pause, lookInterval) : lookInterval;
        pause = mine ? pause - rest : 0;
        await sleep(rest, signal);
        continue;
      }
      try {
        pause = await step(signal);
        if (failure !== undefined) log.info(`${name}: works again`);
        failure = undefined;
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        const fault = asFault(error);
        if (fault.message !== failure?.message)
          log.warn({ kind: fault.kind, err: fault.cause }, `${name}: ${fault.message}`);
        failure = fault;
        failures += 1;
        pause = Math.max(backoffDelay(backoff, Math.min(failures, 20), random), (fault.retryAfter ?? 0) * 1000);
      }
    }
  }

  return {
    start() {
      running = run().catch(error => {
        if (!signal.aborted) log.error({ err: error }, `${name}: has ended`);
      });
    },
    ended: () => running,
    async ready() {
      if (failure !== undefined) throw failure;
    },
  };
}
