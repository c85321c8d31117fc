import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe } from 'vitest';
import { createGcsClient } from '../../services/storage/gcs/client.ts';
import { createGcsStorage } from '../../services/storage/gcs.ts';
import { type StorageEmulator, startStorage } from '../emulators/storage.ts';
import { storageContract } from './contract.ts';

const hasGo = spawnSync('go', ['version']).status === 0;

describe.skipIf(!hasGo)('Cloud Storage (needs Go)', () => {
  let server: StorageEmulator;
  beforeAll(async () => {
    server = await startStorage();
  });
  afterAll(() => server?.close());

  storageContract('Cloud Storage', async () => {
    await server.createBucket('contract');
    const open = () => createGcsStorage({ client: createGcsClient({ endpoint: server.url }), bucket: 'contract' });
    return { storage: await open(), another: open, close: async () => {} };
  });
});
