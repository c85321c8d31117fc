import { describe, expect, it } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { createSumdbClient } from '../../services/sumdb/client.ts';
import { createMemoryCache, faultOf, setUp } from './helpers.ts';
import { goModHash, moduleAt, recordOf, TestLog, zipHash } from './log.ts';

const size = 66_559;
const log = new TestLog(size);

const entry = (position: number, treeSize: number) => ({
  zipHash: zipHash(moduleAt(position), 'v1.0.0'),
  goModHash: goModHash(moduleAt(position), 'v1.0.0'),
  position,
  treeSize,
});

/** Against a database that has the first `size` records of the log. */
const grown = (size: number) => Object.assign(setUp(log), { answer: (path: string) => log.read(path, size) });

describe('a lookup', () => {
  it.each([1, 2, 256, 257, 700, 66_000])('gives the proven hashes, in a log of %i records', async size => {
    const { client } = grown(size);
    for (const at of new Set([0, Math.floor(size / 3), size - 1])) {
      expect(await client.lookup(moduleAt(at), 'v1.0.0')).toEqual(entry(at, size));
    }
  });

  it('follows the log as it grows, one record at a time and by whole tiles', async () => {
    const setup = grown(1);
    for (const size of [1, 2, 3, 255, 256, 257, 511, 512, 513, 2000, 65_535, 65_536, 65_537]) {
      setup.answer = path => log.read(path, size);
      expect(await setup.client.lookup(moduleAt(size - 1), 'v1.0.0')).toEqual(entry(size - 1, size));
      expect(await setup.client.lookup(moduleAt(0), 'v1.0.0')).toEqual(entry(0, size));
    }
  });

  it('asks for escaped paths and versions', async () => {
    const log = new TestLog(3);
    log.add(recordOf('example.com/Upper/Case', 'v1.0.0-RC1'));
    const setup = setUp(log);
    setup.answer = path =>
      path === 'lookup/example.com/!upper/!case@v1.0.0-!r!c1' ? Buffer.from(log.lookup(3)) : log.read(path);
    expect(await setup.client.lookup('example.com/Upper/Case', 'v1.0.0-RC1')).toMatchObject({ position: 3 });
    setup.reads.length = 0;
    expect(await faultOf(setup.client.lookup('../x', 'v1.0.0'))).toMatchObject({ kind: 'invalid' });
    expect(await faultOf(setup.client.lookup('example.com/a', 'v1/../..'))).toMatchObject({ kind: 'invalid' });
    expect(setup.reads).toEqual([]);
  });

  it('accepts an older tree that the trusted one begins with, and stays with the newer', async () => {
    const log = new TestLog(700);
    const setup = setUp(log);
    await setup.client.lookup(moduleAt(699), 'v1.0.0');
    const kept = new Map(setup.cache.latest);
    for (const size of [699, 513, 512, 300, 101]) {
      setup.answer = path => (path.startsWith('lookup/') ? log.read(path, size) : log.read(path));
      expect(await setup.client.lookup(moduleAt(100), 'v1.0.0')).toEqual(entry(100, 700));
    }
    expect(setup.cache.latest).toEqual(kept);
  });

  it.each(['not-found', 'gone', 'timed-out', 'unavailable', 'bad-origin'] as const)('passes on %s', async kind => {
    const setup = setUp(new TestLog(700));
    setup.answer = path => {
      throw new Fault(kind, `${path} fails`);
    };
    expect(await faultOf(setup.client.lookup(moduleAt(1), 'v1.0.0'))).toMatchObject({ kind });
    setup.answer = path => new TestLog(700).read(path);
    expect(await setup.client.lookup(moduleAt(1), 'v1.0.0')).toEqual(entry(1, 700));
  });

  it('has every other error made a fault', async () => {
    const setup = setUp(new TestLog(1));
    setup.answer = () => {
      throw new TypeError('oops');
    };
    expect(await faultOf(setup.client.lookup(moduleAt(0), 'v1.0.0'))).toMatchObject({ kind: 'internal' });
  });

  it('needs a well-formed key', () => {
    const options = { read: async () => Buffer.of(), cache: createMemoryCache() };
    expect(() => createSumdbClient({ ...options, verifierKey: 'sum.golang.org' })).toThrow(Fault);
  });
});

