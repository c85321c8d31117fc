import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { NotifierSecrets } from '../../services/notifier/secrets.ts';
import { readable, type SlackStandIn, startSlack } from './slack.ts';
import { startNotifier } from './start.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const github = 'a secret of GitHub';
const jenkins = 'a-token-of-Jenkins';
const secrets: NotifierSecrets['hookSecrets'] = { 'ci-github': github, 'ci-jenkins': jenkins };

async function start(options: { secrets?: NotifierSecrets['hookSecrets'] } = {}) {
  const slack = await startSlack();
  closers.push(() => slack.close());
  const started = await startNotifier({ slack, secrets, ...options });
  closers.push(() => started.close());
  const { app } = started;
  return {
    slack,
    ...started,
    async github(event: string, payload: object, secret = github) {
      const body = JSON.stringify(payload);
      const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
      const headers = { 'content-type': 'application/json', 'x-github-event': event, 'x-hub-signature-256': signature };
      return app.inject({ method: 'POST', url: '/hooks/ci', headers, payload: body });
    },
    jenkins: (payload: object, token = jenkins) =>
      app.inject({ method: 'POST', url: '/hooks/ci', headers: { authorization: `Bearer ${token}` }, payload }),
    alerts: (payload: object, headers: Record<string, string> = {}, remoteAddress = '10.1.2.3') =>
      app.inject({ method: 'POST', url: '/hooks/alerts', headers, payload, remoteAddress }),
  };
}

const told = (slack: SlackStandIn) => slack.posted.map(({ blocks }) => readable(blocks));

const run = (id: number, conclusion: string | null, updated_at: string, more: object = {}) => ({
  action: conclusion === null ? 'in_progress' : 'completed',
  workflow_run: {
    id,
    name: 'CI',
    head_branch: 'main',
    head_sha: '0123456789abcdef',
    run_number: id,
    run_attempt: 1,
    conclusion,
    html_url: `https://github.com/a/b/actions/runs/${id}`,
    updated_at,
    ...more,
  },
  repository: { full_name: 'a/b' },
});

const build = (number: number, phase: string, status: string, timestamp: number) => ({
  name: 'gocenter',
  url: 'job/gocenter/',
  build: {
    full_url: `https://ci.example/job/gocenter/${number}/`,
    number,
    timestamp,
    phase,
    status,
    scm: { branch: 'origin/main', commit: 'c6d86dc654b12425e706bcf951adfe5a8627a517' },
    log: 'step one\nstep two failed',
  },
});

