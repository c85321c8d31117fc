import { setTimeout as delay } from 'node:timers/promises';
import { createLoggingClient, oneCall } from './client.ts';
import { isPermanent, loggingFault, rpc } from './faults.ts';
import { createSender, logNameOf, resourceOf, type Settled } from './sender.ts';

/** The process in which lines become entries (../logging.ts). Ends with the one that started it. */
export interface ProcessOptions {
  project: string;
  endpoint: string;
}

/** What it is told: lines, or to hand over what it has without waiting for more. */
export type Told = { lines: string } | 'drain';

/**
 * What it tells: what a look at the log has shown, the first time that it has started; that it won't start, and why; what
 * became of lines.
 */
export type Tells = { look: { failure?: string } } | { fault: string } | { settled: Settled };

/** Milliseconds for a look, and between the first and the second: what passes at once is not worth telling. */
const lookPatience = 2000;
const shortPause = 300;
/** Milliseconds that the start waits for it: a log that hangs may not hold up the proxy, and a client takes its time. */
const startPatience = 2500;
/** Milliseconds between looks, until one shows that the log may be written. */
const pause = 5000;

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

/** What stands against writing. */
async function look(): Promise<{ error: unknown } | undefined> {
  const nothing = { logName: logNameOf(project), resource: resourceOf(project), dryRun: true };
  try {
    await client.writeLogEntries({ ...nothing, entries: [{ textPayload: 'start' }] }, oneCall(lookPatience));
    return undefined;
  } catch (error) {
    return { error };
  }
}

const sentence = ({ error }: { error: unknown }) => loggingFault(error, project).message;
const late: { error: unknown } = { error: Object.assign(new Error('no answer yet'), { code: rpc.deadline }) };
let last = late;
async function lookTwice(): Promise<{ error: unknown } | undefined> {
  const found = await look();
  if (found === undefined || isPermanent(found.error)) return found;
  last = found;
  await delay(shortPause);
  return look();
}

const first = lookTwice();
let found = await Promise.race([first, delay(startPatience).then(() => last)]);
if (found !== undefined && isPermanent(found.error)) tell({ fault: sentence(found) });
else {
  if (found === last) {
    tell({ look: { failure: sentence(found) } });
    found = await first;
  }
  while (found !== undefined) {
    tell({ look: { failure: sentence(found) } });
    await delay(pause);
    found = await look();
  }
  tell({ look: {} });
}
