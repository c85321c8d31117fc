import { asFault, Fault } from '../../errors.ts';
import { type Backoff, backoffDelay } from '../backoff.ts';
import { decodeMessage } from '../codec.ts';
import type { Handler, Subscriber } from '../index.ts';
import { type SubscribedMessage, type SubscriptionName, subscriptions } from '../topics.ts';
import { databaseFault, isBusy, longestWait } from './database.ts';
import type { Claim, Settlement, Store } from './store.ts';

/** Characters of a failure that are kept. */
const longestError = 2000;
/** Between looks while there is activity; doubled with each look in vain. Milliseconds. */
const shortestPoll = 20;

export interface Settings {
  maxAttempts: number;
  /** Milliseconds. */
  lease: number;
  /** Longest time that a lease is extended, milliseconds. */
  maxHandling: number;
  backoff: Backoff;
  /** Longest time between looks for messages of other processes, milliseconds. */
  poll: number;
  now: () => number;
  random: () => number;
  /** Told of failures of the database in the background; they are tried again. */
  onError: (fault: Fault) => void;
}

/** A claim from its taking until what became of it is written down. */
interface Holding {
  claim: Claim;
  controller: AbortController;
  since: number;
  until: number;
}

export interface LocalSubscriber extends Subscriber {
  /** Says that there may be something to take. */
  wake(): void;
}

/** Takes messages of one subscription, as many at once as it may handle; nothing is taken to wait here. */
export function createSubscriber<S extends SubscriptionName>(
  store: Store,
  subscription: S,
  handler: Handler<SubscribedMessage<S>>,
  concurrency: number,
  settings: Settings,
): LocalSubscriber {
  const { maxAttempts, lease, maxHandling, backoff, poll, now, random, onError } = settings;
  const held = new Map<string, Holding>();
  let handling = 0;
  let finished: Settlement[] = [];
  let delay = shortestPoll;
  let timer: NodeJS.Timeout | undefined;
  let woken = false;
  let failingSince: number | undefined;
  let reportFrom: number | undefined;
  const drained = Promise.withResolvers<void>();
  let closing = false;
  const extending = setInterval(extend, lease / 5);

  function wake(): void {
    if (woken) return;
    woken = true;
    setImmediate(() => {
      woken = false;
      look();
    });
  }

  /** Writes down what has finished, takes what there is, and sets the time of the next look. */
  function look(): void {
    clearTimeout(timer);
    const settled = finished;
    const limit = closing ? 0 : concurrency - handling;
    try {
      const time = now();
      const wanted = limit > 0 && store.isDue(subscription, time);
      const until = time + lease;
      const take = wanted ? { subscription, limit, now: time, until, maxAttempts } : undefined;
      const claims = settled.length > 0 || wanted ? store.work(settled, take) : [];
      finished = [];
      failingSince = undefined;
      reportFrom = undefined;
      for (const { claim } of settled) held.delete(claim.token);
      for (const claim of claims) start(claim, until);
      delay = claims.length > 0 || settled.length > 0 ? shortestPoll : delay * 2;
    } catch (error) {
      failed(error);
      delay *= 2;
    }
    if (closing && handling === 0 && (held.size === 0 || givesUp())) {
      drained.resolve();
      return;
    }
    delay = Math.min(delay, Math.max(poll, 1));
    if (handling < concurrency || finished.length > 0) timer = setTimeout(look, delay);
  }

  /** Reports a failure at once, a locked database when it stays so; then every ten seconds. */
  function failed(error: unknown): void {
    const at = performance.now();
    failingSince ??= at;
    reportFrom ??= isBusy(error) ? at + longestWait : at;
    if (at < reportFrom) return;
    reportFrom = at + longestWait;
    onError(databaseFault(error));
  }

  /** Handled but not written down: after `lease` others will handle them again. */
  const givesUp = () => failingSince !== undefined && performance.now() - failingSince > longestWait;

  function start(claim: Claim, until: number): void {
    const controller = new AbortController();
    held.set(claim.token, { claim, controller, since: now(), until });
    handling++;
    handle(claim, controller.signal).then(settlement => {
      handling--;
      finished.push(settlement);
      wake();
    });
  }

  async function handle(claim: Claim, signal: AbortSignal): Promise<Settlement> {
    const { message: id, attempt, body, published } = claim;
    let message: SubscribedMessage<S>;
    try {
      message = decodeMessage(subscriptions[subscription], body);
    } catch (error) {
      return { claim, result: 'dead', error: sentence(error) };
    }
    const lastAttempt = attempt >= maxAttempts;
    try {
      await handler(message, { id: String(id), attempt, lastAttempt, publishedAt: new Date(published), signal });
      return { claim, result: 'done' };
    } catch (error) {
      if (lastAttempt) return { claim, result: 'dead', error: sentence(error) };
      return { claim, result: 'again', error: sentence(error), due: now() + backoffDelay(backoff, attempt, random) };
    }
  }

  /** Extends the leases of all that is held; tells the handlers of those that are lost. */
  function extend(): void {
    const time = now();
    for (const holding of held.values())
      if (time - holding.since >= maxHandling) abort(holding, 'was handled for too long');
    const ours = [...held.values()].filter(({ controller }) => !controller.signal.aborted);
    if (ours.length === 0) return;
    try {
      const claims = ours.map(({ claim }) => claim);
      const lost = new Set(store.extend(claims, time + lease));
      for (const holding of ours) {
        if (lost.has(holding.claim)) abort(holding, 'has lost its lease');
        else holding.until = time + lease;
      }
    } catch (error) {
      if (!isBusy(error)) onError(databaseFault(error));
      for (const holding of ours) if (time >= holding.until) abort(holding, 'has lost its lease');
    }
  }

  wake();
  return {
    wake,
    async close() {
      closing = true;
      wake();
      await drained.promise;
      clearInterval(extending);
      clearTimeout(timer);
    },
  };
}

const abort = ({ controller }: Holding, what: string) =>
  controller.abort(new Fault('timed-out', `the message ${what}`));

const sentence = (error: unknown) => asFault(error).message.slice(0, longestError);