describe('tiles', () => {
  it('are read once: then a lookup costs one read', async () => {
    const { client, reads } = setUp(log);
    await client.lookup(moduleAt(1000), 'v1.0.0');
    const edges = ['tile/8/0/259.p/255', 'tile/8/1/001.p/3', 'tile/8/2/000.p/1'];
    const first = [`lookup/${moduleAt(1000)}@v1.0.0`, ...edges, 'tile/8/0/003', 'tile/8/1/000'];
    expect(reads.toSorted()).toEqual(first.toSorted());
    reads.length = 0;
    await client.lookup(moduleAt(1001), 'v1.0.0');
    expect(reads).toEqual([`lookup/${moduleAt(1001)}@v1.0.0`]);
  });

  it('that are full are kept, partial ones are not', async () => {
    const { client, cache } = setUp(log);
    await client.lookup(moduleAt(1000), 'v1.0.0');
    expect([...cache.tiles.keys()].toSorted()).toEqual(['tile/8/0/003', 'tile/8/1/000']);
  });

  it('that were kept are not read again after a restart', async () => {
    const setup = setUp(log);
    await setup.client.lookup(moduleAt(1000), 'v1.0.0');
    setup.reads.length = 0;
    await setup.restart().lookup(moduleAt(1001), 'v1.0.0');
    expect(setup.reads.filter(path => path.startsWith('tile/') && !path.includes('.p/'))).toEqual([]);
  });

  it('that are asked for at the same time are read once', async () => {
    const { client, reads } = setUp(log);
    const lookups = Array.from({ length: 200 }, (_, i) => client.lookup(moduleAt(i * 300), 'v1.0.0'));
    expect((await Promise.all(lookups)).map(({ position }) => position)).toEqual(lookups.map((_, i) => i * 300));
    expect(new Set(reads).size).toBe(reads.length);
  });

  it('that are partial and gone are taken from the full one', async () => {
    const log = new TestLog(700);
    const answered = Buffer.from(log.lookup(5, 600));
    const setup = setUp(log);
    for (const kind of ['not-found', 'gone'] as const) {
      setup.answer = path => {
        if (path.startsWith('lookup/')) return answered;
        if (path === 'tile/8/0/002.p/88') throw new Fault(kind, 'completed');
        return log.grow(1000).read(path);
      };
      expect(await setUp(log, createMemoryCache()).restart().lookup(moduleAt(5), 'v1.0.0')).toBeDefined();
      expect(await setup.restart().lookup(moduleAt(5), 'v1.0.0')).toEqual(entry(5, 600));
      expect(setup.reads).toContain('tile/8/0/002');
    }
  });

  it('that are missing make the lookup unavailable, neither a missing module nor an attack', async () => {
    const log = new TestLog(700);
    for (const missing of [/^tile/, /^tile\/8\/0\/000$/, /\.p\/1?88$|002$/, /^tile\/8\/1/]) {
      const setup = setUp(log);
      setup.answer = path => {
        if (missing.test(path)) throw new Fault('not-found', 'no such tile');
        return log.read(path);
      };
      const fault = await faultOf(setup.client.lookup(moduleAt(5), 'v1.0.0'));
      expect(fault).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('is missing') });
      expect(setup.cache.latest.size + setup.cache.tiles.size).toBe(0);
    }
  });

  it('in memory are bounded', async () => {
    const reads: string[] = [];
    const read = async (path: string) => {
      reads.push(path);
      return log.read(path);
    };
    const cache = { ...createMemoryCache(), readTile: async () => undefined };
    const client = createSumdbClient({ verifierKey: log.signer.verifierKey, read, cache, maxTiles: 8 });
    for (const at of [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 0])
      await client.lookup(moduleAt(at), 'v1.0.0');
    expect(reads.filter(path => path === 'tile/8/0/000')).toHaveLength(2);
  });

  it('that cannot be kept do not fail the lookup', async () => {
    const log = new TestLog(700);
    const cache = createMemoryCache();
    cache.writeTile = async () => {
      throw new Fault('unavailable', 'disk full');
    };
    expect(await setUp(log, cache).client.lookup(moduleAt(1), 'v1.0.0')).toEqual(entry(1, 700));
  });
});

