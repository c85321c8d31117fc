import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createGcsClient } from '../../services/storage/gcs/client.ts';
import { createGcsStorage } from '../../services/storage/gcs.ts';
import { type FaultyHttp, startFaultyHttp } from '../emulators/faulty.ts';
import { type StorageEmulator, startStorage } from '../emulators/storage.ts';
import { storageContract } from './contract.ts';
import { bytesOf, kindOf, readWith, rest, streamOf } from './helpers.ts';

const hasGo = spawnSync('go', ['version']).status === 0;

/** Google's own, instead of what stands for it: an empty bucket that the machine's credentials may write to. */
const bucket = process.env.TEST_BUCKET;

describe.skipIf(bucket === undefined)('Google’s Cloud Storage (needs TEST_BUCKET)', () => {
  storageContract('Google’s Cloud Storage', async () => {
    const client = createGcsClient({ endpoint: '' });
    const open = () => createGcsStorage({ client, bucket: bucket ?? '' });
    return { storage: await open(), another: open, close: () => client.close() };
  });
});

describe.skipIf(!hasGo)('Cloud Storage (needs Go)', () => {
  let server: StorageEmulator;
  let faulty: FaultyHttp;
  beforeAll(async () => {
    server = await startStorage();
    faulty = await startFaultyHttp(server.url);
  });
  beforeEach(() => {
    faulty.fault = () => undefined;
  });
  afterAll(async () => {
    await faulty?.close();
    await server?.close();
  });

  storageContract('Cloud Storage', async () => {
    await server.createBucket('contract');
    const client = createGcsClient({ endpoint: server.url });
    const open = () => createGcsStorage({ client, bucket: 'contract' });
    return { storage: await open(), another: open, close: () => client.close() };
  });

  /** Storage behind the faulty server. */
  async function open(bucket: string) {
    const client = createGcsClient({ endpoint: faulty.url });
    return createGcsStorage({ client, bucket });
  }
  async function openNew(bucket: string) {
    await server.createBucket(bucket);
    return open(bucket);
  }

  /** A fault for the first `times` requests that match, as method, address and Content-Range. */
  function failing(times: number, matches: RegExp, fault: ReturnType<FaultyHttp['fault']>) {
    let left = times;
    faulty.fault = ({ method, url, headers }) =>
      matches.test(`${method} ${url} ${headers['content-range']}`) && left-- > 0 ? fault : undefined;
    return () => times - Math.max(left, 0);
  }

  test('that is not there is said in a sentence, with what to do', async () => {
    await expect(open('nowhere')).rejects.toThrow('there is no bucket nowhere: create it, or correct STORAGE');
  });

  test('that may not be read is said so, with the role that is missing', async () => {
    faulty.fault = () => ({ status: 403 });
    await expect(open('contract')).rejects.toThrow(/contract may not be read: grant .* roles\/storage\.objectViewer/);
  });

  test.each([
    ['a page', '<html>hello</html>'],
    ['other JSON', '{"foo":1}'],
    ['nothing', ''],
  ])('an endpoint that answers with %s is told to be no Cloud Storage', async (_, text) => {
    await using server = await listen(response => response.end(text));
    const client = createGcsClient({ endpoint: server.url });
    const opening = createGcsStorage({ client, bucket: 'contract' });
    await expect(opening).rejects.toThrow(
      `what answers at ${server.url} is no Cloud Storage: correct the endpoint in STORAGE`,
    );
  });

  test('an endpoint that never answers is given up within seconds, at the start and afterwards', async () => {
    await using server = await listen(() => {});
    const client = createGcsClient({ endpoint: server.url });
    const begun = performance.now();
    const silent = await createGcsStorage({ client, bucket: 'contract', look: false });
    const [opened, stat] = await Promise.allSettled([
      createGcsStorage({ client, bucket: 'contract' }),
      silent.stat('key'),
    ]);
    expect(opened).toMatchObject({
      reason: {
        kind: 'unavailable',
        message: expect.stringMatching(/takes too long to answer .*: is that the address/),
      },
    });
    expect(stat).toMatchObject({ reason: { kind: 'unavailable' } });
    expect(performance.now() - begun).toBeLessThan(20_000);
  }, 60_000);

  const large = 20 * 2 ** 20;
  test.each([
    ['a small object', 1000, /^POST .*uploadType=multipart/],
    ['a large one, the answer to a piece of it', large, /^PUT .*upload_id/],
    ['a large one, the last answer', large, /^PUT .*upload_id.* bytes \d+-\d+\/\d+$/],
  ])('an answer that is lost does not hide that it was stored, and by whom: %s', async (name, size, matches) => {
    const storage = await openNew(`lost-${name.length}`);
    const bytes = bytesOf(name, size);
    const lost = failing(1, matches, 'unanswered');
    const { created } = await storage.put('key', streamOf(bytes), { ifAbsent: true });
    expect([created, lost()]).toEqual([true, 1]);
    faulty.fault = () => undefined;
    expect((await storage.put('key', streamOf(bytes), { ifAbsent: true })).created).toBe(false);
    expect(await kindOf(storage.put('key', streamOf(bytesOf('other', size)), { ifAbsent: true }))).toBe('conflict');
    expect((await readWith(storage, 'key')).bytes.equals(bytes)).toBe(true);
  });

  test.each([429, 503])('answers of %d are waited out, in every method', async status => {
    const storage = await openNew(`busy-${status}`);
    for (const [matches, act] of [
      [/^POST /, () => storage.put('key', Buffer.from('bytes'), { ifAbsent: true })],
      [/alt=media/, () => readWith(storage, 'key')],
      [/^GET /, () => storage.stat('key')],
      [/^DELETE /, () => storage.delete('key')],
    ] as const) {
      const failed = failing(2, matches, { status });
      await act();
      expect(failed()).toBe(2);
    }
    expect(await storage.stat('key')).toBeUndefined();
  });

  test('a piece of a large object that meets a 503 is sent again', async () => {
    const storage = await openNew('pieces');
    const bytes = bytesOf('pieces', large);
    const failed = failing(2, /^PUT .*upload_id.* bytes \d+-\d+/, { status: 503 });
    expect(await storage.put('key', streamOf(bytes), { ifAbsent: true })).toMatchObject({ created: true, size: large });
    expect(failed()).toBe(2);
    expect((await readWith(storage, 'key')).bytes.equals(bytes)).toBe(true);
  });

  test('that stays away is unavailable, never an absence, and is not waited for without end', async () => {
    const storage = await openNew('away');
    await storage.put('key', Buffer.from('bytes'));
    faulty.fault = () => ({ status: 503 });
    const begun = performance.now();
    const kinds = await Promise.all(
      [storage.get('key'), storage.stat('key'), storage.put('new', Buffer.from('x'), { ifAbsent: true })].map(kindOf),
    );
    expect(kinds).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect(await kindOf(storage.ready())).toBe('unavailable');
    expect(performance.now() - begun).toBeLessThan(20_000);
    faulty.fault = () => undefined;
    await storage.ready();
    expect((await readWith(storage, 'key')).bytes.toString()).toBe('bytes');
  });

  test.each(['0–', '1,000,000–2,999,999'])('a body that breaks off goes on where it was: bytes %s', async range => {
    const storage = await openNew(`broken-${range.length}`);
    const bytes = bytesOf('broken', 5_000_000);
    await storage.put('key', bytes);
    const broken = failing(2, /alt=media/, { bytes: 700_000 });
    const whole = range === '0–';
    const part = whole ? {} : { range: { start: 1_000_000, end: 2_999_999 } };
    const read = await rest(await storage.get('key', part));
    expect(read.equals(whole ? bytes : bytes.subarray(1_000_000, 3_000_000))).toBe(true);
    expect(broken()).toBe(2);
  });

  test('a body that breaks off is not gone on with when the object was replaced', async () => {
    const storage = await openNew('replaced');
    await storage.put('key', bytesOf('first', 5_000_000));
    failing(1, /alt=media/, { bytes: 700_000 });
    const object = await storage.get('key');
    await storage.put('key', bytesOf('second', 5_000_000));
    await expect(rest(object)).rejects.toThrow('key was replaced while it was read');
  });

  test('readers that leave early do not disturb the others', async () => {
    const storage = await openNew('leaving');
    const bytes = bytesOf('leaving', 3_000_000);
    await storage.put('key', bytes);
    let requests = 0;
    faulty.fault = () => void requests++;
    const readers = Array.from({ length: 20 }, async (_, i) => {
      const object = await storage.get('key');
      if (i % 2 === 0) object?.body.once('data', () => object.body.destroy());
      else expect((await rest(object)).equals(bytes)).toBe(true);
    });
    await Promise.all(readers);
    expect(requests).toBe(20);
  });
});

/** A server that does this with every request. */
async function listen(answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) => void request.resume().on('end', () => answer(response)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
