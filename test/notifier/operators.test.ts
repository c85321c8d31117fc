import { afterEach, describe, expect, it } from 'vitest';
import { versionKey, writeAlarm, writeOutcome } from '../../services/records/index.ts';
import { readable, type SlackStandIn, startSlack } from './slack.ts';
import { published, type StartOptions, startNotifier } from './start.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: StartOptions = {}) {
  const slack = await startSlack();
  closers.push(() => slack.close());
  const started = await startNotifier({ slack, ...options });
  closers.push(() => started.close());
  return { slack, ...started };
}

const told = (slack: SlackStandIn) => slack.posted.map(({ blocks }) => readable(blocks));
const look = 31_000;

describe('operators are told', () => {
  it('of alarms, each once, with the page that says what to do', async () => {
    const { slack, clock, notifier, records } = await start();
    const alarm = {
      module: 'a.example/x',
      version: 'v1.0.0',
      reason: 'changed-bytes',
      message: 'Other bytes.',
    } as const;
    await writeAlarm(records, { ...alarm, at: clock.at() });
    for (let i = 0; i < 3; i++) {
      await notifier.round();
      clock.pass(look);
    }
    await writeAlarm(records, { ...alarm, at: clock.at(), version: 'v1.1.0' });
    clock.pass(look);
    await notifier.round();
    expect(told(slack)).toEqual([
      ' changed-bytes: a.example/x@v1.0.0\nOther bytes.\nSee docs/runbooks/alarms.md, “changed-bytes”.',
      ' changed-bytes: a.example/x@v1.1.0\nOther bytes.\nSee docs/runbooks/alarms.md, “changed-bytes”.',
    ]);
  });

  it('of dead letters when there are some, when they double, and when they are gone, in one thread', async () => {
    const { slack, clock, notifier, dead } = await start();
    const counts = [0, 1, 1, 3, 3, 3, 0, 0, 0, 0];
    for (const count of counts) {
      dead.set('validator', Array(count).fill('the store is full'));
      await notifier.round();
      clock.pass(look);
    }
    const titles = told(slack).map(text => text.split('\n')[0]?.trim());
    expect(titles).toEqual([
      '1 dead letter of validator',
      '3 dead letters of validator',
      'Over: 3 dead letters of validator',
    ]);
    expect(told(slack)[0]).toContain('the store is full (5 attempts)');
    expect(new Set(slack.posted.slice(1).map(({ thread_ts }) => thread_ts))).toEqual(new Set([slack.posted[0]?.ts]));
  });

  it('once of dead letters, though the notifier restarts', async () => {
    const { slack, clock, folder, notifier, dead } = await start();
    dead.set('processor', ['x']);
    await notifier.round();
    await notifier.close();
    clock.pass(look);
    const again = await startNotifier({ slack, folder, clock });
    closers.push(() => again.close({ keep: true }));
    again.dead.set('processor', ['x']);
    await again.notifier.round();
    expect(slack.posted).toHaveLength(1);
  });

  it('of a version that is rejected though modules here require it', async () => {
    const { slack, clock, notifier, hear } = await start({
      usedBy: async ({ module, version }) => {
        expect([module, version]).toEqual(['a.example/x', 'v1.1.0']);
        const item = { requires: 'v1.1.0', indirect: false, current: true, usedBy: 0 };
        return { items: [{ ...item, module: 'b.example/user', version: 'v2.0.0' }], next: null, total: 7 };
      },
    });
    const reasons = [{ rule: 'deny-list', message: 'DENY names it' }];
    const message = { v: 1, module: 'a.example/x', version: 'v1.1.0', rejectedAt: clock.at(), reasons };
    await hear('notifier.rejected', message);
    await hear('notifier.rejected', message);
    await notifier.round();
    expect(told(slack)).toEqual([
      ' a.example/x@v1.1.0 is refused, but used\ndeny-list: DENY names it\nUsed by b.example/user@v2.0.0 and 6 more.\nSee it',
    ]);
  });

  it('of a version that is published though what it requires was rejected', async () => {
    const { slack, clock, notifier, hear, published: store, records } = await start();
    const mod = 'module b.example/user\n\nrequire (\n\ta.example/x v1.1.0\n\ta.example/y v1.0.0\n)\n';
    await store.put(`${versionKey('b.example/user', 'v1.0.0')}.mod`, Buffer.from(mod));
    const reasons = [{ rule: 'deny-list', message: 'DENY names it' }];
    const outcome = { kind: 'refused', message: 'x', reasons, at: '2026-01-01T00:00:00Z' } as const;
    await writeOutcome(records, 'a.example/x', 'v1.1.0', { ...outcome, reasons: [...reasons] });
    await writeOutcome(records, 'a.example/y', 'v1.0.0', { kind: 'not-found', message: 'x', at: outcome.at });
    await hear('notifier.published', published('b.example/user', 'v1.0.0', clock.at()));
    await notifier.round();
    expect(told(slack)).toHaveLength(1);
    expect(told(slack)[0]).toContain('a.example/x@v1.1.0 is refused, but used');
  });

  it('by the log where there is no Slack', async () => {
    const started = await startNotifier({});
    closers.push(() => started.close());
    const { clock, notifier, records, logged } = started;
    await writeAlarm(records, {
      module: 'm',
      version: 'v1.0.0',
      reason: 'changed-bytes',
      message: 'x',
      at: clock.at(),
    });
    await notifier.round();
    expect(logged.map(({ msg }) => msg)).toContain('changed-bytes: m@v1.0.0');
  });
});
