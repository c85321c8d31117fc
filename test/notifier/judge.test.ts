import { describe, expect, it } from 'vitest';
import { jobFindings, nodeFindings, podFindings } from '../../services/notifier/kubernetes/judge.ts';
import type { ContainerStatus, Pod } from '../../services/notifier/kubernetes/objects.ts';
import { pod } from './kubernetes.ts';

const now = new Date('2026-11-20T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString();

const container = (status: Partial<ContainerStatus>): Pod['status'] => ({
  phase: 'Running',
  containerStatuses: [{ name: 'main', restartCount: 0, ...status }],
});
const waiting = (reason: string, restartCount = 0) => container({ restartCount, state: { waiting: { reason } } });
const ended = (reason: string, exitCode: number, minutes: number) => ({
  terminated: { reason, exitCode, finishedAt: ago(minutes) },
});
const running = { running: { startedAt: ago(1) } };
const reasons = (its: Pod) => podFindings(its, now).map(({ reason }) => reason);
const notReady = (minutes: number): Pod['status'] => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(minutes), message: 'probe fails' }],
  containerStatuses: [{ name: 'main', restartCount: 0, state: running }],
});

describe('a pod is in trouble', () => {
  const cases: [string, Pod['status'], string[]][] = [
    ['when its image can’t be pulled', waiting('ImagePullBackOff'), ['ImagePullBackOff']],
    ['when its configuration is wrong', waiting('CreateContainerConfigError'), ['CreateContainerConfigError']],
    ['when it waits for long', waiting('ContainerCreating'), ['ContainerCreating']],
    ['when it crash-loops', waiting('CrashLoopBackOff', 5), ['CrashLoop']],
    [
      'between two crashes, too',
      container({ restartCount: 5, state: running, lastState: ended('Error', 1, 2) }),
      ['CrashLoop'],
    ],
    [
      'when it was killed for its memory',
      container({ restartCount: 1, state: running, lastState: ended('OOMKilled', 137, 2) }),
      ['OOMKilled'],
    ],
    ['when it is not ready for long', notReady(6), ['NotReady']],
    [
      'when no node takes it',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', lastTransitionTime: ago(5) }] },
      ['Unschedulable'],
    ],
    ['when it was evicted', { phase: 'Failed', reason: 'Evicted' }, ['Evicted']],
  ];
  it.each(cases)('%s', (_, status, expected) => {
    expect(reasons(pod('web-1', status))).toEqual(expected);
  });

  const healthy: [string, Pod][] = [
    ['when it runs', pod('web-1', container({ state: running }))],
    [
      'when it was restarted once',
      pod('web-1', container({ restartCount: 1, state: running, lastState: ended('Error', 1, 2) })),
    ],
    [
      'when it has recovered from crashes',
      pod('web-1', container({ restartCount: 9, state: running, lastState: ended('Error', 1, 20) })),
    ],
    ['when it has just been made', pod('web-1', waiting('ContainerCreating'), { creationTimestamp: ago(1) })],
    ['when it is not ready for a moment', pod('web-1', notReady(1))],
    ['when it is being removed', pod('web-1', waiting('CrashLoopBackOff'), { deletionTimestamp: ago(0) })],
    [
      'when it has done its work',
      pod('web-1', {
        phase: 'Succeeded',
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(60) }],
      }),
    ],
    [
      'when somebody wants to hear nothing of it',
      pod('web-1', waiting('CrashLoopBackOff'), { annotations: { 'gocenter.dev/notify': 'off' } }),
    ],
  ];
  it.each(healthy)('but not %s', (_, its) => {
    expect(reasons(its)).toEqual([]);
  });

  it('is named by its workload and its own channel, and says whose log tells more', () => {
    const annotations = { 'gocenter.dev/notify-channel': 'C0TEAM' };
    expect(podFindings(pod('web-1', waiting('CrashLoopBackOff', 5), { annotations }), now)).toMatchObject([
      {
        workload: 'gocenter/web',
        object: 'web-1',
        channel: 'C0TEAM',
        log: { namespace: 'gocenter', pod: 'web-1', container: 'main', previous: true },
      },
    ]);
  });
});

describe('the log of a container that keeps ending', () => {
  const logged = (status: Pod['status']) => podFindings(pod('web-1', status), now).map(({ log }) => log?.previous);

  it('is that of its last run, whether another is waited for, has begun, or not yet', () => {
    expect(logged(waiting('CrashLoopBackOff', 5))).toEqual([true]);
    expect(logged(container({ restartCount: 5, state: running, lastState: ended('Error', 1, 2) }))).toEqual([true]);
    const justEnded = { restartCount: 5, state: ended('Error', 1, 0), lastState: ended('Error', 1, 2) };
    expect(logged(container(justEnded))).toEqual([false]);
  });
});

describe('jobs and nodes', () => {
  const job = (minutes: number) => ({
    metadata: { uid: '1', name: 'reindex', namespace: 'gocenter' },
    status: { conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: ago(minutes), message: 'deadline' }] },
  });
  it('a job is in trouble when it has failed lately', () => {
    expect(jobFindings(job(5), now)).toMatchObject([
      { workload: 'gocenter/reindex', reason: 'JobFailed', message: 'deadline' },
    ]);
    expect(jobFindings(job(90), now)).toEqual([]);
  });

  const node = (type: string, status: string, minutes = 5) => ({
    metadata: { uid: '1', name: 'node-1' },
    status: { conditions: [{ type, status, lastTransitionTime: ago(minutes) }] },
  });
  it('a node is in trouble when it is under pressure or not ready, for more than a minute', () => {
    const of = (...args: Parameters<typeof node>) => nodeFindings(node(...args), now).map(({ reason }) => reason);
    expect(of('MemoryPressure', 'True')).toEqual(['MemoryPressure']);
    expect(of('DiskPressure', 'True')).toEqual(['DiskPressure']);
    expect(of('Ready', 'Unknown')).toEqual(['NodeNotReady']);
    expect(of('Ready', 'True')).toEqual([]);
    expect(of('MemoryPressure', 'False')).toEqual([]);
    expect(of('MemoryPressure', 'True', 0.5)).toEqual([]);
  });
});
