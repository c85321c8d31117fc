import { startMessaging } from './messaging.ts';
import { startStorage } from './storage.ts';
import { createTopics, type TopicsOptions } from './topics.ts';

/** Which adapters services run on: embedded in DATA_DIR, Google's clients on emulators, or one of each. */
export const backendKinds = ['embedded', 'emulators', 'files and Pub/Sub', 'Cloud Storage and SQLite'] as const;
export type BackendKind = (typeof backendKinds)[number];

export interface TestBackends extends AsyncDisposable {
  /** The variables that choose them, as in the environment. */
  settings: Readonly<Record<string, string>>;
  /** Address of the emulator, and name of the bucket of what is published; undefined where it is a folder. */
  storage: { url: string; published: string } | undefined;
  /** Address of the emulator, and its project. */
  messaging: { address: string; project: string } | undefined;
  close(): Promise<void>;
}

const base = 'gocenter';
const project = 'test-project';

/**
 * Starts what the kind needs, with all buckets, topics and subscriptions made. Emulators listen on `address`: `host:port`, or
 * a free port of the loopback.
 */
export async function startBackends(
  kind: BackendKind,
  topics: TopicsOptions = {},
  listen: { address?: string } = {},
): Promise<TestBackends> {
  const withStorage = kind === 'emulators' || kind === 'Cloud Storage and SQLite';
  const withMessaging = kind === 'emulators' || kind === 'files and Pub/Sub';
  const storage = withStorage ? await startStorage(listen) : undefined;
  const messaging = withMessaging ? await startMessaging(listen) : undefined;
  for (const name of ['published', 'quarantine', 'records']) await storage?.createBucket(`${base}-${name}`);
  if (messaging !== undefined) await createTopics(messaging.address, project, topics);
  const close = async () => {
    await storage?.close();
    await messaging?.close();
  };
  return {
    settings: {
      ...(storage && { STORAGE: `gs://${base}?endpoint=${storage.url}` }),
      ...(messaging && { MESSAGING: `pubsub:${project}?endpoint=${messaging.address}`, LEASE: '10s' }),
    },
    storage: storage && { url: storage.url, published: `${base}-published` },
    messaging: messaging && { address: messaging.address, project },
    close,
    [Symbol.asyncDispose]: close,
  };
}
