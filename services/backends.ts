import { join } from 'node:path';
import type { Check } from './admin.ts';
import type { Config } from './config.ts';
import type { Messaging } from './messaging/index.ts';
import { createSqliteMessaging } from './messaging/sqlite.ts';
import { createFileStorage } from './storage/files.ts';
import type { Storage } from './storage/index.ts';

/** What the services keep things in: adapters chosen by configuration. */
export interface Backends {
  /** Checked and immutable; a GOPROXY by itself. */
  published: Storage;
  /** Fetched, not yet checked. */
  quarantine: Storage;
  /** Outcomes, provenance, processing logs, the feed. */
  records: Storage;
  messaging: Messaging;
  /** One a backend, for readiness. */
  checks: Record<string, Check>;
  close(): Promise<void>;
}

/** The embedded backends: folders and one SQLite file under DATA_DIR. Several processes may share them. `onError` hears
 * of failures in the background, which are tried again. */
export async function openBackends(config: Config, onError: (error: Error) => void): Promise<Backends> {
  const folder = (name: string) => createFileStorage({ root: join(config.DATA_DIR, name) });
  const published = await folder('published');
  const quarantine = await folder('quarantine');
  const records = await folder('records');
  const messaging = await createSqliteMessaging({
    file: join(config.DATA_DIR, 'messages.sqlite'),
    maxAttempts: config.MAX_ATTEMPTS,
    lease: config.LEASE,
    onError,
  });
  return {
    published,
    quarantine,
    records,
    messaging,
    checks: {
      published: () => published.ready(),
      quarantine: () => quarantine.ready(),
      records: () => records.ready(),
      messaging: () => messaging.ready(),
    },
    close: () => messaging.close(),
  };
}
