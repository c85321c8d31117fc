import { startEmulator } from './emulator.ts';

export interface StorageEmulator extends AsyncDisposable {
  /** For `apiEndpoint` of the client, `http://host:port`. */
  url: string;
  /** Creates an empty bucket. */
  createBucket(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface StorageEmulatorOptions {
  /** `host:port`; without one a free port of the loopback. Pods on the test cluster's real node reach the machine's. */
  address?: string;
  /** Where objects are kept, so that one that is started later goes on with them. In memory without one. */
  folder?: string;
}

/** Starts a Cloud Storage: fake-gcs-server, whose preconditions (`ifGenerationMatch`) hold. */
export async function startStorage({ address, folder }: StorageEmulatorOptions = {}): Promise<StorageEmulator> {
  const { address: url, close } = await startEmulator('fake-gcs-server', { address, folder });
  return {
    url,
    async createBucket(name) {
      const response = await fetch(`${url}/storage/v1/b?project=test`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name }),
      });
      if (!response.ok) throw new Error(`bucket ${name}: ${response.status} ${await response.text()}`);
      await response.body?.cancel();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
