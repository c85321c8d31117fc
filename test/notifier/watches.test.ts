import { beforeEach, describe, expect, it } from 'vitest';
import { createWatches, type WantedWatch, type Watches } from '../../services/notifier/watches.ts';
import type { Storage } from '../../services/storage/index.ts';
import { createMemoryStorage } from '../discovery/memory.ts';
import { Clock } from './start.ts';

const hour = 3_600_000;
let clock: Clock;
let records: Storage;
let watches: Watches;
beforeEach(() => {
  clock = new Clock();
  records = createMemoryStorage();
  watches = createWatches({ records, now: clock.now, most: { ofTarget: 60, searches: 30 } });
});

const make = (wanted: Partial<WantedWatch> = {}) => {
  clock.pass(1);
  return watches.create({
    subject: { module: 'a.example/x' },
    events: ['published'],
    deliver: { webhook: 'https://hooks.example/a' },
    token: undefined,
    client: '192.0.2.1',
    ...wanted,
  });
};

async function makeConfirmed(count: number, wanted: (i: number) => Partial<WantedWatch>) {
  for (let i = 0; i < count; i++) {
    const watch = await make(wanted(i));
    await watches.saveState(watch.id, { confirmed: true, log: [] });
    await watches.confirm(watch);
  }
}

async function all() {
  const ids: string[] = [];
  for await (const { id } of watches.list()) ids.push(id);
  return ids;
}

describe('of watches', () => {
  it('one client has fifty, of which ten are of searches, and a token five hundred', async () => {
    await makeConfirmed(10, i => ({ subject: { search: `s${i}` } }));
    await expect(make({ subject: { search: 'more' } })).rejects.toThrow(
      'from your address there are already 10 watches',
    );
    await makeConfirmed(40, i => ({ deliver: { webhook: `https://h${i}.example/` } }));
    await expect(make()).rejects.toMatchObject({ kind: 'refused' });
    await expect(make()).rejects.toThrow('from your address there are already 50 watches; end some of them');
    await make({ client: '192.0.2.2' });
    await makeConfirmed(51, i => ({
      client: 'token team',
      token: 'team',
      deliver: { webhook: `https://t${i}.example/` },
    }));
  });

  it('one target has so many, whoever made them', async () => {
    await makeConfirmed(60, i => ({ client: `192.0.2.${i}` }));
    await expect(make({ client: '198.51.100.1' })).rejects.toThrow('hooks.example has 60 watches already');
    await make({ client: '198.51.100.1', deliver: { webhook: 'https://other.example/' } });
  });

  it('those to which nothing could be delivered give way, the oldest first', async () => {
    await makeConfirmed(28, i => ({ client: `192.0.2.${i}`, subject: { search: 'x' } }));
    const [old, young] = [
      await make({ client: 'a', subject: { search: 'x' } }),
      await make({ client: 'b', subject: { search: 'x' } }),
    ];
    await make({ client: 'c', deliver: { webhook: 'https://other.example/' }, subject: { search: 'x' } });
    expect(await watches.get(old.id)).toBeUndefined();
    expect(await watches.get(young.id)).toEqual(young);
    expect(await watches.searches()).toHaveLength(30);
  });

  it('that nothing could be delivered to within a day ends, is seen for a week, and counts no more', async () => {
    const [lost, kept] = [await make(), await make({ deliver: { webhook: 'https://other.example/' } })];
    const slack = await make({ deliver: { slack: 'C0123456789' } });
    await watches.saveState(kept.id, { confirmed: true, log: [] });
    clock.pass(23 * hour);
    await watches.clean();
    expect((await watches.state(lost.id)).disabled).toBeUndefined();
    clock.pass(hour);
    await watches.clean();
    expect((await watches.state(lost.id)).disabled).toBe('nothing could be delivered since it was made');
    expect((await watches.state(slack.id)).disabled).toBeUndefined();
    expect((await watches.ofModule('a.example/x')).map(({ id }) => id).toSorted()).toEqual(
      [kept.id, slack.id].toSorted(),
    );
    expect((await all()).length).toBe(3);

    clock.pass(7 * 24 * hour);
    await watches.clean();
    expect(await watches.get(lost.id)).toBeUndefined();
    expect(await all()).toContain(kept.id);
    clock.pass(7 * 24 * hour);
    await watches.clean();
    // Slack had three days.
    expect(await all()).toEqual([kept.id]);
  });

  it('nothing kept tells the address of who made them', async () => {
    await make({ client: '192.0.2.77' });
    const elsewhere = createWatches({ records: createMemoryStorage(), now: clock.now });
    const wanted = { subject: { module: 'a' }, events: [], deliver: { slack: 'C0' }, token: undefined };
    const other = await elsewhere.create({ ...wanted, client: '192.0.2.77' });
    const owners = [];
    for await (const watch of watches.list()) {
      expect(JSON.stringify(watch)).not.toContain('192.0.2.77');
      owners.push(watch.owner);
    }
    // Hashed with a salt of this repository's own.
    expect(owners).not.toContain(other.owner);
    expect(owners[0]).toMatch(/^[0-9a-f]{24}$/);
  });
});
