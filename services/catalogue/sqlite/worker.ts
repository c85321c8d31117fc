import { parentPort, workerData } from 'node:worker_threads';
import { answerOrders } from '../../thread-orders.ts';
import { guarded, openSync } from './database.ts';
import { createWriter, type Writer } from './write.ts';

/** Writes wait for one another and for the disk, in a thread of their own: reads and requests go on meanwhile. */
export interface Order {
  method: keyof Writer;
  argument: unknown;
}

if (parentPort !== null) {
  const db = openSync((workerData as { file: string }).file);
  const writer = createWriter(db);
  answerOrders<Order>(({ method, argument }) => guarded(() => writer[method](argument as never)));
  parentPort.on('close', () => db.close());
}
