import { afterEach, describe, expect, it } from 'vitest';
import { createOutbox } from '../../services/notifier/outbox.ts';
import { aboutKey, createWatches } from '../../services/notifier/watches.ts';
import { type Started, startUiBackend } from './start.ts';

let here: Started | undefined;
afterEach(async () => {
  await here?.close();
  here = undefined;
});

async function start(environment: Record<string, string> = {}, slack = true) {
  here = await startUiBackend({ environment: { SLACK_WATCH_CHANNELS: 'C0123456789', ...environment } });
  await here.records.put(aboutKey, Buffer.from(JSON.stringify({ slack })));
  return here;
}

const module = 'a.example/x';
const webhook = 'https://hooks.example/a?b=c';
const now = () => new Date();

describe('a watch', () => {
  it('is made with a secret that is shown once, its first message waits, and it is ended by its id', async () => {
    const { ask, records } = await start();
    const made = await ask('watch', { module, webhook });
    expect(made).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    const { watch, secret } = made.body;
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(watch).toMatchObject({ module, q: null, webhook, slack: null, state: 'new', deliveries: [] });
    expect(watch.events).toEqual(['published', 'rejected', 'vulnerability']);

    const [waiting] = (await createOutbox({ records, now }).pending()).values();
    expect(waiting).toMatchObject([
      { target: { kind: 'webhook', watch: watch.id }, notice: { type: 'watch.created' } },
    ]);

    const { id } = watch;
    const shown = await ask('watched', { id });
    expect(shown.body).toEqual(watch);
    expect(JSON.stringify(shown.body)).not.toContain(secret);
    expect((await ask('unwatch', { id })).body).toEqual({ id, ended: true });
    expect((await ask('watched', { id })).status).toBe(404);
    expect((await ask('unwatch', { id })).body).toEqual({ id, ended: false });
  });

  it('tells how its deliveries go, and why it has ended by itself', async () => {
    const { ask, records } = await start();
    const { id } = (await ask('watch', { q: 'yaml', slack: 'C0123456789', events: ['published'] })).body.watch;
    const watches = createWatches({ records, now });
    const attempt = { delivery: '1-a', type: 'module.published', title: 't', at: '2026-01-01T00:00:00Z' };
    const failed = { ...attempt, outcome: 'retried', status: 500, message: 'answered 500' } as const;
    const at = '2026-01-01T00:00:00Z';
    const states = [
      [{ confirmed: true, log: [] }, 'active'],
      [{ confirmed: true, failingSince: at, log: [failed] }, 'failing'],
      [{ confirmed: true, failingSince: at, disabled: 'it was down', log: [failed] }, 'disabled'],
    ] as const;
    for (const [state, expected] of states) {
      await watches.saveState(id, { ...state, log: [...state.log] });
      expect((await ask('watched', { id })).body).toMatchObject({ q: 'yaml', slack: 'C0123456789', state: expected });
    }
    const { message, deliveries } = (await ask('watched', { id })).body;
    expect(message).toBe('It has ended: it was down.');
    expect(deliveries).toMatchObject([{ id: '1-a', outcome: 'retried', status: 500 }]);
  });

  it('is refused, with what to write instead, when it is of nothing, goes nowhere or to where nobody should post', async () => {
    const { ask } = await start({ WEBHOOK_ALLOW_PRIVATE: 'hooks.corp.example:8443' });
    const refused: [Record<string, unknown>, number, RegExp][] = [
      [{ webhook }, 400, /give a module, or a search/],
      [{ module, q: 'yaml', webhook }, 400, /give a module, or a search/],
      [{ module }, 400, /give a webhook, or a Slack channel/],
      [{ module, webhook, slack: '#x' }, 400, /give a webhook, or a Slack channel/],
      [{ module: '../x', webhook }, 400, /malformed|invalid|path/],
      [{ q: '-- ;', webhook }, 400, /word to search for/],
      [{ module, webhook, events: [] }, 400, /events/],
      [{ module, webhook: 'hooks.example' }, 400, /https address/],
      [{ module, webhook: 'javascript:alert(1)' }, 400, /https address/],
      [{ module, webhook: 'https://me:secret@hooks.example/' }, 400, /must not hold a password/],
      [{ module, slack: 'two words' }, 400, /channel such as/],
      [{ module, webhook: 'http://hooks.example/' }, 403, /https on port 443/],
      [{ module, webhook: 'https://hooks.example:22/' }, 403, /https on port 443/],
      ...[
        '127.0.0.1',
        '10.0.0.1',
        '169.254.169.254',
        '[::1]',
        '[::ffff:10.0.0.1]',
        'localhost',
        'db',
        '2130706433',
      ].map((host): [Record<string, unknown>, number, RegExp] => [
        { module, webhook: `https://${host}/` },
        403,
        /is private; an operator may list it/,
      ]),
    ];
    for (const [request, status, message] of refused) {
      const answer = await ask('watch', request);
      expect([JSON.stringify(request), answer.status]).toEqual([JSON.stringify(request), status]);
      expect((answer.body as unknown as { error: { message: string } }).error.message).toMatch(message);
    }
    const listed = await ask('watch', { module, webhook: 'http://hooks.corp.example:8443/x' });
    expect(listed.status).toBe(200);
  });

  it('goes to Slack only where that is set up', async () => {
    const { ask } = await start({}, false);
    const answer = await ask('watch', { module, slack: 'C0123456789' });
    expect(answer.status).toBe(403);
  });

  it('goes to no channel that the operator has not opened to watches, least of all to that of the operators', async () => {
    const { ask } = await start({ SLACK_CHANNEL: '#go-operators', SLACK_WATCH_CHANNELS: '#go-*,C0123456789,builds' });
    for (const slack of ['#general', 'general', '#go-operators', 'go-operators', 'C0123456780', 'D0123456789']) {
      const answer = await ask('watch', { module, slack });
      expect([slack, answer.status]).toEqual([slack, 403]);
    }
    for (const slack of ['#go-news', '#builds', 'C0123456789']) {
      expect((await ask('watch', { module, slack })).status).toBe(200);
    }
  });

  it('is one of twenty that a client makes at once', async () => {
    const { app } = await start({ RATE_LIMIT: '500', TRUSTED_PROXIES: '127.0.0.1' });
    const make = (client: string) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/watches',
        headers: { 'x-forwarded-for': client },
        payload: { module, webhook },
      });
    for (let i = 0; i < 20; i++) expect((await make('192.0.2.1')).statusCode).toBe(200);
    const answer = await make('192.0.2.1');
    expect([answer.statusCode, Number(answer.headers['retry-after'])]).toEqual([429, expect.closeTo(30, -1)]);
    expect((await make('192.0.2.2')).statusCode).toBe(200);
  });
});
