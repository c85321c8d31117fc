import { openDuckdb } from './duckdb.ts';
import { socketOf } from './open.ts';
import type { Answered, Asked, ProcessOptions } from './process.ts';
import { serveAnalytics } from './socket.ts';

/** The process in which the embedded analytics work (process.ts). Ends with the one that started it. */

/** Ctrl-C and a supervisor's SIGTERM may reach the whole group; the parent says when it is time. */
process.on('SIGINT', () => {}).on('SIGTERM', () => {});

/** Whoever started this may have gone meanwhile; then nobody asks any more. */
const answer = (message: Answered) => void (process.connected && process.send?.(message, undefined, {}, () => {}));

const options = JSON.parse(process.argv[2] ?? '{}') as ProcessOptions;
const onError = (error: Error) => answer({ background: error.message });
const opened = openDuckdb({ ...options, onError });
opened.then(
  async analytics => {
    // Without it commands fail, with a sentence; the services don't.
    await serveAnalytics(analytics, socketOf(options.file)).catch(onError);
    answer({ id: 0, value: true });
  },
  error => answer({ id: 0, fault: error.message }),
);

process.on('message', async ({ id, method, parameters }: Asked) => {
  try {
    const analytics = await opened;
    const value = await (analytics[method] as (...all: unknown[]) => Promise<unknown>)(...parameters);
    answer({ id, value });
  } catch (error) {
    answer({ id, fault: (error as Error).message, kind: (error as { kind?: string }).kind ?? 'unavailable' });
  }
});

// Nothing is lost by ending at once: a file is taken whole or not at all, and a socket that is left is replaced. And nobody
// has to wait for the database.
process.on('disconnect', () => process.exit());
