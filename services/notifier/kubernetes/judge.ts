import type { Level } from '../notice.ts';
import type { Condition, ContainerStatus, Job, Meta, Node, Pod } from './objects.ts';

/** What is wrong with one object. */
export interface Finding {
  /** Pods of one workload with the same trouble are one problem. */
  workload: string;
  reason: string;
  level: Level;
  object: string;
  message: string;
  channel?: string | undefined;
  /** Whose last lines tell more. */
  log?: { namespace: string; pod: string; container: string; previous: boolean };
}

/** Longer than a pod normally waits for its image and volumes, in ms. */
const waitsFor = 2 * 60_000;
/** Longer than a pod normally takes to be ready. */
const notReadyFor = 5 * 60_000;
/** For so long after its last end a container that keeps ending has not recovered. */
const settled = 10 * 60_000;
const crashes = 3;
const pressureFor = 60_000;
/** A failed job is told of when it has failed since. */
const jobMemory = 3_600_000;

/** Reasons that are wrong as soon as they are seen. */
const wrong = new Set([
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

const optOut = 'gocenter.dev/notify';
const channelOf = ({ annotations = {} }: Meta) => annotations['gocenter.dev/notify-channel'];
const isOff = ({ annotations = {} }: Meta) => annotations[optOut] === 'off';
const since = (time: string | undefined, now: Date) => (time === undefined ? 0 : now.getTime() - Date.parse(time));
const conditionOf = (conditions: readonly Condition[] = [], type: string) =>
  conditions.find(condition => condition.type === type);

/** `Deployment`s are named as people know them, without the hash of their ReplicaSet. */
export function workloadOf({ namespace = '', name, ownerReferences: [owner] = [], labels = {} }: Meta): string {
  const hash = labels['pod-template-hash'];
  const its = owner?.name ?? name;
  return `${namespace}/${hash !== undefined && its.endsWith(`-${hash}`) ? its.slice(0, -hash.length - 1) : its}`;
}

export function podFindings(pod: Pod, now: Date): Finding[] {
  const { metadata, status = {} } = pod;
  if (isOff(metadata) || metadata.deletionTimestamp !== undefined || status.phase === 'Succeeded') return [];
  // Its Job tells of it.
  if (status.phase === 'Failed' && metadata.ownerReferences?.some(({ kind }) => kind === 'Job')) return [];
  const about = { workload: workloadOf(metadata), object: metadata.name, channel: channelOf(metadata) };
  const found: Finding[] = [];
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  for (const container of containers) {
    const trouble = containerTrouble(container, metadata, now);
    if (trouble !== undefined) found.push({ ...about, ...trouble });
  }
  if (found.length > 0) return found;

  const scheduled = conditionOf(status.conditions, 'PodScheduled');
  if (
    scheduled?.status === 'False' &&
    since(scheduled.lastTransitionTime ?? metadata.creationTimestamp, now) > waitsFor
  ) {
    return [{ ...about, reason: 'Unschedulable', level: 'warning', message: scheduled.message ?? 'no node takes it' }];
  }
  const ready = conditionOf(status.conditions, 'Ready');
  if (ready?.status === 'False' && since(ready.lastTransitionTime, now) > notReadyFor) {
    const message = ready.message ?? 'it is not ready';
    const [first] = status.containerStatuses ?? [];
    return [{ ...about, reason: 'NotReady', level: 'critical', message, ...logOf(metadata, first, false) }];
  }
  if (status.phase === 'Failed') {
    const message = status.message ?? status.reason ?? 'it has failed';
    return [{ ...about, reason: status.reason ?? 'Failed', level: 'warning', message }];
  }
  return [];
}

type Trouble = Pick<Finding, 'reason' | 'level' | 'message' | 'log'>;

function containerTrouble(container: ContainerStatus, meta: Meta, now: Date): Trouble | undefined {
  const { name, restartCount, state = {}, lastState = {} } = container;
  const waiting = state.waiting?.reason;
  const ended = state.terminated ?? lastState.terminated;
  const isRecent = ended?.finishedAt !== undefined && since(ended.finishedAt, now) < settled;
  if (ended?.reason === 'OOMKilled' && (isRecent || waiting === 'CrashLoopBackOff')) {
    const message = `${name} used more memory than its limit; restarts: ${restartCount}`;
    return { reason: 'OOMKilled', level: 'critical', message, ...logOfEnd(meta, container) };
  }
  if (waiting === 'CrashLoopBackOff' || (restartCount >= crashes && isRecent && ended?.exitCode !== 0)) {
    const message = `${name} ended with ${ended?.exitCode ?? 'an unknown status'}; restarts: ${restartCount}`;
    return { reason: 'CrashLoop', level: 'critical', message, ...logOfEnd(meta, container) };
  }
  if (waiting === undefined) return undefined;
  const isLong = since(meta.creationTimestamp, now) > waitsFor;
  if (!wrong.has(waiting) && !(isLong && waiting !== 'PodInitializing')) return undefined;
  const message = `${name}: ${state.waiting?.message ?? waiting}`;
  return { reason: waiting === 'ErrImagePull' ? 'ImagePullBackOff' : waiting, level: 'critical', message };
}

/** Of the run that has ended: the kubelet calls it previous only once another has begun or is waited for. */
const logOfEnd = (meta: Meta, container: ContainerStatus) =>
  logOf(meta, container, container.state?.terminated === undefined && container.restartCount > 0);

const logOf = ({ namespace = '', name: pod }: Meta, container: ContainerStatus | undefined, previous: boolean) =>
  container === undefined ? {} : { log: { namespace, pod, container: container.name, previous } };

export function jobFindings({ metadata, status = {} }: Job, now: Date): Finding[] {
  const failed = conditionOf(status.conditions, 'Failed');
  if (isOff(metadata) || failed?.status !== 'True' || since(failed.lastTransitionTime, now) > jobMemory) return [];
  const object = metadata.name;
  const message = failed.message ?? failed.reason ?? 'it has failed';
  // Of a CronJob's jobs each is its own, but their thread is one workload's.
  const workload = workloadOf(metadata);
  return [{ workload, object, reason: 'JobFailed', level: 'critical', message, channel: channelOf(metadata) }];
}

const pressures = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'];

export function nodeFindings({ metadata, status = {} }: Node, now: Date): Finding[] {
  if (isOff(metadata)) return [];
  const about = { workload: `node ${metadata.name}`, object: metadata.name, channel: channelOf(metadata) };
  return (status.conditions ?? [])
    .filter(({ type, status }) =>
      type === 'Ready' ? status !== 'True' : pressures.includes(type) && status === 'True',
    )
    .filter(({ lastTransitionTime }) => since(lastTransitionTime, now) > pressureFor)
    .map(({ type, message = '' }) => ({
      ...about,
      reason: type === 'Ready' ? 'NodeNotReady' : type,
      level: type === 'Ready' ? 'critical' : 'warning',
      message,
    }));
}
