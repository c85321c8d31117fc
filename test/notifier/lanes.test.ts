import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../services/metrics.ts';
import { createDispatcher } from '../../services/notifier/dispatcher.ts';
import { createNotifierMetrics } from '../../services/notifier/metrics.ts';
import type { Notice } from '../../services/notifier/notice.ts';
import { createOutbox, type Delivery } from '../../services/notifier/outbox.ts';
import type { Result } from '../../services/notifier/send.ts';
import { createFlood } from '../../services/notifier/slack/flood.ts';
import { createWatches, targetOf, type WantedWatch, type Watch } from '../../services/notifier/watches.ts';
import { createFileStorage } from '../../services/storage/files.ts';
import type { Storage } from '../../services/storage/index.ts';
import { until } from '../e2e/until.ts';
import { Clock } from './start.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The dispatcher on a real store; a webhook whose host begins with `silent` does not answer until all is over. */
async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'gocenter-lanes-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const clock = new Clock();
  const { now } = clock;
  const stored = await createFileStorage({ root: folder });
  const asked = { lists: 0, listed: 0 };
  const records: Storage = {
    ...stored,
    async *list(...args) {
      asked.lists++;
      for await (const info of stored.list(...args)) {
        asked.listed++;
        yield info;
      }
    },
  };
  const [watches, outbox] = [createWatches({ records, now }), createOutbox({ records, now })];
  const over = Promise.withResolvers<void>();
  /** Hosts and channels, in the order in which they were called. */
  const called: string[] = [];
  const delivered: string[] = [];
  const logged: string[] = [];
  const send = async ({ target }: Delivery): Promise<Result> => {
    const watch = target.kind === 'webhook' ? await watches.get(target.watch) : undefined;
    const deliver = watch?.deliver;
    const name =
      target.kind === 'slack'
        ? target.channel
        : new URL(deliver && 'webhook' in deliver ? deliver.webhook : '').hostname;
    called.push(name);
    if (name.startsWith('silent')) {
      await over.promise;
      return { kind: 'later', status: null, message: 'did not answer' };
    }
    if (name.startsWith('dead')) return { kind: 'later', status: null, message: 'could not be delivered' };
    if (name.startsWith('slow')) clock.pass(9000);
    delivered.push(name);
    return { kind: 'delivered', status: 200, message: 'accepted' };
  };
  const dispatcher = createDispatcher({
    outbox,
    watches,
    send: { slack: send, webhook: send },
    flood: createFlood(now),
    mayTell: () => true,
    leads: async () => true,
    metrics: createNotifierMetrics(createMetrics().registry),
    log: pino({ level: 'info' }, { write: (line: string) => logged.push(line) }),
    now,
    random: () => 0, // the shortest pauses
  });
  closers.push(() => dispatcher.close());
  closers.push(async () => over.resolve());
  const notice: Notice = {
    ...{ id: 'published a.example/x@v1.0.0', type: 'module.published', at: now().toISOString(), level: 'info' },
    ...{ thread: 'module a.example/x', title: 'news', text: '', data: {} },
  };
  return {
    called,
    delivered,
    logged,
    asked,
    clock,
    due: () => dispatcher.round('due'),
    /** All that is due begins; what does not answer is not waited for. */
    round: () => dispatcher.round('all'),
    tellSlack: (channel: string) => outbox.add(notice, { kind: 'slack', channel }),
    tell: (id: string, watch: Watch) => outbox.add({ ...notice, id }, targetOf(watch)),
    async watch(host: string, { confirmed = false, client = host } = {}) {
      const wanted: WantedWatch = {
        subject: { module: 'a.example/x' },
        events: ['published'],
        deliver: { webhook: `https://${host}/` },
        token: undefined,
        client,
      };
      const watch = await watches.create(wanted);
      if (confirmed) await watches.saveState(watch.id, { confirmed, log: [] });
      await outbox.add(notice, targetOf(watch));
      return watch;
    },
  };
}

