import { writeSync } from 'node:fs';
import { createSqliteMessaging } from '../../services/messaging/sqlite.ts';
import { requested } from './helpers.ts';

/**
 * A process to be killed: publishes and handles messages for ever and tells on standard output what was acknowledged
 * to it and what it has handled. Arguments: the queue's file and a name for this run.
 */
const [file = '', run = ''] = process.argv.slice(2);

const tell = (line: string) => writeSync(1, `${line}\n`);

const messaging = await createSqliteMessaging({ file, maxAttempts: 1000, lease: 200, backoff: { first: 5, max: 50 } });
messaging.subscribe(
  'processor',
  async ({ version }, { attempt }) => {
    await new Promise(resolve => setTimeout(resolve, version.length % 4));
    if (attempt === 1 && version.endsWith('7.0')) throw new Error('once more');
    tell(`handled ${version}`);
  },
  { concurrency: 4 },
);
tell('ready');
for (let n = 0; ; n++) {
  const batch = Array.from({ length: 1 + (n % 4) }, (_, i) => `v${run}.${n * 10 + i}.0`);
  await Promise.all(
    batch.map(async version => {
      await messaging.publish('module.requested', requested(version));
      tell(`published ${version}`);
    }),
  );
  await new Promise(resolve => setTimeout(resolve, 2));
}
