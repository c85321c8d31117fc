import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { callOptions, createLoggingClient } from './client.ts';
import { isPermanent, loggingFault } from './faults.ts';
import { createSender, logNameOf, resourceOf, type Settled } from './sender.ts';

/** The thread in which lines become entries (../logging.ts). */
export interface ThreadOptions {
  project: string;
  endpoint: string;
}

/** What the thread is told: lines, or to hand over what it has. */
export type Told = { lines: string } | 'drain';

/** What it tells: that it has started, or why not; what became of lines; that it has handed over what it had. */
export type Tells = { started: true } | { fault: string } | { settled: Settled } | 'drained';

/** As `nice` counts: least. */
const priority = 19;
/** Milliseconds for the look at the start, with its repeats: a log that hangs may not hold up the proxy. */
const startPatience = { each: 2000, total: 3000 };

const { project, endpoint } = workerData as ThreadOptions;
const tell = (message: Tells) => parentPort?.postMessage(message);
const client = createLoggingClient(project, endpoint);
const sender = createSender({ client, project, onSettled: settled => tell({ settled }) });

parentPort?.on('message', (told: Told) => {
  if (told === 'drain') void sender.drain().then(() => tell('drained'));
  else sender.push(told.lines);
});

try {
  const request = { logName: logNameOf(project), resource: resourceOf(project), dryRun: true };
  await client.writeLogEntries({ ...request, entries: [{ textPayload: 'start' }] }, callOptions(startPatience));
  tell({ started: true });
} catch (error) {
  tell(isPermanent(error) ? { fault: loggingFault(error, project).message } : { started: true });
}
// On Linux a priority is a thread's. Elsewhere it would be the whole process's, downloads and all.
if (process.platform === 'linux') setPriority(priority);
