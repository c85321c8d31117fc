import { parentPort } from 'node:worker_threads';
import { asFault } from './errors.ts';
import type { Answered, Ordered } from './thread.ts';

/** The end of a thread (thread.ts) that does the work: answers each order with what `handle` makes of it. */
export function answerOrders<O>(handle: (order: O) => unknown): void {
  parentPort?.on('message', async ({ id, order }: Ordered<O>) => {
    let answer: Answered;
    try {
      answer = { id, result: await handle(order) };
    } catch (error) {
      const { kind, message } = asFault(error);
      answer = { id, fault: { kind, message } };
    }
    parentPort?.postMessage(answer);
  });
}
