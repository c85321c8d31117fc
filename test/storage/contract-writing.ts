import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { type Backend, bytesOf, keysOf, kindOf, readWith, rest, streamOf } from './helpers.ts';

const hostileKeys = [
  ...['', '/', '/a', 'a/', 'a//b', '.', '..', './a', '../a', 'a/../b', 'a/..', 'a/./b', '/etc/passwd', '//a'],
  ...['.tmp', '.tmp/a', '.tmpfile', 'a/.tmp', 'a/.tmp-1/b', 'a\0b', 'a\nb', 'a\rb', '\x7f', 'a/\x1b[31m'],
  ...['\ud800', 'a/\udc00b', 'x'.repeat(256), 'é'.repeat(128), `${'a/'.repeat(512)}b`],
];

const oddKeys = [
  ...[
    'github.com/!burnt!sushi/toml/@v/v1.0.0.info',
    '...',
    'a/...b',
    '~',
    '%2e%2e/%2f',
    'a b/c d',
    'a\\..\\b',
    '-rf',
    '*',
  ],
  ...['tmp', 'a.tmp', '.tm/p', '日本語/ελ', '😀', '\ufffd', '\uffee', `$(x)/"'`, 'x'.repeat(255), 'é'.repeat(127)],
  `${'a/'.repeat(511)}bc`,
];

