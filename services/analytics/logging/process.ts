import { callOptions, createLoggingClient } from './client.ts';
import { isPermanent, loggingFault } from './faults.ts';
import { createSender, logNameOf, resourceOf, type Settled } from './sender.ts';

/** The process in which lines become entries (../logging.ts). Ends with the one that started it. */
export interface ProcessOptions {
  project: string;
  endpoint: string;
}

/** What it is told: lines, or to hand over what it has without waiting for more. */
export type Told = { lines: string } | 'drain';

/** What it tells: that it has started, or why not; what became of lines. */
export type Tells = 'started' | { fault: string } | { settled: Settled };

/** Milliseconds for the look at the start, with its repeats: a log that hangs may not hold up the proxy. */
const startPatience = { each: 2000, total: 3000 };

/** Ctrl-C and a supervisor's SIGTERM may reach the whole group; the parent says when it is time. */
process.on('SIGINT', () => {}).on('SIGTERM', () => {});
process.on('disconnect', () => process.exit());

const { project, endpoint } = JSON.parse(process.argv[2] ?? '{}') as ProcessOptions;
const tell = (message: Tells) => void (process.connected && process.send?.(message, undefined, {}, () => {}));
const client = createLoggingClient(project, endpoint);
const sender = createSender({ client, project, onSettled: settled => tell({ settled }) });

process.on('message', (told: Told) => {
  if (told === 'drain') void sender.drain();
  else sender.push(told.lines);
});

try {
  const look = { logName: logNameOf(project), resource: resourceOf(project), dryRun: true };
  await client.writeLogEntries({ ...look, entries: [{ textPayload: 'start' }] }, callOptions(startPatience));
  tell('started');
} catch (error) {
  tell(isPermanent(error) ? { fault: loggingFault(error, project).message } : 'started');
}