describe('/hooks/ci', () => {
  it('tells the results of GitHub’s workflow runs in a thread a branch, with links', async () => {
    const { slack, clock, notifier, ...here } = await start();
    expect((await here.github('ping', { zen: 'x' })).statusCode).toBe(200);
    expect((await here.github('workflow_run', run(1, null, clock.at()))).json()).toMatchObject({ accepted: 0 });
    for (const [id, conclusion] of [
      [1, 'failure'],
      [2, 'success'],
    ] as const) {
      expect((await here.github('workflow_run', run(id, conclusion, clock.at()))).statusCode).toBe(202);
      clock.pass(1000);
    }
    await here.github('workflow_run', run(3, 'success', clock.at(), { head_branch: 'other' }));
    await notifier.round();
    expect(told(slack)[0]).toBe(' a/b: CI #1: failure\nmain at 0123456789ab\nSee the run');
    expect(slack.posted.map(({ channel }) => channel)).toEqual(Array(3).fill('C0OPERATORS'));
    expect(slack.posted[1]?.thread_ts).toBe(slack.posted[0]?.ts);
    expect(slack.posted[2]?.thread_ts).toBeUndefined();
  });

  it('tells check suites of others than Actions, whose runs are told already', async () => {
    const { slack, clock, notifier, ...here } = await start();
    const suite = (id: number, slug: string) => ({
      action: 'completed',
      check_suite: {
        id,
        head_branch: 'main',
        head_sha: '0123456789abcdef',
        conclusion: 'timed_out',
        updated_at: clock.at(),
        app: { name: slug, slug },
      },
      repository: { full_name: 'a/b' },
    });
    await here.github('check_suite', suite(1, 'buildbot'));
    await here.github('check_suite', suite(2, 'github-actions'));
    await notifier.round();
    expect(told(slack)).toHaveLength(1);
    expect(told(slack)[0]).toContain('a/b: buildbot: timed out');
  });

  it('tells the results of Jenkins once, though it sends them twice, with the log of a failure', async () => {
    const { slack, clock, notifier, ...here } = await start();
    const started = clock.time;
    for (const phase of ['QUEUED', 'STARTED', 'COMPLETED', 'FINALIZED']) {
      const { statusCode } = await here.jenkins(build(7, phase, 'FAILURE', started));
      expect(statusCode).toBe(phase === 'COMPLETED' ? 202 : 200);
    }
    await notifier.round();
    expect(told(slack)).toEqual([
      ' gocenter #7: failure\nmain at c6d86dc654b1\nSee the buildstep one\nstep two failed',
    ]);
  });

  it('refuses what is forged, unsigned or not what it says, with the reason, and tells nothing of it', async () => {
    const { slack, clock, notifier, app, metrics, ...here } = await start();
    const forged = await here.github('workflow_run', run(1, 'success', clock.at()), 'another secret of GitHub');
    expect(forged.statusCode).toBe(401);
    expect(forged.json()).toEqual({
      error: { kind: 'unauthorized', message: 'the signature is not that of this body and secret' },
    });
    expect(
      (await here.jenkins(build(1, 'FINALIZED', 'SUCCESS', clock.time), 'another-token-of-Jenkins')).statusCode,
    ).toBe(401);
    const ask = (payload: string, headers: Record<string, string>) =>
      app.inject({ method: 'POST', url: '/hooks/ci', headers, payload });
    const bearer = { authorization: `Bearer ${jenkins}` };
    expect((await ask('{}', { 'x-github-event': 'workflow_run' })).statusCode).toBe(401);
    expect((await ask('{', bearer)).statusCode).toBe(400);
    expect((await ask('{}', bearer)).json().error.message).toMatch(/^this is no notification of Jenkins/);
    expect((await ask(`"${'x'.repeat(3 << 20)}"`, bearer)).statusCode).toBe(413);
    expect((await app.inject({ url: '/hooks/ci' })).statusCode).toBe(404);
    await notifier.round();
    expect(slack.posted).toEqual([]);
    expect(await metrics.registry.metrics()).toMatch(
      /gocenter_hooks_total\{source="ci-github",outcome="unauthorized"\} 2/,
    );
  });

  it('is closed without a secret', async () => {
    const { clock, ...here } = await start({ secrets: {} });
    const answer = await here.github('workflow_run', run(1, 'success', clock.at()));
    expect(answer.json().error.message).toBe('this hook is closed: HOOK_SECRETS_FILE has no secret "ci-github"');
  });

  it('takes repeats, late and future ones for what they are', async () => {
    const { slack, clock, notifier, ...here } = await start();
    const result = run(1, 'failure', clock.at());
    await here.github('workflow_run', result);
    await notifier.round();
    const again = await here.github('workflow_run', result);
    expect([again.statusCode, again.json()]).toEqual([200, { accepted: 0, ignored: ['it was told before'] }]);
    const old = await here.github('workflow_run', run(2, 'failure', '2026-10-01T00:00:00Z'));
    expect(old.json()).toEqual({ accepted: 0, ignored: ['it is more than two weeks old'] });
    expect((await here.github('workflow_run', run(3, 'failure', '2027-10-01T00:00:00Z'))).statusCode).toBe(400);
    await notifier.round();
    expect(slack.posted).toHaveLength(1);
  });
});

