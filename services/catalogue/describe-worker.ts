import { workerData } from 'node:worker_threads';
import { openStores } from '../backends.ts';
import type { Config } from '../config.ts';
import { answerOrders } from '../thread-orders.ts';
import type { ModuleVersion } from './index.ts';
import { factsOf } from './store.ts';

export type DescriberData = Pick<Config, 'STORAGE' | 'DATA_DIR'>;
export type DescribeOrder = ModuleVersion;

/** They are looked at by the process that this thread is of. */
const opened = openStores(workerData as DescriberData, { stores: [] });
opened.catch(() => {}); // each order says it

answerOrders<DescribeOrder>(async target => factsOf((await opened).stores, target));
