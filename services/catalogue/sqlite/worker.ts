import { parentPort, workerData } from 'node:worker_threads';
import { asFault } from '../../errors.ts';
import { guarded, openSync } from './database.ts';
import { createWriter, type Writer } from './write.ts';

/** Writes wait for one another and for the disk, in a thread of their own: reads and requests go on meanwhile. */
export interface Order {
  id: number;
  method: keyof Writer;
  argument: unknown;
}

export type Answer = { id: number } & ({ result: unknown } | { fault: { kind: string; message: string } });

const port = parentPort;
if (port !== null) {
  const db = openSync((workerData as { file: string }).file);
  const writer = createWriter(db);
  port.on('message', ({ id, method, argument }: Order) => {
    let answer: Answer;
    try {
      answer = { id, result: guarded(() => writer[method](argument as never)) };
    } catch (error) {
      const { kind, message } = asFault(error);
      answer = { id, fault: { kind, message } };
    }
    port.postMessage(answer);
  });
  port.on('close', () => db.close());
}
