import type { Check } from '../../admin.ts';
import { asFault } from '../../errors.ts';
import type { Messaging } from '../../messaging/index.ts';
import { type SubscriptionName, subscriptions } from '../../messaging/topics.ts';
import { type Alarm, readJson } from '../../records/index.ts';
import type { Storage } from '../../storage/index.ts';
import { within } from '../../within.ts';
import type { StatusAnswer } from '../schemas/status.ts';
import { type Handlers, orNull } from './handlers.ts';
import type { Objective } from './objectives.ts';

/** Security events that are told, the newest. */
const maxIncidents = 20;
/** A queue is late when its oldest message waits for longer, in seconds. */
const lateAfter = 300;
/** Longest wait for one service, in milliseconds. */
const patience = 2000;

type State = StatusAnswer['state'];
type Fetches = NonNullable<StatusAnswer['origins']>;

export interface StatusDeps {
  /** Services and backends by name: each throws what is wrong. */
  checks: () => Readonly<Record<string, Check>>;
  messaging: Messaging;
  records: Storage;
  /** Requests to origins so far by host and outcome; undefined when no processor runs in this process. */
  fetches: (() => Promise<{ host: string; outcome: string; requests: number }[]>) | undefined;
  objectives: () => Promise<Objective[]>;
  now: () => Date;
}

export function createStatusAnswer(deps: StatusDeps): Handlers['status'] {
  return async (_, { reader }) => {
    const [services, queues, origins, objectives, incidents] = await Promise.all([
      Promise.all(Object.entries(deps.checks()).map(([name, check]) => serviceState(name, check))),
      queueStates(deps.messaging),
      deps.fetches?.().then(byHost),
      deps.objectives(),
      newestAlarms(deps.records, alarm => reader.maySee(alarm.module)),
    ]);
    const { state, summary } = judge(services, queues);
    const at = deps.now().toISOString();
    return { state, at, summary, services, queues, origins: orNull(origins), objectives, incidents };
  };
}

async function serviceState(name: string, check: Check): Promise<StatusAnswer['services'][number]> {
  try {
    await within(patience, check(), () => new Error(`does not answer within ${patience / 1000} s`));
    return { name, state: 'ok', message: 'works' };
  } catch (error) {
    const { kind, message } = asFault(error);
    // What else is thrown may name files and addresses that are nobody's business.
    return {
      name,
      state: 'down',
      message: kind === 'internal' && !/^does not answer/.test(message) ? 'fails' : message,
    };
  }
}

async function queueStates(messaging: Messaging): Promise<StatusAnswer['queues']> {
  const names = Object.keys(subscriptions) as SubscriptionName[];
  return Promise.all(names.map(async name => ({ name, ...(await messaging.backlog(name)) })));
}

function judge(services: StatusAnswer['services'], queues: StatusAnswer['queues']): { state: State; summary: string } {
  const down = services.filter(({ state }) => state === 'down').map(({ name }) => name);
  const late = queues.filter(({ oldestAge }) => oldestAge > lateAfter).map(({ name }) => name);
  const dead = queues.filter(({ dead }) => dead > 0);
  const faults = [
    ...(down.length > 0 ? [`Not working: ${down.join(', ')}.`] : []),
    ...(dead.length > 0 ? [givenUp(dead)] : []),
    ...(late.length > 0 ? [`Slower than usual: ${late.join(', ')}.`] : []),
  ];
  if (faults.length === 0) return { state: 'ok', summary: 'Everything works.' };
  const isDown = down.length > 0 && down.length === services.length;
  return { state: isDown ? 'down' : 'degraded', summary: faults.join(' ') };
}

function givenUp(dead: StatusAnswer['queues']): string {
  const count = dead.reduce((sum, queue) => sum + queue.dead, 0);
  const what = count === 1 ? '1 message was' : `${count} messages were`;
  const where = dead.map(queue => `${queue.name} ${queue.dead}`).join(', ');
  return (
    `${what} given up (${where}): an operator sees why with \`npm start dead-letters\`, and has them tried again with ` +
    '`npm start -- replay --all` when the cause is mended.'
  );
}

function byHost(counts: readonly { host: string; outcome: string; requests: number }[]): Fetches {
  const hosts = new Map<string, Fetches[number]>();
  for (const { host, outcome, requests } of counts) {
    const row = hosts.get(host) ?? { host, requests: 0, failures: 0, outcomes: [] };
    hosts.set(host, row);
    row.requests += requests;
    if (!harmless.has(outcome)) row.failures += requests;
    row.outcomes.push({ outcome, requests });
  }
  return [...hosts.values()].sort((a, b) => b.requests - a.requests);
}

/** An origin that says "there is no such module" works. */
const harmless = new Set(['ok', 'not-found', 'gone']);

async function newestAlarms(records: Storage, visible: (alarm: Alarm) => boolean): Promise<StatusAnswer['incidents']> {
  const keys: string[] = [];
  for await (const { key } of records.list('alarms/')) {
    keys.push(key);
    if (keys.length > maxIncidents) keys.shift();
  }
  const alarms = await Promise.all(keys.reverse().map(key => readJson<Alarm>(records, key)));
  return alarms
    .filter(alarm => alarm !== undefined)
    .filter(visible)
    .map(({ at, reason, module, version, message }) => ({ at, reason, module, version, message }));
}
