import { afterEach, describe, expect, it } from 'vitest';
import { createKubernetesApi } from '../../services/notifier/kubernetes/api.ts';
import type { Pod } from '../../services/notifier/kubernetes/objects.ts';
import { createReflector } from '../../services/notifier/kubernetes/reflector.ts';
import { until } from '../e2e/until.ts';
import { pod, startKubernetes } from './kubernetes.ts';
import { readable, type SlackStandIn, startSlack } from './slack.ts';
import { startNotifier } from './start.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const running: Pod['status'] = {
  phase: 'Running',
  containerStatuses: [{ name: 'main', restartCount: 0, state: { running: {} } }],
};
const crashing: Pod['status'] = {
  phase: 'Running',
  containerStatuses: [
    {
      name: 'main',
      restartCount: 4,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 2, reason: 'Error' } },
    },
  ],
};
const told = (slack: SlackStandIn) => slack.posted.map(({ blocks }) => readable(blocks));

/** The notifier with a cluster; `settle` waits for the watches, then looks. */
async function start() {
  const slack = await startSlack();
  const cluster = await startKubernetes();
  const started = await startNotifier({
    slack,
    environment: { KUBERNETES_HEALTH: 'true', KUBERNETES_URL: cluster.url, KUBERNETES_ACCOUNT: cluster.account },
  });
  closers.push(
    () => cluster.close(),
    () => slack.close(),
    () => started.close(),
  );
  return { slack, cluster, ...started };
}

describe('Kubernetes health', () => {
  it('tells a crash loop once, however many pods have it, with the last log lines, and when it is over', async () => {
    const { slack, cluster, clock, notifier } = await start();
    const path = '/api/v1/namespaces/gocenter/pods/web-1/log previous';
    cluster.logs.set(path, 'starting\npanic: no such table\n');
    for (const name of ['web-1', 'web-2']) cluster.set('pods', pod(name, crashing));
    cluster.set('pods', pod('api-1', running));
    await notifier.round(); // begins to watch
    await until('all is watched', () => cluster.watches() === 3);
    for (let i = 0; i < 3; i++) {
      clock.pass(31_000);
      await notifier.round();
    }
    expect(told(slack)).toEqual([
      ' gocenter/web: CrashLoop\nmain ended with 2; restarts: 4\nweb-1, web-2starting\npanic: no such table',
    ]);

    cluster.remove('pods', pod('web-1', crashing));
    cluster.set('pods', pod('web-2', running));
    await until('the recovery is told', async () => {
      clock.pass(31_000);
      await notifier.round();
      return slack.posted.length > 1;
    });
    expect(told(slack)[1]).toMatch(/^ Over: gocenter\/web: CrashLoop\nIt lasted \d+ min\.$/);
    expect(slack.posted[1]).toMatchObject({ thread_ts: slack.posted[0]?.ts, reply_broadcast: true });
  });

  it('tells in the channel that a pod names, and tells all the same when its log can’t be read', async () => {
    const { slack, cluster, clock, notifier } = await start();
    cluster.set('pods', pod('web-1', crashing, { annotations: { 'gocenter.dev/notify-channel': 'C0TEAM' } }));
    await notifier.round();
    await until('all is watched', () => cluster.watches() === 3);
    clock.pass(31_000);
    await notifier.round();
    expect(slack.posted.map(({ channel }) => channel)).toEqual(['C0TEAM']);
    expect(told(slack)[0]).toContain("(its log can't be read: the Kubernetes API answers 404");
  });
});

describe('a reflector', () => {
  async function reflect() {
    const cluster = await startKubernetes();
    closers.push(() => cluster.close());
    const api = await createKubernetesApi({ url: new URL(cluster.url), account: cluster.account });
    closers.push(() => api.close());
    const errors: Error[] = [];
    const reflector = createReflector<Pod>({ api, path: '/api/v1/pods', onError: error => errors.push(error) });
    closers.push(() => reflector.close());
    const names = () => reflector.objects()?.map(({ metadata }) => metadata.name);
    return { cluster, reflector, names, errors };
  }

  it('lists in pages, follows what changes, and goes on when a watch ends without listing again', async () => {
    const { cluster, reflector, names } = await reflect();
    for (let i = 0; i < 1200; i++) cluster.set('pods', pod(`p${i}-1`, running));
    reflector.start();
    await until('it watches', () => cluster.watches() === 1);
    expect(names()).toHaveLength(1200);
    cluster.set('pods', pod('new-1', running));
    cluster.remove('pods', pod('p0-1', running));
    await until('it has followed', () => names()?.includes('new-1') === true && !names()?.includes('p0-1'));
    const { length } = cluster.lists;
    cluster.endWatches();
    await until('it watches again', () => cluster.watches() === 1);
    cluster.set('pods', pod('newer-1', running));
    await until('it has followed', () => names()?.includes('newer-1') === true);
    expect(cluster.lists).toHaveLength(length);
  });

  it('keeps of an object only what is judged', async () => {
    const { cluster, reflector } = await reflect();
    const annotations = {
      'gocenter.dev/notify': 'off',
      'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(9999),
    };
    cluster.set('pods', { ...pod('a-1', running, { annotations }), spec: { containers: [] } } as Pod);
    reflector.start();
    await until('it watches', () => cluster.watches() === 1);
    expect(JSON.stringify(reflector.objects())).toMatch(/notify/);
    expect(JSON.stringify(reflector.objects())).not.toMatch(/last-applied|spec/);
  });
});