describe('the trusted tree', () => {
  it('survives a restart and does not go backwards', async () => {
    const log = new TestLog(700);
    const setup = setUp(log);
    await setup.client.lookup(moduleAt(1), 'v1.0.0');
    const restarted = setup.restart();
    setup.answer = path => (path.startsWith('lookup/') ? log.read(path, 300) : log.read(path));
    expect(await restarted.lookup(moduleAt(1), 'v1.0.0')).toEqual(entry(1, 700));
    expect([...setup.cache.latest.keys()]).toEqual([700]);
  });

  it('is the newest of all lookups that run at once', async () => {
    const log = new TestLog(700);
    const setup = setUp(log);
    const sizes = Array.from({ length: 60 }, (_, i) => 100 + 10 * ((i * 37) % 60));
    const answers = new Map(sizes.map((size, i) => [`lookup/${moduleAt(i)}@v1.0.0`, log.lookup(i, size)]));
    setup.answer = path => Buffer.from(answers.get(path) ?? log.read(path));
    await Promise.all(sizes.map((_, i) => setup.client.lookup(moduleAt(i), 'v1.0.0')));
    expect(Math.max(...setup.cache.latest.keys())).toBe(690);
    const kept = [...setup.cache.latest.keys()];
    expect(kept).toEqual(kept.toSorted((a, b) => a - b));
  });

  it('does not go backwards when the cache forgets it', async () => {
    const written: number[] = [];
    const cache = createMemoryCache();
    cache.readLatest = async () => undefined;
    cache.writeLatest = async size => {
      written.push(size);
    };
    const setup = setUp(log, cache);
    const sizes = [300, 900, 700, 800, 1000, 600];
    setup.answer = path => {
      const at = sizes.findIndex((_, i) => path === `lookup/${moduleAt(i)}@v1.0.0`);
      return log.read(path, sizes[at]);
    };
    await Promise.all(sizes.map((_, i) => setup.client.lookup(moduleAt(i), 'v1.0.0')));
    expect(written).toEqual(written.toSorted((a, b) => a - b));
    expect(written.at(-1)).toBe(1000);
  });

  it('is shared by clients of one cache: what one has kept, the others go by', async () => {
    const log = new TestLog(300);
    const cache = createMemoryCache();
    const [one, two] = [setUp(log, cache), setUp(log, cache)];
    await one.client.lookup(moduleAt(1), 'v1.0.0');
    await two.client.lookup(moduleAt(1), 'v1.0.0');
    log.grow(700);
    await one.client.lookup(moduleAt(2), 'v1.0.0');
    two.answer = path => (path.startsWith('lookup/') ? log.read(path, 500) : log.read(path));
    expect(await two.client.lookup(moduleAt(2), 'v1.0.0')).toEqual(entry(2, 700));
    expect(Math.max(...cache.latest.keys())).toBe(700);
  });

  it('is agreed on by clients that race with notes of one size', async () => {
    const log = new TestLog(300);
    const cache = createMemoryCache();
    const [one, two] = [setUp(log, cache), setUp(log, cache)];
    const otherNote = log.lookup(1).replace(log.note(), log.note(300, { extra: 'another line\n' }));
    two.answer = path => (path.startsWith('lookup/') ? Buffer.from(otherNote) : log.read(path));
    const lookups = [one, two].map(({ client }) => client.lookup(moduleAt(1), 'v1.0.0'));
    expect(await Promise.all(lookups)).toEqual([entry(1, 300), entry(1, 300)]);
    expect(cache.latest.size).toBe(1);
  });

  it('must be kept: a lookup whose tree could not be is no success', async () => {
    const log = new TestLog(300);
    const cache = createMemoryCache();
    const write = cache.writeLatest;
    cache.writeLatest = async () => {
      throw new Fault('unavailable', 'disk full');
    };
    const setup = setUp(log, cache);
    expect(await faultOf(setup.client.lookup(moduleAt(1), 'v1.0.0'))).toMatchObject({ kind: 'unavailable' });
    expect(cache.tiles.size).toBe(0);
    cache.writeLatest = write;
    expect(await setup.client.lookup(moduleAt(1), 'v1.0.0')).toEqual(entry(1, 300));
  });

  it('is asked for again when it could not be read', async () => {
    const log = new TestLog(300);
    const cache = createMemoryCache();
    const read = cache.readLatest;
    cache.readLatest = async () => {
      throw new Fault('unavailable', 'disk fails');
    };
    const setup = setUp(log, cache);
    expect(await faultOf(setup.client.lookup(moduleAt(1), 'v1.0.0'))).toMatchObject({ kind: 'unavailable' });
    cache.readLatest = read;
    expect(await setup.client.lookup(moduleAt(1), 'v1.0.0')).toEqual(entry(1, 300));
  });
});