describe('webhooks that do not answer', () => {
  it('hold up neither operators nor a webhook that took what it was sent before', async () => {
    const { round, watch, tellSlack, delivered, called } = await start();
    for (let i = 0; i < 60; i++) await watch(`silent${i}.example`);
    await watch('good.example', { confirmed: true });
    await tellSlack('C0OPERATORS');
    await round();
    await until('both are told', () => delivered.length === 2);
    expect(delivered.toSorted()).toEqual(['C0OPERATORS', 'good.example']);
    expect(called.filter(name => name.startsWith('silent')).length).toBeLessThanOrEqual(8);
  });

  it('hold up no new webhook of another host, however many there are of theirs', async () => {
    const { round, watch, delivered, called } = await start();
    for (let i = 0; i < 60; i++) await watch('silent.example');
    await watch('new.example');
    await round();
    await until('the new one is told', () => delivered.length === 1);
    expect(called.filter(name => name === 'silent.example').length).toBeLessThanOrEqual(2);
  });

  it('hold up no others even if they took what they were sent before', async () => {
    const { round, watch, delivered } = await start();
    for (let i = 0; i < 60; i++) await watch('silent.example', { confirmed: true });
    await watch('good.example', { confirmed: true });
    await round();
    await until('the good one is told', () => delivered.length === 1);
  });

  it('nor do those that take their time, after the first time', async () => {
    const { round, watch, tell, called } = await start();
    const slow = [];
    for (let i = 0; i < 3; i++) slow.push(await watch(`slow${i}.example`, { confirmed: true }));
    await (await round()).done;
    // Eight that are silent take all the places that are left to such.
    for (let i = 0; i < 8; i++) await watch(`silent${i}.example`);
    await round();
    await until('they are called', () => called.length === 11);
    for (const each of slow) await tell('again', each);
    await watch('good.example', { confirmed: true });
    await round();
    await until('the good one is told', () => called.at(-1) === 'good.example');
    expect(called).toHaveLength(12);
  });
});

describe('many webhooks that never took anything', () => {
  const lanes = 60;

  it('cost nothing while they wait: who is told something else has it with one listing', async () => {
    const { round, due, watch, tellSlack, delivered, called, asked } = await start();
    for (let i = 0; i < lanes; i++) await watch(`dead${i}.example`);
    Object.assign(asked, { lists: 0, listed: 0 });
    await (await round()).done;
    expect(called).toHaveLength(lanes);
    expect(asked).toEqual({ lists: 1, listed: lanes });
    Object.assign(asked, { lists: 0, listed: 0 });
    await (await due()).done;
    expect(asked).toEqual({ lists: 0, listed: 0 });
    await tellSlack('C0OPERATORS');
    await (await due()).done;
    expect(delivered).toEqual(['C0OPERATORS']);
    expect(asked).toEqual({ lists: 1, listed: 1 });
    expect(called).toHaveLength(lanes + 1);
  });

  it('are each tried twelve times in their day at most, and logged when they fail first and are given up', async () => {
    const { round, due, watch, called, clock, logged } = await start();
    for (let i = 0; i < 3; i++) await watch(`dead${i}.example`);
    let { done, next } = await round();
    for (let i = 0; i < 100; i++) {
      await done;
      if (next() === Number.POSITIVE_INFINITY) break;
      clock.time = Math.max(clock.time, next());
      ({ done, next } = await due());
    }
    expect(next()).toBe(Number.POSITIVE_INFINITY);
    expect(called.length).toBeGreaterThanOrEqual(3 * 6);
    expect(called.length).toBeLessThanOrEqual(3 * 12);
    expect(logged).toHaveLength(2 * 3);
  });

  it('are counted once, not for each watch that is made', async () => {
    const { watch, asked } = await start();
    const first = 10;
    for (let i = 0; i < first; i++) await watch(`dead${i}.example`);
    Object.assign(asked, { lists: 0, listed: 0 });
    for (let i = first; i < lanes; i++) await watch(`dead${i}.example`);
    expect(asked.listed).toBe(0);
  });
});