describe('/hooks/alerts', () => {
  const alert = (status: 'firing' | 'resolved', startsAt: string, endsAt = '0001-01-01T00:00:00Z') => ({
    version: '4',
    status,
    groupKey: '{}',
    alerts: [
      {
        status,
        labels: { alertname: 'QueueOld', severity: 'page', subscription: 'processor' },
        annotations: {
          summary: 'Messages wait too long',
          description: 'The oldest waits for 400 s.',
          runbook_url: 'https://docs.example/alerts#queue-old',
        },
        startsAt,
        endsAt,
        fingerprint: 'c0ffee',
      },
    ],
  });

  it('tells an alert of Alertmanager, reminds of it every hour, and tells when it is over, in one thread', async () => {
    const { slack, clock, notifier, ...here } = await start();
    const startsAt = clock.at();
    // Sent again whenever its group changes, and every hour.
    for (const minutes of [0, 5, 10, 60]) {
      clock.time = Date.parse(startsAt) + minutes * 60_000;
      await here.alerts(alert('firing', startsAt));
      await notifier.round();
    }
    clock.pass(60_000);
    await here.alerts(alert('resolved', startsAt, clock.at()));
    await notifier.round();
    expect(told(slack)).toEqual([
      ' QueueOld: Messages wait too long\nThe oldest waits for 400 s.\nRunbook',
      ' Still: QueueOld: Messages wait too long\nThe oldest waits for 400 s.\nRunbook',
      ' Over: QueueOld: Messages wait too long\nThe oldest waits for 400 s.\nRunbook',
    ]);
    const [first, second, last] = slack.posted;
    expect([second?.thread_ts, last?.thread_ts]).toEqual([first?.ts, first?.ts]);
    expect(last?.reply_broadcast).toBe(true);
  });

  it('does not tell that an alert fires when it was told to be over', async () => {
    const { slack, clock, notifier, ...here } = await start();
    const startsAt = clock.at();
    clock.pass(60_000);
    await here.alerts(alert('resolved', startsAt, clock.at()));
    const late = await here.alerts(alert('firing', startsAt));
    expect(late.json()).toEqual({ accepted: 0, ignored: ['it is over already'] });
    await notifier.round();
    expect(slack.posted).toHaveLength(1);
  });

  it('tells incidents of Cloud Monitoring', async () => {
    const { slack, clock, notifier, ...here } = await start();
    const incident = (state: string) => ({
      version: '1.2',
      incident: {
        incident_id: '0.abc',
        state,
        started_at: Math.floor(clock.time / 1000),
        ended_at: state === 'closed' ? Math.floor(clock.time / 1000) + 60 : null,
        policy_name: 'The page answers',
        summary: 'Uptime check fails',
        url: 'https://console.example/incident/0.abc',
      },
    });
    for (const state of ['open', 'open', 'closed']) await here.alerts(incident(state));
    await notifier.round();
    expect(told(slack)).toEqual([
      ' The page answers\nUptime check fails\nSee the incident',
      ' Over: The page answers\nUptime check fails\nSee the incident',
    ]);
  });

  it('without a token takes alerts from the private network only, and none that came through a proxy', async () => {
    const { clock, ...here } = await start({ secrets: {} });
    const body = alert('firing', clock.at());
    expect((await here.alerts(body)).statusCode).toBe(202);
    expect((await here.alerts(body, { 'x-forwarded-for': '10.0.0.1' })).statusCode).toBe(401);
    expect((await here.alerts(body, {}, '203.0.113.7')).statusCode).toBe(401);
    expect((await here.alerts(body, {}, '8.8.8.8')).statusCode).toBe(401);
  });

  it('takes nothing that a page has a browser of the private network send', async () => {
    const { clock, slack, notifier, ...here } = await start({ secrets: {} });
    const body = alert('firing', clock.at());
    for (const headers of [
      { origin: 'https://evil.example' },
      // After its name has come to mean an address of ours.
      { origin: 'http://evil.example:8084', host: 'evil.example:8084', 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      expect((await here.alerts(body, headers as Record<string, string>)).statusCode).toBe(401);
    }
    const simple = await here.alerts(body, { 'content-type': 'text/plain' });
    expect([simple.statusCode, simple.json().error.kind]).toEqual([400, 'invalid']);
    await notifier.round();
    expect(slack.posted).toEqual([]);
  });

  it('with a token wants it, in whichever way the sender can send one', async () => {
    const token = 'a-token-for-alerts';
    const { app, clock, ...here } = await start({ secrets: { alerts: token } });
    const body = alert('firing', clock.at());
    expect((await here.alerts(body)).statusCode).toBe(401);
    const basic = Buffer.from(`monitoring:${token}`).toString('base64');
    expect((await here.alerts(body, { authorization: `Bearer ${token}` })).statusCode).toBe(202);
    expect((await here.alerts(body, { authorization: `Basic ${basic}` })).statusCode).toBe(200);
    const url = `/hooks/alerts?token=${encodeURIComponent(token)}`;
    expect((await app.inject({ method: 'POST', url, payload: body })).statusCode).toBe(200);
  });

  it('asks the sender to come again where operators can’t be told', async () => {
    const started = await startNotifier({});
    closers.push(() => started.close());
    const payload = alert('firing', started.clock.at());
    const answer = await started.app.inject({ method: 'POST', url: '/hooks/alerts', payload });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '30']);
  });
});
