import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { watchNotice } from '../../services/notifier/notices.ts';
import { targetOf } from '../../services/notifier/watches.ts';
import { until } from '../e2e/until.ts';
import { readable, type SlackStandIn, startSlack } from './slack.ts';
import { Clock, published, type StartOptions, startNotifier } from './start.ts';

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

/** A receiver on loopback that answers with a status. */
async function startReceiver() {
  const got: { headers: IncomingHttpHeaders; body: string }[] = [];
  const state = { status: 200, headers: {} as Record<string, string> };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    got.push({ headers: request.headers, body });
    response.writeHead(state.status, state.headers).end('thank you');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise(resolve => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  return { got, state, host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/hook` };
}

const texts = (slack: SlackStandIn) => slack.posted.map(({ blocks }) => readable(blocks));
const minute = 60_000;

describe('a watch', () => {
  it('of a module is told in Slack of a new version, with a link, in the thread of the module', async () => {
    const { slack, clock, notifier, hear, watch } = await start();
    await watch({});
    clock.pass(1000);
    for (const version of ['v1.0.0', 'v1.1.0']) {
      await hear('notifier.published', published('a.example/x', version, clock.at()));
    }
    await hear('notifier.published', published('a.example/other', 'v1.0.0', clock.at()));
    await notifier.round();
    expect(slack.posted).toHaveLength(2);
    const [first, second] = slack.posted;
    expect(first).toMatchObject({ channel: 'C000TEAM', unfurl_links: false });
    expect(texts(slack)[0]).toContain('a.example/x v1.0.0 is published');
    expect(JSON.stringify(first?.blocks)).toContain('https://gocenter.example/a.example/x@v1.0.0');
    expect(second?.thread_ts).toBe(first?.ts);
  });

  it('of a module posts a signed webhook, which the receiver can verify', async () => {
    const receiver = await startReceiver();
    const { clock, notifier, hear, watch, watches } = await start({
      environment: { WEBHOOK_ALLOW_PRIVATE: receiver.host },
    });
    const { id, secret } = await watch({ deliver: { webhook: receiver.url } });
    clock.pass(1000);
    await hear('notifier.published', published('a.example/x', 'v1.0.0', clock.at()));
    await notifier.round();
    expect(receiver.got).toHaveLength(1);
    const { headers, body } = receiver.got[0] ?? { headers: {}, body: '' };
    const signed = `v0:${headers['gocenter-timestamp']}:${body}`;
    const expected = `v0=${createHmac('sha256', secret).update(signed).digest('hex')}`;
    expect(headers['gocenter-signature']).toBe(expected);
    expect(Number(headers['gocenter-timestamp'])).toBe(Math.floor(clock.time / 1000));
    expect(JSON.parse(body)).toMatchObject({
      id: headers['gocenter-delivery'],
      type: 'module.published',
      module: 'a.example/x',
      version: 'v1.0.0',
    });
    expect(await watches.state(id)).toMatchObject({
      confirmed: true,
      log: [{ outcome: 'delivered', status: 200, type: 'module.published' }],
    });
  });

  it('of a search hears of modules that have its words, and of no private ones', async () => {
    const { slack, clock, notifier, hear, watch } = await start({
      environment: { PRIVATE_MODULES: 'corp.example' },
    });
    await watch({ subject: { search: 'yaml pars' } });
    clock.pass(1000);
    for (const module of ['a.example/yaml-parser', 'a.example/json-parser', 'corp.example/yaml-parser']) {
      await hear('notifier.published', published(module, 'v1.0.0', clock.at()));
    }
    await notifier.round();
    expect(texts(slack)).toHaveLength(1);
    expect(texts(slack)[0]).toContain('a.example/yaml-parser');
  });

  it('of a private module is told while its token may see it, and no more when the token is withdrawn', async () => {
    const environment = { PRIVATE_MODULES: 'corp.example' };
    const tokens = [{ name: 'team', sha256: '0'.repeat(64), modules: ['corp.example/x'] }];
    for (const [known, told] of [
      [tokens, 1],
      [[], 0],
    ] as const) {
      const { slack, clock, notifier, hear, watch } = await start({ environment, tokens: known });
      await watch({ subject: { module: 'corp.example/x' }, token: 'team' });
      clock.pass(1000);
      await hear('notifier.published', published('corp.example/x', 'v1.0.0', clock.at()));
      await notifier.round();
      expect(slack.posted).toHaveLength(told);
    }
  });

  it('is told of rejections and vulnerabilities, when it asks for them', async () => {
    const { slack, clock, notifier, hear, watch } = await start();
    await watch({ events: ['rejected', 'vulnerability'] });
    clock.pass(1000);
    const at = clock.at();
    const module = 'a.example/x';
    await hear('notifier.published', published(module, 'v1.0.0', at));
    const reasons = [{ rule: 'deny-list', message: 'DENY names it' }];
    await hear('notifier.rejected', { v: 1, module, version: 'v1.1.0', rejectedAt: at, reasons });
    const found = {
      v: 1,
      id: 'GO-2026-0001',
      module,
      versions: ['v1.0.0'],
      fixed: 'v1.0.1',
      summary: 'A hole',
      foundAt: at,
    };
    await hear('notifier.vulnerability', found);
    await notifier.round();
    const told = texts(slack);
    expect(told).toHaveLength(2);
    expect(slack.posted.find(({ text }) => text.startsWith('GO-'))?.reply_broadcast).not.toBe(false);
    expect(told.join()).toContain('v1.1.0 was refused\ndeny-list: DENY names it');
    expect(told.join()).toMatch(
      /GO-2026-0001 affects a\.example\/x\nA hole\nAffected here: v1\.0\.0\. Fixed in v1\.0\.1\./,
    );
  });

  it('is not told of what was before it', async () => {
    const { slack, clock, notifier, hear, watch } = await start();
    const before = clock.at();
    clock.pass(minute);
    await watch({});
    await hear('notifier.published', published('a.example/x', 'v1.0.0', before));
    await notifier.round();
    expect(slack.posted).toEqual([]);
  });
});

describe('a Slack channel', () => {
  it('confirms each watch of which a digest tells, so that none ends for want of it', async () => {
    const { clock, notifier, watch, watches, outbox } = await start();
    for (let i = 0; i < 15; i++) {
      const made = await watch({ subject: { module: `a.example/m${i}` } });
      await outbox.add(watchNotice(made, 'https://gocenter.example'), targetOf(made));
    }
    await notifier.round();
    clock.pass(4 * 24 * 60 * minute);
    await watches.clean();
    const states = [];
    for await (const { id } of watches.list()) states.push(await watches.state(id));
    expect(states.map(({ confirmed, disabled }) => [confirmed, disabled])).toEqual(states.map(() => [true, undefined]));
    expect(states).toHaveLength(15);
  });

  it('that is closed to watches again hears nothing more of them, and its operators hear everything', async () => {
    const { slack, clock, notifier, hear, watch, outbox } = await start({
      environment: { SLACK_WATCH_CHANNELS: '', SLACK_CHANNEL: 'C000TEAM' },
    });
    await watch({});
    clock.pass(1000);
    // Enough to become a digest, of which the first is not to be told.
    for (let i = 0; i < 15; i++) await hear('notifier.published', published('a.example/x', `v1.${i}.0`, clock.at()));
    clock.pass(1000);
    const [first] = [...(await outbox.pending()).values()].flat();
    if (first === undefined) throw new Error('nothing waits');
    const notice = { ...first.notice, id: 'alarm', at: clock.at(), title: 'an alarm', thread: 'alarm' };
    await outbox.add(notice, { kind: 'slack', channel: 'C000TEAM' });
    await notifier.round();
    expect(texts(slack)).toEqual([expect.stringContaining('an alarm')]);
    expect(await outbox.pending()).toEqual(new Map());
  });
});

describe('what is told', () => {
  it('is told once, however often and in whatever order its message comes, after restarts too', async () => {
    const { slack, clock, folder, notifier, hear, watch } = await start();
    await watch({});
    clock.pass(1000);
    const messages = ['v1.0.0', 'v1.1.0', 'v1.2.0'].map(version => published('a.example/x', version, clock.at()));
    for (const message of [...messages, ...messages.toReversed()]) await hear('notifier.published', message);
    await notifier.round();
    for (const message of messages) await hear('notifier.published', message);
    await notifier.round();
    expect(slack.posted).toHaveLength(3);

    await notifier.close();
    const again = await startNotifier({ slack, folder, clock });
    closers.push(() => again.close({ keep: true }));
    for (const message of messages) await again.hear('notifier.published', message);
    await again.notifier.round();
    expect(slack.posted).toHaveLength(3);
  });

  it('is nothing that is more than two weeks old: nobody remembers whether it was told', async () => {
    const { slack, clock, notifier, hear, watch } = await start();
    await watch({});
    const at = clock.at();
    clock.pass(15 * 24 * 60 * minute);
    await hear('notifier.published', published('a.example/x', 'v1.0.0', at));
    await notifier.round();
    expect(slack.posted).toEqual([]);
  });

  it('is sent by one of several replicas, and by another when that one is gone', async () => {
    const { slack, clock, folder, notifier, hear, watch } = await start();
    const other = await startNotifier({ slack, folder, clock });
    closers.push(() => other.close({ keep: true }));
    await watch({});
    clock.pass(1000);
    await notifier.round();
    await hear('notifier.published', published('a.example/x', 'v1.0.0', clock.at()));
    await other.notifier.round();
    expect(slack.posted).toEqual([]);
    await notifier.round();
    expect(slack.posted).toHaveLength(1);

    await other.hear('notifier.published', published('a.example/x', 'v1.1.0', clock.at()));
    clock.pass(31_000); // the terms that the first has taken are over
    await other.notifier.round();
    expect(slack.posted).toHaveLength(2);
  });
});

describe('Slack', () => {
  it('may be down for an hour: everything is delivered after it, once, in order', async () => {
    const { slack, clock, notifier, hear, watch } = await start();
    await watch({});
    clock.pass(1000);
    slack.fail('hang up');
    for (let i = 0; i < 60; i++) {
      if (i < 5) await hear('notifier.published', published('a.example/x', `v1.${i}.0`, clock.at()));
      await notifier.round();
      clock.pass(minute);
    }
    expect(slack.posted).toEqual([]);
    slack.fail(undefined);
    clock.pass(10 * minute);
    await notifier.round();
    await notifier.round();
    expect(texts(slack).map(text => /v1\.\d\.0/.exec(text)?.[0])).toEqual([
      'v1.0.0',
      'v1.1.0',
      'v1.2.0',
      'v1.3.0',
      'v1.4.0',
    ]);
  });

  it('that took a message but never said so has it once: it is looked for before it is sent again', async () => {
    const { slack, clock, notifier, hear, watch } = await start();
    await watch({});
    clock.pass(1000);
    for (const version of ['v1.0.0', 'v1.1.0']) {
      slack.fail('take and hang up', 'chat.postMessage');
      await hear('notifier.published', published('a.example/x', version, clock.at()));
      await notifier.round();
      slack.fail(undefined);
      clock.pass(minute);
      await notifier.round();
    }
    expect(slack.posted).toHaveLength(2);
    // The second was a reply to the first, although nobody had told its time stamp.
    expect(slack.posted[1]?.thread_ts).toBe(slack.posted[0]?.ts);
  });

  it('is left alone for as long as it asks', async () => {
    const { slack, clock, notifier, hear, watch } = await start();
    await watch({});
    clock.pass(1000);
    slack.fail({ status: 429, retryAfter: 120 });
    await hear('notifier.published', published('a.example/x', 'v1.0.0', clock.at()));
    await notifier.round();
    const { length } = slack.calls;
    clock.pass(119_000);
    await notifier.round();
    expect(slack.calls).toHaveLength(length);
    slack.fail(undefined);
    clock.pass(2000);
    await notifier.round();
    expect(slack.posted).toHaveLength(1);
  });

  it('begins a thread anew when its first message was deleted', async () => {
    const { slack, clock, notifier, hear, watch } = await start();
    await watch({});
    clock.pass(1000);
    await hear('notifier.published', published('a.example/x', 'v1.0.0', clock.at()));
    await notifier.round();
    slack.fail({ error: 'thread_not_found' });
    await hear('notifier.published', published('a.example/x', 'v1.1.0', clock.at()));
    await notifier.round();
    slack.fail(undefined);
    clock.pass(minute);
    await notifier.round();
    expect(slack.posted).toHaveLength(2);
    expect(slack.posted[1]?.thread_ts).toBeUndefined();
  });

  it('is not flooded: ten messages a minute and channel, the tenth a digest of all the rest', async () => {
    const { slack, clock, notifier, hear, watch, outbox } = await start();
    for (let i = 0; i < 50; i++) await watch({ subject: { module: `a.example/m${i}` } });
    clock.pass(1000);
    for (let i = 0; i < 50; i++) await hear('notifier.published', published(`a.example/m${i}`, 'v1.0.0', clock.at()));
    await notifier.round();
    await notifier.round();
    expect(slack.posted).toHaveLength(10);
    const last = texts(slack).at(-1) ?? '';
    expect(last).toContain('41 more notifications; the first 20 of them');
    const told = texts(slack)
      .join()
      .match(/a\.example\/m\d+ v1\.0\.0 is published/g);
    expect(new Set(told).size).toBe(29);
    expect(await outbox.pending()).toEqual(new Map());

    clock.pass(minute + 1);
    await hear('notifier.published', published('a.example/m1', 'v1.1.0', clock.at()));
    await notifier.round();
    expect(slack.posted).toHaveLength(11);
  });

  it('shows hostile names, reasons and mentions as the text that they are', async () => {
    const { slack, clock, notifier, hear, watch } = await start();
    const module = 'a.example/<!channel>&*x*';
    await watch({ subject: { module } });
    clock.pass(1000);
    const reasons = [{ rule: 'deny-list', message: '<https://evil.example|click> <!everyone> `x`' }];
    await hear('notifier.rejected', { v: 1, module, version: 'v1.0.0', rejectedAt: clock.at(), reasons });
    await notifier.round();
    const [message] = slack.posted;
    expect(message?.text).not.toMatch(/<[!@#h]/);
    const types = JSON.stringify(message?.blocks).match(/"type":"[a-z_]+"/g);
    expect(new Set(types)).toEqual(
      new Set(['rich_text', 'rich_text_section', 'emoji', 'text', 'link'].map(type => `"type":"${type}"`)),
    );
    expect(readable(message?.blocks)).toContain('<https://evil.example|click> <!everyone> `x`');
  });
});

describe('a webhook', () => {
  it('that fails is tried again with growing pauses, and what comes behind waits its turn', async () => {
    const receiver = await startReceiver();
    const { clock, notifier, hear, watch, watches } = await start({
      environment: { WEBHOOK_ALLOW_PRIVATE: receiver.host },
    });
    const { id } = await watch({ deliver: { webhook: receiver.url } });
    await watches.saveState(id, { confirmed: true, log: [] });
    clock.pass(1000);
    receiver.state.status = 500;
    await hear('notifier.published', published('a.example/x', 'v1.0.0', clock.at()));
    clock.pass(1);
    await hear('notifier.published', published('a.example/x', 'v1.1.0', clock.at()));
    const tries: number[] = [];
    for (let second = 0; second < 600; second++) {
      const { length } = receiver.got;
      await notifier.round();
      if (receiver.got.length > length) tries.push(second);
      clock.pass(1000);
    }
    expect(tries.length).toBeGreaterThan(5);
    expect(tries.length).toBeLessThan(12);
    receiver.state.status = 204;
    clock.pass(60 * minute);
    await notifier.round();
    const versions = receiver.got.map(({ body }) => (JSON.parse(body) as { version: string }).version);
    expect(versions.slice(-2)).toEqual(['v1.0.0', 'v1.1.0']);
    const ids = new Set(receiver.got.slice(0, -1).map(({ headers }) => headers['gocenter-delivery']));
    expect(ids.size).toBe(1);
    const { log, failingSince } = await watches.state(id);
    expect(log.slice(0, 3).map(({ outcome, status }) => [outcome, status])).toEqual([
      ['delivered', 204],
      ['delivered', 204],
      ['retried', 500],
    ]);
    expect(failingSince).toBeUndefined();
  });

  it('that fails for days is disabled, with the reason, and hears nothing more', async () => {
    const receiver = await startReceiver();
    const { clock, notifier, hear, watch, watches, outbox } = await start({
      environment: { WEBHOOK_ALLOW_PRIVATE: receiver.host },
    });
    const { id } = await watch({ deliver: { webhook: receiver.url } });
    clock.pass(1000);
    await hear('notifier.published', published('a.example/x', 'v1.0.0', clock.at()));
    await notifier.round();
    receiver.state.status = 503;
    for (let hour = 0; hour < 24 * 4; hour++) {
      if (hour % 12 === 0) await hear('notifier.published', published('a.example/x', `v1.${hour + 1}.0`, clock.at()));
      await notifier.round();
      clock.pass(61 * minute);
    }
    expect((await watches.state(id)).disabled).toMatch(/^nothing could be delivered since/);
    const { length } = receiver.got;
    receiver.state.status = 200;
    await hear('notifier.published', published('a.example/x', 'v2.0.0+incompatible', clock.at()));
    await notifier.round();
    expect(receiver.got).toHaveLength(length);
    expect(await outbox.pending()).toEqual(new Map());
  });

  it('that says 410 is disabled at once', async () => {
    const receiver = await startReceiver();
    const { clock, notifier, hear, watch, watches } = await start({
      environment: { WEBHOOK_ALLOW_PRIVATE: receiver.host },
    });
    const { id } = await watch({ deliver: { webhook: receiver.url } });
    clock.pass(1000);
    receiver.state.status = 410;
    await hear('notifier.published', published('a.example/x', 'v1.0.0', clock.at()));
    await notifier.round();
    expect((await watches.state(id)).disabled).toBe('the webhook says that it is gone');
  });

  it('reaches no private address, no plain http and no other port that is not listed for webhooks, and its log does not say why', async () => {
    const receiver = await startReceiver();
    // What may be fetched from is not what anybody may have us post to; without a port it is that of https alone.
    const { clock, notifier, hear, watch, watches } = await start({
      environment: { ALLOW_PRIVATE_ORIGINS: receiver.host, WEBHOOK_ALLOW_PRIVATE: '127.0.0.1' },
    });
    const urls = [
      receiver.url,
      'https://127.0.0.1/hook',
      'https://[::1]/',
      'https://169.254.169.254/',
      'https://a.example:22/',
      'https://no-such-name.invalid/',
    ];
    const ids = [];
    for (const webhook of urls) ids.push((await watch({ deliver: { webhook } })).id);
    clock.pass(1000);
    await hear('notifier.published', published('a.example/x', 'v1.0.0', clock.at()));
    await notifier.round();
    expect(receiver.got).toEqual([]);
    for (const id of ids) {
      const { log } = await watches.state(id);
      expect(log[0]).toMatchObject({ outcome: 'retried', status: null, message: 'could not be delivered' });
    }
  });

  it('is not followed anywhere by a redirect', async () => {
    const receiver = await startReceiver();
    const elsewhere = await startReceiver();
    const { clock, notifier, hear, watch, watches } = await start({
      environment: { WEBHOOK_ALLOW_PRIVATE: `${receiver.host},${elsewhere.host}` },
    });
    Object.assign(receiver.state, { status: 307, headers: { location: elsewhere.url } });
    const { id } = await watch({ deliver: { webhook: receiver.url } });
    clock.pass(1000);
    await hear('notifier.published', published('a.example/x', 'v1.0.0', clock.at()));
    await notifier.round();
    expect(elsewhere.got).toEqual([]);
    expect((await watches.state(id)).log[0]).toMatchObject({ outcome: 'retried', status: 307 });
  });

  it('that is slow or broken holds up nobody else', async () => {
    const receiver = await startReceiver();
    receiver.state.status = 500;
    const { slack, clock, notifier, hear, watch } = await start({
      environment: { WEBHOOK_ALLOW_PRIVATE: receiver.host },
    });
    await watch({ deliver: { webhook: receiver.url } });
    await watch({});
    clock.pass(1000);
    await hear('notifier.published', published('a.example/x', 'v1.0.0', clock.at()));
    await notifier.round();
    expect(slack.posted).toHaveLength(1);
  });
});

describe('a notifier that runs', () => {
  it('delivers as soon as something happens, also to a target that it is just serving', async () => {
    const clock = new Clock();
    // Real time passes; what is polled for only every five seconds would come too late.
    const started = performance.now();
    clock.now = () => new Date(clock.time + performance.now() - started);
    const { slack, notifier, hear, watch } = await start({ clock });
    await watch({});
    clock.pass(1000);
    notifier.start();
    const tell = (version: string) => hear('notifier.published', published('a.example/x', version, clock.at()));
    for (let i = 0; i < 8; i++) await tell(`v1.${i}.0`);
    await until('all is told', () => slack.posted.length === 8, 4000);
  });
});
