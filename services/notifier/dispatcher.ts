import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { asFault } from '../errors.ts';
import { backoffDelay } from '../messaging/backoff.ts';
import { createLanes, type Pool } from './lanes.ts';
import type { NotifierMetrics } from './metrics.ts';
import type { Target } from './notice.ts';
import { type Delivery, laneOf, maxLanes, type Outbox } from './outbox.ts';
import type { Result, Send } from './send.ts';
import { type Flood, plan } from './slack/flood.ts';
import type { Watches, WatchState } from './watches.ts';

/** Who takes longer to answer, in ms, is served with those that do not answer at all. */
const prompt = 2_000;
/** Webhooks of which it is remembered how the last attempt went. */
const maxRemembered = 20_000;
/** Pauses between attempts. */
const backoffs = { slack: { first: 2_000, max: 5 * 60_000 }, webhook: { first: 2_000, max: 3_600_000 } } as const;
/**
 * Pauses of a webhook that never took anything, the last of them again and again: anybody may have made the watch, with any
 * address, and each attempt costs everybody else something. In ms.
 */
const unconfirmedPauses = [60_000, 600_000, 3_600_000, 6 * 3_600_000] as const;
/** How long a delivery is tried, in ms: an outage of Slack ends, a webhook may be gone for good. */
const patience = { slack: 3 * 86_400_000, webhook: 86_400_000 } as const;
/** A watch that nothing was delivered to for so long is disabled, in ms. */
const longestFailure = 3 * 86_400_000;

export interface DispatcherDeps {
  outbox: Outbox;
  watches: Watches;
  send: Readonly<Record<'slack' | 'webhook', Send>>;
  flood: Flood;
  /** Whether a watch may go there; asked again for each delivery, for what the operator allows may change. */
  mayTell: (target: Target) => boolean;
  /** Whether this process may send. */
  leads: () => Promise<boolean>;
  metrics: NotifierMetrics;
  log: Logger;
  now: () => Date;
  /** From 0 to 1. */
  random?: () => number;
}

export interface Dispatcher {
  /**
   * Sends what is due: of all lanes, or, which costs nothing for those that wait, of those that are known to have something due.
   * What other replicas have added is found with `all` alone.
   * `next` is when something will be due, in ms since 1970; `done` when all lanes have been served.
   */
  round(which: 'all' | 'due'): Promise<{ done: Promise<void>; next: () => number }>;
  /** Begins nothing more and waits for what is being sent. */
  close(): Promise<void>;
}

