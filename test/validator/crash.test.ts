import { expect, test } from 'vitest';
import { Fault } from '../../services/errors.ts';
import { readFeed } from '../../services/records/feed.ts';
import { readAlarms, readOutcome, readProvenance, versionKey } from '../../services/records/index.ts';
import type { Storage } from '../../services/storage/index.ts';
import type { Tools } from '../../services/validator/job.ts';
import { filesOf, handle, hello, keysOf, openWorld, toolsOf, type World } from './helpers.ts';

/**
 * A process that dies at its n-th write: that write is done or not done, and nothing after it. (kill -9 of a real
 * process is in test/faults.)
 */
function dyingAt(world: World, n: number, done: boolean): { tools: Tools; writes: string[]; hasDied: () => boolean } {
  const writes: string[] = [];
  let dead = false;
  async function write<T>(name: string, run: () => Promise<T>): Promise<T> {
    if (dead) throw new Fault('internal', 'it is dead');
    writes.push(name);
    if (writes.length !== n) return run();
    dead = true;
    if (done) await run();
    throw new Fault('internal', `it died at ${name}`);
  }
  const dying = (name: string, storage: Storage): Storage => ({
    ...storage,
    put: (key, body, options) => {
      const written = write(`${name}.put ${key}`, () => storage.put(key, body, options));
      written.catch(() => body instanceof Uint8Array || body.destroy());
      return written;
    },
    delete: key => write(`${name}.delete ${key}`, () => storage.delete(key)),
  });
  const messaging: Tools['messaging'] = {
    ...world.watched,
    publish: (topic, message) => write(`publish ${topic}`, () => world.watched.publish(topic, message)),
  };
  const tools = toolsOf(world, {
    messaging,
    published: dying('published', world.published),
    quarantine: dying('quarantine', world.quarantine),
    records: dying('records', world.records),
  });
  return { tools, writes, hasDied: () => dead };
}

/** Runs `scenario` for every write at which a process can die, until a run survives. Says how many there were. */
async function atEveryWrite(settings: Record<string, string>, scenario: (world: World, dying: Tools) => Promise<void>) {
  for (const done of [false, true]) {
    for (let n = 1; ; n++) {
      const world = await openWorld(settings);
      const { tools, writes, hasDied } = dyingAt(world, n, done);
      try {
        await scenario(world, tools);
      } catch (error) {
        throw new Error(`died at write ${n} (${done ? '' : 'not '}done): ${writes.at(-1)}`, { cause: error });
      } finally {
        await world.close();
      }
      if (!hasDied()) {
        expect(n).toBeGreaterThan(8);
        break;
      }
      expect(n).toBeLessThan(40);
    }
  }
}

const key = versionKey(hello.path, hello.version);
const count = (world: World, topic: string) => world.sent.filter(each => each.topic === topic).length;

test('whenever it dies, the message that comes again publishes once, with one entry in the feed', async () => {
  await atEveryWrite({}, async (world, dying) => {
    await world.quarantined(hello);
    await handle(dying, hello).catch(() => {});
    const committed = (await world.published.stat(`${key}.info`)) !== undefined;
    if (committed) {
      const stored = await keysOf(world.published);
      expect(stored).toEqual(['info', 'mod', 'zip'].map(kind => `${key}.${kind}`));
      expect(await readFeed(world.records, { limit: 10 })).toHaveLength(1);
    }
    world.clock = new Date(world.clock.getTime() + 5000);
    await handle(toolsOf(world), hello);
    await handle(toolsOf(world), hello);

    expect(await keysOf(world.published)).toEqual(['info', 'mod', 'zip'].map(kind => `${key}.${kind}`));
    const bytes = await filesOf(hello);
    for (const kind of ['info', 'mod', 'zip'] as const) {
      expect((await world.published.stat(`${key}.${kind}`))?.size).toBe(bytes[kind].length);
    }
    const entries = await readFeed(world.records, { limit: 10 });
    expect(entries).toHaveLength(1);
    const provenance = await readProvenance(world.records, hello.path, hello.version);
    expect(await keysOf(world.records, 'index/')).toEqual([provenance?.feed]);
    expect(entries[0]?.Timestamp).toBe(provenance?.publishedAt);
    expect(count(world, 'module.published')).toBeGreaterThan(0);
    expect(count(world, 'module.rejected')).toBe(0);
    expect(await keysOf(world.quarantine)).toEqual([]);
    expect(await readOutcome(world.records, hello.path, hello.version, world.clock)).toBeUndefined();
    expect(await readAlarms(world.records)).toEqual([]);
  });
});

test('whenever it dies, the message that comes again rejects, for good', async () => {
  const settings = { DENY: 'example.com', ALLOW: 'other.test' };
  await atEveryWrite(settings, async (world, dying) => {
    await world.quarantined(hello);
    await handle(dying, hello).catch(() => {});
    // Should the processor have fetched it again meanwhile:
    await world.quarantined(hello);
    await handle(toolsOf(world), hello);

    expect(await keysOf(world.published)).toEqual([]);
    expect(await keysOf(world.quarantine)).toEqual([]);
    expect(await readFeed(world.records, { limit: 10 })).toEqual([]);
    expect(count(world, 'module.rejected')).toBeGreaterThan(0);
    expect(count(world, 'module.published')).toBe(0);
    expect(await readOutcome(world.records, hello.path, hello.version, world.clock)).toMatchObject({
      kind: 'refused',
      reasons: [{ rule: 'allow-list' }, { rule: 'deny-list' }],
    });
  });
});