/** What the storage port promises of `put`: keys, create-only, races, bodies that fail, memory. */
export function writingContract(use: () => Backend): void {
  describe('keys', () => {
    test.each(oddKeys.map(key => [key.slice(0, 40), key]))('%j is one', async (_, key) => {
      const { storage } = use();
      await storage.put(key, Buffer.from(key), { ifAbsent: true });
      expect((await readWith(storage, key)).bytes.toString()).toBe(key);
      expect(await keysOf(storage, key)).toContain(key);
      await storage.delete(key);
      expect(await storage.stat(key)).toBeUndefined();
    });

    test.each(hostileKeys.map(key => [key.slice(0, 40), key]))(
      '%j is none: every method says invalid',
      async (_, key) => {
        const { storage } = use();
        const body = streamOf(Buffer.from('hostile'));
        expect(await kindOf(storage.put(key, body))).toBe('invalid');
        expect(body.destroyed).toBe(true);
        expect(await kindOf(storage.put(key, Buffer.from('x'), { ifAbsent: true }))).toBe('invalid');
        expect(await kindOf(storage.get(key))).toBe('invalid');
        expect(await kindOf(storage.stat(key))).toBe('invalid');
        expect(await kindOf(storage.delete(key))).toBe('invalid');
      },
    );

    test('that are a folder of another are kept beside it, or refused as invalid without a change', async () => {
      const { storage } = use();
      for (const [first, second] of [
        ['clash/1', 'clash/1/below'],
        ['clash/2/be/low', 'clash/2'],
      ] as const) {
        await storage.put(first, Buffer.from('first'));
        for (const ifAbsent of [true, false]) {
          const kind = await kindOf(storage.put(second, Buffer.from('second'), { ifAbsent }));
          expect(['invalid', undefined]).toContain(kind);
          expect((await storage.stat(second))?.size).toBe(kind === undefined ? 6 : undefined);
        }
        expect((await readWith(storage, first)).bytes.toString()).toBe('first');
        await storage.delete(second);
        await storage.delete(first);
        await storage.put(second, Buffer.from('again'));
        expect((await readWith(storage, second)).bytes.toString()).toBe('again');
      }
    });
  });

  describe('put', () => {
    test('replaces, and the etag changes each time although the size does not', async () => {
      const { storage } = use();
      const etags = new Set<string>();
      for (let i = 10; i < 60; i++) {
        const { created, etag } = await storage.put('put/replaced', Buffer.from(`${i}`));
        expect(created).toBe(true);
        etags.add(etag);
        const { info, bytes } = await readWith(storage, 'put/replaced');
        expect([info.etag, bytes.toString()]).toEqual([etag, `${i}`]);
      }
      expect(etags.size).toBe(50);
    });

    test.each([10, 1_000_000])('with ifAbsent, %d bytes: the same are a success, others a conflict', async size => {
      const { storage } = use();
      const key = `put/absent-${size}`;
      const bytes = bytesOf(key, size);
      const first = await storage.put(key, streamOf(bytes), { ifAbsent: true });
      expect(first.created).toBe(true);
      for (const body of [bytes, streamOf(bytes)]) {
        expect(await storage.put(key, body, { ifAbsent: true })).toEqual({ ...first, created: false });
      }
      const flipped = Buffer.from(bytes);
      flipped[size - 1] = (flipped[size - 1] ?? 0) ^ 1;
      for (const other of [flipped, bytes.subarray(1), Buffer.concat([bytes, bytes]), Buffer.alloc(0)]) {
        expect(await kindOf(storage.put(key, other, { ifAbsent: true }))).toBe('conflict');
        expect(await kindOf(storage.put(key, streamOf(other), { ifAbsent: true }))).toBe('conflict');
      }
      const { info, bytes: kept } = await readWith(storage, key);
      expect({ ...info, created: true }).toEqual(first);
      expect(kept.equals(bytes)).toBe(true);
    });

    test('with ifAbsent: of many writers of a key exactly one creates it, and its bytes stay', async () => {
      const { storage, another } = use();
      const clients = [storage, await another()];
      for (let round = 0; round < 10; round++) {
        const key = `put/race/${round}/key`;
        const outcomes = await Promise.all(
          Array.from({ length: 16 }, async (_, i) => {
            const body = Buffer.from(`${i % 8}`.repeat(1000 + round * 10_000));
            const put = clients[i % 2]?.put(key, i % 3 === 0 ? streamOf(body) : body, { ifAbsent: true });
            return put?.then(
              ({ created }) => ({ body, created }),
              error => ({ body, kind: error.kind }),
            );
          }),
        );
        const winners = outcomes.filter(outcome => outcome && 'created' in outcome && outcome.created);
        expect(winners).toHaveLength(1);
        const { bytes } = await readWith(storage, key);
        expect(bytes).toEqual(winners[0]?.body);
        for (const outcome of outcomes) {
          if (outcome === winners[0]) continue;
          expect(outcome).toMatchObject(outcome?.body.equals(bytes) ? { created: false } : { kind: 'conflict' });
        }
      }
    });

    test('while others replace and delete the key, every reader sees one whole object or none', async () => {
      const { storage, another } = use();
      const clients = [storage, await another()];
      const key = 'put/changing/key';
      let writing = true;
      const writers = clients.map(async (client, i) => {
        for (let n = 0; n < 60; n++) {
          const letter = String.fromCharCode(97 + ((n * 2 + i) % 26));
          if (n % 7 === 3) await client.delete(key);
          else await client.put(key, streamOf(Buffer.from(letter.repeat(10 + n * 3001))), { ifAbsent: false });
        }
      });
      const reader = (async () => {
        let reads = 0;
        for (; writing || reads === 0; reads++) {
          const object = await storage.get(key);
          if (object === undefined) continue;
          const text = (await rest(object)).toString();
          expect(text.length).toBe(object.size);
          expect(text).toBe(text.charAt(0).repeat(object.size));
        }
      })();
      await Promise.all(writers).finally(() => {
        writing = false;
      });
      await reader;
    });

    test.each([0, 1, 100_000, 2_000_000])(
      'with a body that fails after %d bytes throws its error, leaves no trace',
      async size => {
        const { storage } = use();
        const prefix = `put/failing-${size}`;
        await storage.put(`${prefix}/kept`, Buffer.from('kept'));
        const failure = new Error('the origin hung up');
        const failing = () =>
          Readable.from(
            (async function* () {
              for (let sent = 0; sent < size; sent += 10_000) yield Buffer.alloc(Math.min(10_000, size - sent));
              throw failure;
            })(),
          );
        for (const options of [{}, { ifAbsent: true }]) {
          await expect(storage.put(`${prefix}/new`, failing(), options)).rejects.toBe(failure);
          await expect(storage.put(`${prefix}/kept`, failing(), options)).rejects.toBe(failure);
        }
        expect(await keysOf(storage, `${prefix}/`)).toEqual([`${prefix}/kept`]);
        expect((await readWith(storage, `${prefix}/kept`)).bytes.toString()).toBe('kept');
      },
    );

    test('with a body that is aborted, before or while it is read, throws and leaves no trace', async () => {
      const { storage } = use();
      const endless = () => new Readable({ read: size => void size });
      const failure = new Error('aborted');
      const before = endless().on('error', () => {});
      before.destroy(failure);
      await expect(storage.put('put/aborted/1', before)).rejects.toBe(failure);
      const soon = endless();
      const putting = storage.put('put/aborted/2', soon);
      soon.destroy(failure);
      await expect(putting).rejects.toBe(failure);
      const silent = endless();
      silent.push('begun');
      const waiting = storage.put('put/aborted/3', silent);
      setTimeout(() => silent.destroy(), 20);
      await expect(waiting).rejects.toThrow();
      const ended = Readable.from([Buffer.from('x')]);
      await ended.toArray();
      await expect(storage.put('put/aborted/4', ended)).rejects.toThrow();
      expect(await keysOf(storage, 'put/aborted')).toEqual([]);
    });

    test('and get take a large object in constant memory', async () => {
      const { storage } = use();
      const chunk = bytesOf('chunk', 64 * 1024);
      const chunks = 2560; // 160 MiB
      const before = process.memoryUsage().rss;
      let peak = 0;
      const measure = () => {
        peak = Math.max(peak, process.memoryUsage().rss - before);
      };
      const body = Readable.from(
        (function* () {
          for (let i = 0; i < chunks; i++) {
            if (i % 32 === 0) measure();
            yield Buffer.from(chunk);
          }
        })(),
        { objectMode: true, highWaterMark: 1 },
      );
      const { size } = await storage.put('put/large', body, { ifAbsent: true });
      expect(size).toBe(chunks * chunk.length);
      let read = 0;
      for await (const part of (await storage.get('put/large'))?.body ?? []) {
        read += part.length;
        measure();
      }
      expect(read).toBe(size);
      expect(peak).toBeLessThan(96 * 2 ** 20);
      await storage.delete('put/large');
    });
  });
}
