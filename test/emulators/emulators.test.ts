import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startMessaging } from './messaging.ts';
import { startStorage } from './storage.ts';

const hasGo = spawnSync('go', ['version']).status === 0;

describe.skipIf(!hasGo)('emulators (need Go)', () => {
  it('storage keeps what was put first: a second create-only put is refused with 412', async () => {
    await using storage = await startStorage();
    await storage.createBucket('published');
    const put = (bytes: string) =>
      fetch(`${storage.url}/upload/storage/v1/b/published/o?uploadType=media&name=a/b&ifGenerationMatch=0`, {
        method: 'POST',
        body: bytes,
      });
    expect((await put('first')).status).toBe(200);
    expect((await put('second')).status).toBe(412);
    const kept = await fetch(`${storage.url}/storage/v1/b/published/o/${encodeURIComponent('a/b')}?alt=media`);
    expect(await kept.text()).toBe('first');
  });

  it('storage in a folder outlives its server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'storage-'));
    const first = await startStorage({ folder });
    await first.createBucket('published');
    await first.close();
    await using second = await startStorage({ folder });
    const response = await fetch(`${second.url}/storage/v1/b/published`);
    expect(await response.json()).toMatchObject({ name: 'published' });
    await rm(folder, { recursive: true });
  });

  it('messaging speaks gRPC where it says, until it is closed', async () => {
    const messaging = await startMessaging();
    const session = connect(`http://${messaging.address}`);
    const call = session.request({
      ':method': 'POST',
      ':path': '/google.pubsub.v1.Publisher/ListTopics',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    // An empty ListTopicsRequest: not compressed, no bytes.
    call.end(Buffer.alloc(5));
    const [trailers] = await once(call.resume(), 'trailers');
    expect(trailers['grpc-status']).toBe('0');
    session.close();
    await messaging.close();
    await expect(once(connect(`http://${messaging.address}`), 'connect')).rejects.toThrow('ECONNREFUSED');
  });
});
