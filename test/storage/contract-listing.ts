import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isKey } from '../../services/storage/key.ts';
import { type Backend, keysOf } from './helpers.ts';

const inByteOrder = (keys: Iterable<string>) =>
  [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** What `list` must give. */
const expected = (keys: Iterable<string>, prefix: string, after?: string) =>
  inByteOrder(keys).filter(
    key => key.startsWith(prefix) && (after === undefined || Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0),
  );

const tricky = [
  ...['a-b', 'a.b', 'a/b', 'a0', 'a/-', 'a/b-', 'a/b.c/d', 'a!b/c', 'a b', 'A', 'B/a', 'Z', 'b', 'ab/c', 'ab.d'],
  ...['é', 'z', '日本', '\uffee', '\ue000/x', '😀', '😀/x-y'.replace('/', '.'), '\ud7ff', 'a/b0/x', '~'],
  ...['github.com/a/b/@v/v1.0.0.info', 'github.com/a/b/@v/v1.0.0.mod', 'github.com/a/b/@v/v1.0.0.zip'],
  ...['github.com/a/b/v2/@v/v2.0.0.info', 'github.com/a/b-c/@v/v1.0.0.info', 'github.com/a/b.c/@v/v1.0.0.info'],
];

/** What the storage port promises of `list`. */
export function listingContract(use: () => Backend): void {
  describe('list', () => {
    test('gives keys in the order of their UTF-8 bytes, by prefix, after any text', async () => {
      const { storage } = use();
      const keys = tricky.map(key => `tricky/${key}`);
      await Promise.all(keys.toSorted().map(key => storage.put(key, Buffer.from(key))));
      expect(await keysOf(storage, 'tricky/')).toEqual(inByteOrder(keys));
      const starts = [
        '',
        '/',
        '/a',
        '/a/',
        '/a/b',
        '/a.',
        '/github.com/a/b',
        '/github.com/a/b/',
        '/é',
        '/😀',
        '/nothing',
      ];
      for (const prefix of starts.map(start => `tricky${start}`)) {
        expect(await keysOf(storage, prefix)).toEqual(expected(keys, prefix));
        for (const after of [
          ...keys,
          'tricky/a/',
          'tricky/a',
          'tricky/b/zzz',
          'trick',
          'u',
          '',
          'tricky/github.com/a/b/@',
        ]) {
          expect(await keysOf(storage, prefix, after)).toEqual(expected(keys, prefix, after));
        }
      }
    });

    test('agrees with sorting, whatever the keys are', async () => {
      const { storage } = use();
      let run = 0;
      const text = (maxLength: number) =>
        fc
          .array(fc.constantFrom('a', 'b', '/', '/', '-', '.', '0', '!', 'é', '\uffee', '😀'), { maxLength })
          .map(a => a.join(''));
      const sets = fc.uniqueArray(text(8).filter(isKey), { maxLength: 12 }).map(keys => {
        const folders = new Set(keys.flatMap(key => [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index))));
        return keys.filter(key => !folders.has(key));
      });
      await fc.assert(
        fc.asyncProperty(sets, text(4), fc.option(text(6), { nil: undefined }), async (set, prefix, after) => {
          const base = `sorted/${run++}/`;
          const keys = set.map(key => base + key);
          for (const key of keys) await storage.put(key, Buffer.alloc(0));
          const from = after === undefined ? undefined : base + after;
          expect(await keysOf(storage, base + prefix, from)).toEqual(expected(keys, base + prefix, from));
        }),
        { numRuns: 60, seed: 3 },
      );
    });

    test('tells of each object what stat tells', async () => {
      const { storage } = use();
      for (const key of ['told/1', 'told/2/3', 'told/4']) await storage.put(key, Buffer.from(key));
      for await (const info of storage.list('told/')) expect(info).toEqual(await storage.stat(info.key));
      await storage.delete('told/2/3');
      expect(await keysOf(storage, 'told/')).toEqual(['told/1', 'told/4']);
    });

    test.each(['../', '..', './', '/', '//', '.tmp', '.tmp/', 'a/../', 'a\0', 'a\0/b', '../../etc/', '\ud800'])(
      'of %j, which no key can begin with, gives nothing',
      async prefix => {
        expect(await keysOf(use().storage, prefix)).toEqual([]);
      },
    );

    test('may be left before its end', async () => {
      const { storage } = use();
      for (let i = 0; i < 10; i++) await storage.put(`left/${i}`, Buffer.alloc(1));
      for (let i = 0; i < 3; i++) {
        for await (const { key } of storage.list('left/')) {
          expect(key).toBe('left/0');
          break;
        }
      }
    });

    test('gives everything that is there all the time, while other keys come and go', async () => {
      const { storage, another } = use();
      const other = await another();
      const stable = Array.from({ length: 30 }, (_, i) => `moving/${i % 5}/stays-${i}`);
      for (const key of stable) await storage.put(key, Buffer.alloc(1));
      let listing = true;
      const churn = (async () => {
        for (let i = 0; listing; i = (i + 1) % 7) {
          await other.put(`moving/${i}/goes/${i}`, Buffer.alloc(1));
          await other.delete(`moving/${i}/goes/${i}`);
        }
      })();
      for (let i = 0; i < 20; i++) {
        const keys = await keysOf(storage, 'moving/');
        expect(keys).toEqual(inByteOrder(keys));
        expect(keys.filter(key => key.includes('stays'))).toEqual(inByteOrder(stable));
      }
      listing = false;
      await churn;
    });
  });
}
