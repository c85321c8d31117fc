import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { isHeld, openDuckdb } from './duckdb.ts';
import type { Analytics } from './index.ts';
import { connectAnalytics } from './socket.ts';

/** Milliseconds between two tries. */
const pause = 100;

/** Where the embedded analytics keep things. */
export const analyticsFiles = (dataDir: string) => ({
  file: join(dataDir, 'downloads.duckdb'),
  spool: join(dataDir, 'downloads'),
  socket: socketOf(join(dataDir, 'downloads.duckdb')),
});

/** Where the process that has this database open answers others. */
export const socketOf = (file: string): string => `${file.replace(/[.]duckdb$/, '')}.sock`;

/**
 * The analytics for a command: those of the services while they run, because one process alone may have the database open;
 * else the database itself, with all that the spool holds. `patience` is the longest wait, in milliseconds, for a process
 * that has the database open but does not answer yet. Throws `unavailable` with the reason.
 */
export async function openForCommand(
  config: Pick<Config, 'DATA_DIR' | 'DOWNLOADS_KEPT'>,
  onError: (error: Error) => void,
  patience = 10_000,
): Promise<Analytics> {
  const { file, spool, socket } = analyticsFiles(config.DATA_DIR);
  return joinOrOpen(socket, patience, async () => {
    const own = await openDuckdb({ file, spool, interval: 0, kept: config.DOWNLOADS_KEPT, lockPatience: 0, onError });
    try {
      await own.take();
      return own;
    } catch (error) {
      await own.close();
      throw error;
    }
  });
}

/**
 * The analytics of whoever answers at the socket, else those that `open` opens. Both are tried again, for so many
 * milliseconds, while a process has the database open but does not answer yet, or not any more.
 */
export async function joinOrOpen(socket: string, patience: number, open: () => Promise<Analytics>): Promise<Analytics> {
  const end = performance.now() + patience;
  for (;;) {
    const running = await connectAnalytics(socket);
    if (running !== undefined) return running;
    try {
      return await open();
    } catch (error) {
      if (!isHeld(error) || performance.now() > end) throw error;
      await delay(pause);
    }
  }
}
