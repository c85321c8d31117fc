import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listingContract } from './contract-listing.ts';
import { writingContract } from './contract-writing.ts';
import { type Backend, bytesOf, keysOf, kindOf, readWith, rest, streamOf } from './helpers.ts';

/** What the storage port promises; every adapter runs it. Each test keeps to keys of its own. */
export function storageContract(name: string, makeBackend: () => Promise<Backend>): void {
  describe(`storage contract: ${name}`, { timeout: 60_000 }, () => {
    let backend: Backend | undefined;
    beforeAll(async () => {
      backend = await makeBackend();
    });
    afterAll(() => backend?.close());
    const use = (): Backend => {
      if (backend === undefined) throw new Error('the backend was not made');
      return backend;
    };
    readingContract(use);
    writingContract(use);
    listingContract(use);
  });
}

function readingContract(use: () => Backend): void {
  describe('objects', () => {
    test.each([
      ['empty', Buffer.alloc(0)],
      ['one byte', Buffer.from([0])],
      ['every byte value', Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
      ['larger than a buffer', bytesOf('large', 700_001)],
    ])('are given back as they were put, from bytes and from a stream: %s', async (what, bytes) => {
      const { storage } = use();
      const key = `objects/${what}`;
      for (const body of [bytes, streamOf(bytes)]) {
        const before = Date.now();
        const put = await storage.put(key, body);
        expect(put).toMatchObject({ key, size: bytes.length, created: true });
        expect(put.etag).toMatch(/^[0-9a-zA-Z-]+$/);
        expect(put.time.getTime()).toBeGreaterThan(before - 5000);
        expect(put.time.getTime()).toBeLessThan(Date.now() + 5000);
        const { created: _, ...info } = put;
        expect(await storage.stat(key)).toEqual(info);
        const read = await readWith(storage, key);
        expect([read.info, read.bytes.equals(bytes)]).toEqual([info, true]);
      }
    });

    test('that are not there are undefined, and deleting them is a success', async () => {
      const { storage } = use();
      await storage.put('absent/there', Buffer.from('x'));
      for (const key of ['absent/nothing', 'absent', 'absent/there/below', 'a/b/c/d/e/f']) {
        expect(await storage.get(key)).toBeUndefined();
        expect(await storage.stat(key)).toBeUndefined();
        await storage.delete(key);
      }
      expect((await readWith(storage, 'absent/there')).bytes.toString()).toBe('x');
    });

    test('are seen by every client once put, and by none once deleted', async () => {
      const { storage, another } = use();
      const other = await another();
      await storage.put('clients/one', Buffer.from('1'));
      expect((await readWith(other, 'clients/one')).bytes.toString()).toBe('1');
      await other.delete('clients/one');
      expect(await storage.get('clients/one')).toBeUndefined();
      expect(await keysOf(storage, 'clients/')).toEqual([]);
      await storage.put('clients/one', Buffer.from('2'), { ifAbsent: true });
      expect((await readWith(other, 'clients/one')).bytes.toString()).toBe('2');
    });

    test('that are replaced or deleted while they are read are read whole', async () => {
      const { storage } = use();
      const bytes = bytesOf('read while replaced', 3_000_000);
      await storage.put('while/read', bytes);
      const first = await storage.get('while/read');
      const second = await storage.get('while/read');
      await storage.put('while/read', Buffer.from('new'));
      expect((await rest(first)).equals(bytes)).toBe(true);
      await storage.delete('while/read');
      expect((await rest(second)).equals(bytes)).toBe(true);
    });

    test('may be left unread when their body is destroyed', async () => {
      const { storage } = use();
      await storage.put('unread', bytesOf('unread', 2_000_000));
      for (let i = 0; i < 20; i++) {
        const object = await storage.get('unread');
        object?.body.destroy();
      }
      expect((await readWith(storage, 'unread')).info.size).toBe(2_000_000);
    });
  });

  describe('ranges', () => {
    const bytes = bytesOf('ranges', 500_000);
    beforeAll(() => use().storage.put('ranges/large', bytes));

    test.each([
      [0, 0],
      [0, 499_999],
      [1, 10],
      [499_999, 499_999],
      [65_535, 65_536],
      [100_000, 399_999],
      [499_000, 500_000],
      [0, Number.MAX_SAFE_INTEGER],
    ])('%d–%d gives these bytes, both inclusive and the end clamped', async (start, end) => {
      const object = await use().storage.get('ranges/large', { range: { start, end } });
      expect(object?.size).toBe(500_000);
      expect((await rest(object)).equals(bytes.subarray(start, end + 1))).toBe(true);
    });

    test.each([
      [500_000, 500_001],
      [-1, 5],
      [5, 4],
      [0.5, 5],
      [Number.NaN, 5],
    ])('%d–%d is invalid', async (start, end) => {
      expect(await kindOf(use().storage.get('ranges/large', { range: { start, end } }))).toBe('invalid');
    });

    test('of an empty object are all invalid, of an absent one undefined', async () => {
      const { storage } = use();
      await storage.put('ranges/empty', Buffer.alloc(0));
      expect(await kindOf(storage.get('ranges/empty', { range: { start: 0, end: 0 } }))).toBe('invalid');
      expect(await storage.get('ranges/nothing', { range: { start: 0, end: 0 } })).toBeUndefined();
    });
  });
}
