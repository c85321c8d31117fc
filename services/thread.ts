import { type ResourceLimits, Worker } from 'node:worker_threads';
import { Fault, type FaultKind } from './errors.ts';

/** Work for a worker thread, so that nothing else of the process waits for it. The thread's end is thread-orders.ts. */
export interface Thread<O> {
  /** What the thread makes of an order; throws its faults, and `unavailable` when it ends before it has answered. */
  ask(order: O): Promise<unknown>;
  /** Waits for what has been asked. */
  close(): Promise<void>;
}

export interface ThreadOptions {
  file: URL;
  /** As `workerData` of the thread; what structuredClone can copy. */
  data: unknown;
  /** What fails when it fails, as a sentence begins: `the catalogue`. */
  name: string;
  /** Milliseconds that one order may take; the thread is ended then, and all that it was asked has failed. */
  patience?: number;
  limits?: ResourceLimits;
}

export interface Ordered<O> {
  id: number;
  order: O;
}

export type Answered = { id: number } & ({ result: unknown } | { fault: { kind: string; message: string } });

interface Asking {
  resolve(result: unknown): void;
  reject(error: Fault): void;
  timer: NodeJS.Timeout | undefined;
}

/** Started by the first order, and again by the next one after it has died. It keeps no process alive by itself. */
export function createThread<O>({ file, data, name, patience, limits }: ThreadOptions): Thread<O> {
  const asking = new Map<number, Asking>();
  let last = 0;
  let worker: Worker | undefined;
  let drained: (() => void) | undefined;

  /** A thread that has died takes its orders with it. */
  function fail(died: Worker, message: string): void {
    if (worker !== died) return;
    worker = undefined;
    for (const { reject, timer } of asking.values()) {
      clearTimeout(timer);
      reject(new Fault('unavailable', `${name} failed: ${message}`));
    }
    asking.clear();
    drained?.();
  }

  function finish(started: Worker, answer: Answered): void {
    const order = asking.get(answer.id);
    asking.delete(answer.id);
    clearTimeout(order?.timer);
    if (asking.size === 0) {
      started.unref();
      drained?.();
    }
    if ('result' in answer) order?.resolve(answer.result);
    else order?.reject(new Fault(answer.fault.kind as FaultKind, answer.fault.message));
  }

  function start(): Worker {
    const started = new Worker(file, { workerData: data, ...(limits && { resourceLimits: limits }) });
    started.on('error', (error: unknown) => fail(started, error instanceof Error ? error.message : String(error)));
    started.on('exit', () => fail(started, 'its thread has ended'));
    started.on('message', (answer: Answered) => finish(started, answer));
    started.unref();
    return started;
  }

  return {
    ask(order) {
      worker ??= start();
      const asked = worker;
      last += 1;
      const id = last;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const giveUp = () => {
        fail(asked, `its thread has not answered in ${(patience ?? 0) / 1000} s`);
        void asked.terminate();
      };
      const timer = patience === undefined ? undefined : setTimeout(giveUp, patience).unref();
      asking.set(id, { resolve, reject, timer });
      asked.ref();
      asked.postMessage({ id, order } satisfies Ordered<O>);
      return promise;
    },
    async close() {
      if (asking.size > 0) {
        await new Promise<void>(resolve => {
          drained = resolve;
        });
      }
      await worker?.terminate();
    },
  };
}