/**
 * Empties the outbox: each target by itself, in the order in which things happened, so that one that does not answer
 * holds up nobody else (lanes.ts). A failure pauses its target; what could not be delivered in days is given up, which is logged.
 */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { outbox, watches, flood, metrics, log, now, random = Math.random } = deps;
  const lanes = createLanes();
  /** Whether the last attempt at a webhook went well, and soon. */
  const standing = new LRUCache<string, boolean>({ max: maxRemembered });
  const running = new Map<string, Promise<void>>();
  const due = new Map<string, number>();
  /** Lanes that got something while they were served. */
  const missed = new Set<string>();
  let closing = false;
  outbox.onAdded(lane => {
    // A replica that doesn't send must not gather them for ever; what is not in here is found with all.
    if (due.size < maxLanes || due.has(lane)) due.set(lane, now().getTime());
  });

  async function serve(lane: string, waiting: readonly Delivery[]): Promise<void> {
    const isSlack = lane.startsWith('slack');
    const wait = isSlack ? flood.wait(lane) : 0;
    if (wait > 0) due.set(lane, now().getTime() + wait);
    const wanted = waiting.filter(({ target }) => target.watch === undefined || deps.mayTell(target));
    // Before digests are made, which tell of what others want, too.
    for (const delivery of waiting) if (!wanted.includes(delivery)) await outbox.done(delivery);
    const byId = new Map(wanted.map(delivery => [delivery.id, delivery]));
    for (const delivery of isSlack ? plan(wanted, flood.room(lane)) : wanted) {
      if (closing || !(await deps.leads())) return;
      if ((await outbox.wasTold(delivery)) || (await isDisabled(delivery))) {
        await finish(delivery, byId);
        continue;
      }
      const begun = now().getTime();
      const result = await deps.send[delivery.target.kind](delivery);
      standing.set(lane, result.kind === 'delivered' && now().getTime() - begun < prompt);
      const state = await settle(delivery, result, byId);
      if (result.kind === 'delivered' && isSlack) flood.sent(lane);
      if (state === 'waits') return;
    }
  }

  async function poolOf(lane: string, [first]: readonly Delivery[]): Promise<Pool> {
    if (first?.target.kind !== 'webhook') return 'slack';
    if (first.attempts > 0) return 'unproven';
    let isProven = standing.get(lane);
    if (isProven === undefined) {
      const { confirmed, failingSince } = await watches.state(first.target.watch);
      isProven = confirmed && failingSince === undefined;
      standing.set(lane, isProven);
    }
    return isProven ? 'proven' : 'unproven';
  }

  async function settle(delivery: Delivery, result: Result, byId: ReadonlyMap<string, Delivery>) {
    const { kind } = delivery.target;
    const time = now().getTime();
    const { begun: _begun, notBefore: _notBefore, since = new Date(time).toISOString(), ...rest } = delivery;
    const about = { delivery: delivery.id, notice: delivery.notice.id, kind };
    if (result.kind === 'dropped') {
      await finish(delivery, byId);
      return 'done';
    }
    if (result.kind === 'delivered') {
      await report(delivery, 'delivered', result);
      await reportCovered(delivery, result, byId);
      await finish(delivery, byId);
      metrics.deliveries.inc({ kind, outcome: 'delivered' });
      log.info(about, 'delivered');
      return 'done';
    }
    const reason = result.detail ?? `${result.status ?? ''} ${result.message}`.trim();
    const givenUp = result.gone === true || time - Date.parse(since) >= patience[kind];
    const { disabled, confirmed } = await report(delivery, givenUp ? 'failed' : 'retried', result);
    if (givenUp || disabled) {
      await finish(delivery, byId);
      metrics.deliveries.inc({ kind, outcome: 'failed' });
      log[confirmed ? 'error' : 'warn']({ ...about, reason }, 'not delivered; it is given up');
      return 'done';
    }
    const attempts = delivery.attempts + 1;
    const usual = unconfirmedPauses[Math.min(attempts, unconfirmedPauses.length) - 1] ?? 0;
    const own =
      kind === 'slack' || confirmed
        ? backoffDelay(backoffs[kind], attempts, random)
        : backoffDelay({ first: usual, max: usual }, 1, random);
    const pause = Math.max(result.pause ?? 0, own);
    const notBefore = new Date(time + pause).toISOString();
    const { begun } = result;
    await outbox.save({ ...rest, attempts, since, notBefore, ...(begun !== undefined && { begun }) });
    due.set(laneOf(delivery.target), Date.parse(notBefore));
    metrics.deliveries.inc({ kind, outcome: 'retried' });
    // What is behind it in its lane waits: the first failure says it all.
    log[attempts === 1 ? 'warn' : 'debug']({ ...about, reason, notBefore }, 'not delivered yet');
    return 'waits';
  }

  /** What a digest tells has arrived for each watch that it is of. */
  async function reportCovered(
    { covers = [], target }: Delivery,
    result: Extract<Result, { kind: 'delivered' }>,
    byId: ReadonlyMap<string, Delivery>,
  ): Promise<void> {
    const reported = new Set([target.watch]);
    for (const id of covers) {
      const covered = byId.get(id);
      if (covered === undefined || reported.has(covered.target.watch)) continue;
      reported.add(covered.target.watch);
      await report(covered, 'delivered', result);
    }
  }

  /** A digest stands for all that it covers. */
  async function finish(delivery: Delivery, byId: ReadonlyMap<string, Delivery>): Promise<void> {
    for (const id of delivery.covers ?? []) {
      const covered = byId.get(id);
      if (covered !== undefined) await outbox.done(covered);
    }
    await outbox.done(delivery);
  }

  async function isDisabled({ target: { watch }, covers }: Delivery): Promise<boolean> {
    return watch !== undefined && covers === undefined && (await watches.state(watch)).disabled !== undefined;
  }

  /**
   * Writes the watch's log. `disabled`: what waits for it is dropped as it comes up. `confirmed`: it took something once; what
   * is for operators counts as that.
   */
  async function report(
    { id, target, notice: { type, title } }: Delivery,
    outcome: 'delivered' | 'retried' | 'failed',
    result: Extract<Result, { status: number | null }>,
  ): Promise<{ disabled: boolean; confirmed: boolean }> {
    const { watch } = target;
    const known = watch === undefined ? undefined : await watches.get(watch);
    if (watch === undefined || known === undefined) return { disabled: false, confirmed: true };
    const before = await watches.state(watch);
    const at = now().toISOString();
    const { status, message } = result;
    const attempt = { delivery: id, type, title, at, outcome, status, message };
    const log = [attempt, ...before.log];
    if (outcome === 'delivered') {
      await watches.saveState(watch, { confirmed: true, log });
      if (!before.confirmed) await watches.confirm(known);
      return { disabled: false, confirmed: true };
    }
    const failingSince = before.failingSince ?? at;
    const disabled = before.disabled ?? reasonToDisable(before, failingSince, outcome === 'failed', result);
    await watches.saveState(watch, { ...before, failingSince, log });
    if (disabled !== undefined) await watches.disable(known, disabled);
    return { disabled: disabled !== undefined, confirmed: before.confirmed };
  }

  function reasonToDisable(before: WatchState, since: string, failed: boolean, result: Result): string | undefined {
    if (result.kind === 'later' && result.gone) return 'the webhook says that it is gone';
    if (failed && !before.confirmed) return 'nothing could be delivered since it was made';
    const tooLong = now().getTime() - Date.parse(since) >= longestFailure;
    return tooLong ? `nothing could be delivered since ${since}` : undefined;
  }

  async function read(which: 'all' | 'due', looked: readonly string[]): Promise<Map<string, Delivery[]>> {
    if (closing) return new Map();
    if (which === 'due') return outbox.pending(looked);
    const pending = await outbox.pending();
    metrics.pending.set([...pending.values()].reduce((sum, { length }) => sum + length, 0));
    return pending;
  }

  return {
    async round(which) {
      const began = now().getTime();
      // Before it is read, so that what is added meanwhile is due again.
      const looked = [...due].flatMap(([lane, time]) => (which === 'all' || time <= began ? [lane] : []));
      for (const lane of looked) due.delete(lane);
      const pending = await read(which, looked);
      for (const [lane, waiting] of pending) {
        if (running.has(lane)) {
          missed.add(lane);
          continue;
        }
        const held = heldUntil(waiting);
        if (held > now().getTime()) {
          due.set(lane, held);
          continue;
        }
        const { shares = [] } = waiting[0]?.target ?? {};
        const serving = poolOf(lane, waiting)
          .then(pool => lanes.run(pool, shares, () => serve(lane, waiting)))
          .catch(error => log.error({ err: asFault(error), lane }, 'deliveries fail; they are tried again'))
          .finally(() => {
            running.delete(lane);
            if (missed.delete(lane)) due.set(lane, now().getTime());
          });
        running.set(lane, serving);
      }
      return {
        done: Promise.all(running.values()).then(() => {}),
        next: () => Math.min(Number.POSITIVE_INFINITY, ...due.values()),
      };
    },
    async close() {
      closing = true;
      await Promise.all(running.values());
    },
  };
}

const heldUntil = (waiting: readonly Delivery[]) =>
  Math.max(0, ...waiting.map(({ notBefore }) => (notBefore === undefined ? 0 : Date.parse(notBefore))));
